"""After the handshake: joins the automatic rooms, then greets with `connection.established`.

API Gateway refuses posts until the handshake is done, so this waits for it. The rooms are joined
before the client is greeted: whoever has been greeted misses nothing.
"""

import time
from collections.abc import Callable

from roomcast_backend.connections import Connection, State
from roomcast_backend.delivery import HANDSHAKE_SECONDS, Outcome
from roomcast_backend.farewell import own_event, own_room
from roomcast_backend.gateway import Gateway
from roomcast_backend.protocol import codec_named
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore

PROTOCOL_VERSION = "1.0"
FIRST_WAIT = 0.02
LONGEST_WAIT = 1.0


class NotGreeted(Exception):
    """The greeting failed for another reason than a client that left: it is tried again."""


class Greeter:
    """Opens connections."""

    def __init__(
        self,
        *,
        connections: ConnectionStore,
        memberships: MembershipStore,
        gateway: Gateway,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = connections
        self._memberships = memberships
        self._gateway = gateway
        self._clock = clock
        self._sleep = sleep

    def open(self, connection_id: str) -> bool:
        """Join and greet; return False when the client has left. Can be repeated."""
        connection = self._connections.get(connection_id)
        if connection is None or connection.principal is None:
            return False
        if not self._wait(lambda: self._gateway.exists(connection_id)):
            self._memberships.forget(connection_id)
            return False
        if connection.state is State.OPEN:
            self._memberships.settle(connection, now=int(self._clock()))
        return self._greet(connection)

    def _greet(self, connection: Connection) -> bool:
        frame = greeting(connection)
        outcome = Outcome.GONE

        def posted() -> bool:
            nonlocal outcome
            outcome = self._gateway.post(connection.id, frame)
            return outcome is Outcome.SENT

        if self._wait(posted):
            return True
        if outcome is not Outcome.GONE:
            raise NotGreeted(f"connection {connection.id} could not be greeted: {outcome.value}")
        self._memberships.forget(connection.id)
        return False

    def _wait(self, done: Callable[[], bool]) -> bool:
        """Try until it is done, as long as a handshake may take, with growing pauses."""
        give_up = self._clock() + HANDSHAKE_SECONDS
        pause = FIRST_WAIT
        while not done():
            if self._clock() + pause > give_up:
                return False
            self._sleep(pause)
            pause = min(LONGEST_WAIT, pause * 2)
        return True


def greeting(connection: Connection) -> bytes:
    """Write `connection.established`."""
    user_id = connection.principal.user_id if connection.principal else ""
    data: dict[str, object] = {
        "connection_id": connection.id,
        "user_id": user_id,
        "protocol_version": PROTOCOL_VERSION,
    }
    envelope = own_event("connection.established", connection.id, data)
    codec = codec_named(connection.protocol)
    return codec.encode_event(envelope, own_room(connection.id)).encode()
