"""How the service scales, on paper and by simulation: docs/scale.md is made here.

constants.json ─▶ constants ─▶ simulation (loop, capacity, container, invocation, service)
                     │              ├─▶ studies ─▶ tables ─▶ docs/scale.md
                     └─▶ arithmetic, costs ─┘
                                    └─▶ check: the same against the real code on this machine
"""
