"""Builds what `count` calls: the counters' store."""

from functools import cache

from roomcast_backend.settings import settings
from roomcast_backend.stores.counters import CounterStore


@cache
def counters() -> CounterStore:
    """Return the store of the counters."""
    return CounterStore(settings())
