"""Closes connections that have not authenticated by their deadline."""

from typing import TYPE_CHECKING

from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.connection import State
from roomcast_backend.protocol.messages import Code

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.ports import ConnectionReader, ConnectionRemover

MESSAGE = "no token came in time: connect with one or send authenticate"


class AuthTimeout:
    """Closes connections that are still pending."""

    def __init__(
        self,
        *,
        connections: "ConnectionReader",
        memberships: "ConnectionRemover",
        terminator: Terminator,
    ) -> None:
        self._connections = connections
        self._memberships = memberships
        self._terminator = terminator

    def close_if_pending(self, connection_id: str) -> bool:
        """Close a connection, unless it is authenticated or gone; return whether it was closed."""
        connection = self._connections.get(connection_id)
        if connection is None or connection.state is not State.PENDING:
            return False
        self._terminator.close_with_error(
            connection.id, connection.protocol, Code.AUTH_MISSING, MESSAGE
        )
        self._memberships.forget(connection.id)
        return True
