"""The way to the clients."""

from functools import cache

from roomcast_backend.gateway.connections_api import ConnectionsApi
from roomcast_backend.settings import settings


@cache
def gateway() -> ConnectionsApi:
    """Return what posts to connections."""
    return ConnectionsApi(settings())
