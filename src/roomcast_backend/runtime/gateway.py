"""Builds the gateway to API Gateway's @connections."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.gateway.connections_api import ConnectionsApi
from roomcast_backend.settings import settings

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway


@cache
def gateway() -> "Gateway":
    """Return the container's gateway."""
    return ConnectionsApi(settings())
