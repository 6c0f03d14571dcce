"""Builds the gateway to the clients."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.gateway.connections_api import ConnectionsApi
from roomcast_backend.settings import settings

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.gateway.router import Outbox


@cache
def gateway() -> "Gateway":
    """Return the container's gateway; clients stay without a WebSocket only in one setting."""
    chosen = settings()
    sockets = ConnectionsApi(chosen)
    if chosen.polling != "full":
        return sockets
    from roomcast_backend.gateway.router import Router  # noqa: PLC0415  for this setting only

    return Router(sockets, _outbox)


def _outbox() -> "Outbox":
    from roomcast_backend.runtime.polling_sessions import polling_sessions  # noqa: PLC0415

    return polling_sessions()  # imported when the first such client needs it
