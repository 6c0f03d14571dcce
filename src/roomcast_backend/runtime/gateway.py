"""Builds the gateway to API Gateway's @connections."""

from functools import cache

from roomcast_backend.gateway.connections_api import ConnectionsApi
from roomcast_backend.settings import settings


@cache
def gateway() -> ConnectionsApi:
    """Return the container's gateway."""
    return ConnectionsApi(settings())
