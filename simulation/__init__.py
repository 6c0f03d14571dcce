"""How the service scales, on paper and by simulation: docs/scale.md is made here.

constants.json ─▶ constants ─▶ simulation (loop, capacity, container, sender, invocation, service)
                     │              ├─▶ simulated ──┐
                     └─▶ arithmetic, costs ─▶ calculated ─▶ tables ─▶ docs/scale.md
                                    └─▶ check: the same against the real code on this machine

What fan-out decides (retries, pages, what is queued again, rate limits, connections) is decided by
the service's own functions; the simulation adds the time that things take.
"""
