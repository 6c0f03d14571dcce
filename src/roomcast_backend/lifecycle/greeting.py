"""Opens a connection after its handshake: joins the automatic rooms, then greets the client.

API Gateway refuses posts until the handshake is done, so the greeter waits for it. The rooms are
joined before the client is greeted: a client that has been greeted misses no event.
"""

import time
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from roomcast.backoff import Backoff
from roomcast_backend.gateway.posts import MAX_HANDSHAKE_SECONDS, Outcome
from roomcast_backend.lifecycle.system_events import established_frame
from roomcast_backend.model.connection import SOCKET_IO, Connection, State
from roomcast_backend.protocol.heartbeats import EngineIoTimers

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.lifecycle.ports import ConnectionReader, MembershipOpener

BACKOFF = Backoff(base=0.02, cap=1.0, attempts=0)
"""Without jitter: each client waits for its own handshake, which no other wait disturbs."""


class NotGreeted(Exception):
    """The greeting failed although the client is still connected; Lambda invokes `open` again."""


class Greeter:
    """Joins the automatic rooms and posts the greeting."""

    def __init__(
        self,
        *,
        connections: "ConnectionReader",
        memberships: "MembershipOpener",
        gateway: "Gateway",
        timers: EngineIoTimers,
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
        """Join the rooms and greet; return False when the client has left. Can be repeated safely.

        Raise `NotGreeted` when the greeting failed for another reason.
        """
        connection = self._connections.get(connection_id)
        if connection is None or not (connection.principal or connection.protocol == SOCKET_IO):
            return False
        if not self._wait(lambda: self._gateway.exists(connection_id)):
            self._memberships.forget(connection_id)
            return False
        if connection.state is State.OPEN:
            self._memberships.settle(connection, now=int(self._clock()))
        return self._post(connection, self._greeting(connection))

    def _greeting(self, connection: Connection) -> bytes:
        """Return Engine.IO's open packet, or `connection.established` for the JSON protocol."""
        if connection.protocol != SOCKET_IO:
            return established_frame(connection).encode()
        return self._timers.open_packet(connection.id).encode()

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
        """Call `done` until it is True; return False after the time of the longest handshake."""
        give_up = self._clock() + MAX_HANDSHAKE_SECONDS
        for attempt in count():
            if done():
                return True
            wait = BACKOFF.longest(attempt)
            if self._clock() + wait > give_up:
                break
            self._sleep(wait)
        return False
