"""Opens a connection after its handshake: joins the automatic rooms, then greets the client.

API Gateway refuses posts until the handshake is done, so the greeter waits for it. The rooms are
joined before the client is greeted: a client that has been greeted misses no event.

claim the greeting (fetches the row) ─┬─▶ join the rooms ─▶ post ─▶ keep the claim for good
GetConnection: is the handshake done? ─┘                     └─▶ what is current, if it is wanted

Lambda may run an invocation twice. A second Engine.IO open packet would make the client send its
CONNECT again, which ends the connection. So an invocation first claims the greeting:

open 1   claim ── wait ── post ── done                 the claim stays: nobody greets again
open 2     └─ refused
open 1   claim ── fails, releases    retry: claim ── post
open 1   claim ── crashes            retry: the lease of 15 s is over ── claim ── post
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from roomcast.backoff import Backoff
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway.posts import MAX_HANDSHAKE_SECONDS, Outcome
from roomcast_backend.lifecycle.system_events import established_frame
from roomcast_backend.model.access import told_first_to_last
from roomcast_backend.model.connection import SOCKET_IO, Connection, State, address, is_session
from roomcast_backend.protocol.heartbeats import EngineIoTimers
from roomcast_backend.stores.connections import GREETED, RELEASED

if TYPE_CHECKING:
    from roomcast_backend.gateway.paced_posts import Chosen
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.lifecycle.ports import GreetingClaims, MembershipOpener, StateTelling

BACKOFF = Backoff(base=0.02, cap=1.0, attempts=0)
"""Without jitter: each client waits for its own handshake, which no other wait disturbs."""


class NotGreeted(Exception):
    """The greeting failed although the client may be connected; Lambda invokes `open` again."""


class Greeter:
    """Joins the automatic rooms and posts the greeting."""

    def __init__(
        self,
        *,
        connections: "GreetingClaims",
        memberships: "MembershipOpener",
        gateway: "Gateway",
        timers: EngineIoTimers,
        states: "StateTelling",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        workers: Executor | None = None,
    ) -> None:
        self._connections = connections
        self._memberships = memberships
        self._gateway = gateway
        self._timers = timers
        self._states = states
        self._clock = clock
        self._sleep = sleep
        self._workers = workers or _workers()

    def open(self, connection_id: str) -> bool:
        """Join the rooms of a connection or session and greet it; return whether it was greeted.

        With its greeting it is told what is current in these rooms, if it wants that.

        False when the client has left, or another invocation greets it. All attempts together take
        at most `MAX_HANDSHAKE_SECONDS`; then, if the client is not known to have left, this raises
        `NotGreeted`. Raises `AwsError` when a table does not answer. Can be repeated safely.
        """
        now = self._clock()
        give_up = now + MAX_HANDSHAKE_SECONDS
        claimed = int(give_up * 1000)
        looked = self._workers.submit(self._look, connection_id)
        try:
            connection = self._connections.claim_greeting(
                connection_id, now=int(now * 1000), until=claimed
            )
        finally:
            wait([looked])  # Lambda would freeze it in the middle of its call
        if connection is None or not (connection.principal or connection.protocol == SOCKET_IO):
            return False
        try:
            greeted = self._greet(connection, looked, give_up)
        except Exception:
            self._end_claim(connection_id, claimed, RELEASED)
            raise
        if greeted:
            now = int(self._clock() * 1000)
            self._end_claim(connection_id, claimed, GREETED, greeted_at=now)
        return greeted

    def _greet(self, connection: Connection, looked: Future[Outcome], give_up: float) -> bool:
        """Wait for the handshake, join the rooms, post; return False when the client has left."""
        outcome = self._repeat(
            lambda: self._look(connection.id), first=looked.result(), give_up=give_up
        )
        if outcome is Outcome.SENT:
            if connection.state is State.OPEN:
                self._memberships.settle(connection, now=int(self._clock()))
            state = self._state(connection)
            frame = self._greeting(connection, state.left if state else {})
            outcome = self._repeat(
                lambda: self._gateway.post(connection.id, frame), give_up=give_up
            )
            if outcome is Outcome.SENT and state is not None:
                outcome = self._tell(connection, state)
        if outcome is Outcome.GONE:
            self._memberships.forget(connection.id)
        elif outcome is not Outcome.SENT:
            raise NotGreeted(f"connection {connection.id} could not be greeted: {outcome.value}")
        return outcome is Outcome.SENT

    def _state(self, connection: Connection) -> "Chosen | None":
        """Read what is current in the automatic rooms, None for a client that does not ask."""
        if not connection.wants_state or connection.principal is None:
            return None
        return self._states.choose(connection, told_first_to_last(connection.principal))

    def _tell(self, connection: Connection, state: "Chosen") -> Outcome:
        """Post what is current; all of it, or `open` is called again."""
        if self._states.send(connection, state) == len(state.frames):
            return Outcome.SENT
        return Outcome.FAILED if self._gateway.exists(address(connection.id)) else Outcome.GONE

    def _greeting(self, connection: Connection, left: Mapping[str, str]) -> bytes:
        """Return Engine.IO's open packet, or `connection.established` in the other protocols."""
        if connection.protocol != SOCKET_IO:
            return established_frame(connection, left=left).encode()
        return self._timers.open_packet(connection.id).encode()

    def _look(self, connection_id: str) -> Outcome:
        """Return whether posts to a connection are taken: SENT, GONE (410) or, unknown, FAILED."""
        if is_session(connection_id):
            return Outcome.SENT  # its client has sent a CONNECT: the handshake is done
        try:
            return Outcome.SENT if self._gateway.exists(connection_id) else Outcome.GONE
        except AwsError:
            return Outcome.FAILED

    def _repeat(
        self, attempt: Callable[[], Outcome], *, give_up: float, first: Outcome | None = None
    ) -> Outcome:
        """Call `attempt` until it returns SENT or the time is over; return its last outcome.

        Any other outcome may pass: GONE while the handshake is under way, THROTTLED, FAILED.
        `first` is the outcome of an attempt that was made before.
        """
        outcome = first or attempt()
        for retry in count():
            pause = BACKOFF.longest(retry)
            if outcome is Outcome.SENT or self._clock() + pause > give_up:
                break
            self._sleep(pause)
            outcome = attempt()
        return outcome

    def _end_claim(
        self, connection_id: str, claimed: int, until: int, *, greeted_at: int = 0
    ) -> None:
        """Keep or release the claim; if that fails the lease ends by itself."""
        with suppress(AwsError):
            self._connections.end_claim(
                connection_id, claimed=claimed, until=until, greeted_at=greeted_at
            )


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="handshake")
