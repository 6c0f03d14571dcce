"""The alarms: what asks for a person. Each one is a kind that docs/operations.md has a runbook for.

A handled failure is a success to Lambda: a service whose every answer is 503 has no Lambda errors.
So Lambda, API Gateway, the functions' logs and their own counts tell of it. What one client can
cause by itself rings only as a share of everything, or in numbers that one client does not reach.
"""

from infra.alarms.construct import Alarms

__all__ = ["Alarms"]
