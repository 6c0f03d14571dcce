"""Builds what `reconcile` calls: the reconciliation of the counters."""

from functools import cache

from roomcast_backend.settings import settings
from roomcast_backend.statistics.reconciliation import Reconciliation
from roomcast_backend.stores.census import Census
from roomcast_backend.stores.counters import CounterStore

MIN_SECONDS = 300
"""The function's timeout: a second run during the first would add the same differences again.

EventBridge and Lambda may start a scheduled run twice, and a run can take longer than an interval.
"""


@cache
def reconciliation() -> Reconciliation:
    """Return the reconciliation with its stores."""
    chosen = settings()
    return Reconciliation(
        CounterStore(chosen),
        Census(chosen),
        every=MIN_SECONDS,
        tenants=bool(chosen.jwt_tenant_claim),
    )
