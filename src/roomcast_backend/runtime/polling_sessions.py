"""Builds the store of the clients without a WebSocket."""

from functools import cache

from roomcast_backend.settings import settings
from roomcast_backend.stores.polling import PollingStore


@cache
def polling_sessions() -> PollingStore:
    """Return the container's store of polling sessions."""
    return PollingStore(settings())
