"""The deadline for tokens: whoever has sent none by then is told so and closed."""

from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.connection import State
from roomcast_backend.protocol.messages import Code
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore

MESSAGE = "no token came in time: connect with one or send authenticate"


class AuthTimeout:
    """Ends connections that are still pending."""

    def __init__(
        self,
        *,
        connections: ConnectionStore,
        memberships: MembershipStore,
        terminator: Terminator,
    ) -> None:
        self._connections = connections
        self._memberships = memberships
        self._terminator = terminator

    def passes(self, connection_id: str) -> bool:
        """Close the connection unless it is authenticated or gone; tell whether it was closed."""
        connection = self._connections.get(connection_id)
        if connection is None or connection.state is not State.PENDING:
            return False
        self._terminator.say(connection.id, connection.protocol, Code.AUTH_MISSING, MESSAGE)
        self._memberships.forget(connection.id)
        return True
