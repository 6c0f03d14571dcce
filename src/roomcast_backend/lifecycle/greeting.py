"""After the handshake: joins the automatic rooms, then greets with `connection.established`.

API Gateway refuses posts until the handshake is done, so this waits for it. The rooms are joined
before the client is greeted: whoever has been greeted misses nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from roomcast_backend.gateway.connections_api import Gateway
from roomcast_backend.gateway.posts import HANDSHAKE_SECONDS, Outcome
from roomcast_backend.lifecycle.system_events import greeting
from roomcast_backend.model.connection import SOCKET_IO, Connection, State
from roomcast_backend.protocol import engineio_packets
from roomcast_backend.protocol.json_codec import LARGEST_FRAME
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore

FIRST_WAIT = 0.02
LONGEST_WAIT = 1.0


class NotGreeted(Exception):
    """The greeting failed for another reason than a client that left: it is tried again."""


@dataclass(frozen=True, slots=True)
class Timers:
    """What Engine.IO clients are told: milliseconds between heartbeats, and of patience."""

    interval: int
    timeout: int

    def opening(self, sid: str) -> str:
        """Write Engine.IO's handshake."""
        return engineio_packets.opening(
            sid, interval=self.interval, timeout=self.timeout, max_payload=LARGEST_FRAME
        )


class Greeter:
    """Opens connections."""

    def __init__(
        self,
        *,
        connections: ConnectionStore,
        memberships: MembershipStore,
        gateway: Gateway,
        timers: Timers,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = connections
        self._memberships = memberships
        self._gateway = gateway
        self._timers = timers
        self._clock = clock
        self._sleep = sleep

    def open(self, connection_id: str) -> bool:
        """Join and greet; return False when the client has left. Can be repeated."""
        connection = self._connections.get(connection_id)
        if connection is None or not (connection.principal or connection.protocol == SOCKET_IO):
            return False
        if not self._wait(lambda: self._gateway.exists(connection_id)):
            self._memberships.forget(connection_id)
            return False
        if connection.state is State.OPEN:
            self._memberships.settle(connection, now=int(self._clock()))
        return self._post(connection, self._first_words(connection))

    def _first_words(self, connection: Connection) -> bytes:
        """Return Engine.IO's handshake for a connection, the greeting for who is in its rooms."""
        if connection.protocol != SOCKET_IO:
            return greeting(connection)
        return self._timers.opening(connection.id).encode()

    def _post(self, connection: Connection, frame: bytes) -> bool:
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
