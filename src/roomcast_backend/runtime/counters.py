"""For `count`: what counts."""

from functools import cache

from roomcast_backend.settings import settings
from roomcast_backend.stores.counters import CounterStore


@cache
def counters() -> CounterStore:
    """Return what counts."""
    return CounterStore(settings())
