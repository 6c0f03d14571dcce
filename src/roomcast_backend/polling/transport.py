"""Engine.IO's transport over HTTP: handshakes, bodies with packets, and GETs that wait for some.

GET ─▶ 0{"sid"}     POST ?sid ─▶ ok     GET ?sid ─▶ packets, or 6 after a while

https://socket.io/docs/v4/engine-io-protocol/#http-long-polling
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

from roomcast_backend.lifecycle.handshake import (
    FOREIGN_SID,
    POLLING,
    WEBSOCKET,
    Acceptor,
    Handshake,
    HandshakeRefused,
)
from roomcast_backend.model.connection import LONGEST_CONNECTION, SOCKET_IO, Connection, State
from roomcast_backend.model.polling import (
    UPGRADE_SECONDS,
    Pending,
    PollingSession,
    PollingState,
    Waiting,
    new_sid,
    polling_id,
    token_hash,
)
from roomcast_backend.polling.errors import (
    BAD_REQUEST,
    FORBIDDEN,
    SESSION_UNKNOWN,
    TRANSPORT_UNKNOWN,
    PollingRefused,
)
from roomcast_backend.polling.request import LARGEST_BODY, USE_WEBSOCKET, PollingRequest
from roomcast_backend.polling.settling import Settling
from roomcast_backend.protocol.engineio_packets import (
    CLOSE,
    NOOP,
    SEPARATOR,
    Malformed,
    read,
)
from roomcast_backend.protocol.heartbeats import EngineIoTimers

if TYPE_CHECKING:
    from roomcast_backend.polling.ports import PollingSessions

OK = "ok"
NEW_CLIENT = "the session has ended, or never was: connect again"

OVERRUN = 5_000
"""Milliseconds that a GET may take beyond its wait, until another one is taken for the only one."""

ENDED = (PollingState.UPGRADED, PollingState.CLOSED)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a GET waits, in seconds: at most `longest`, `upgrading` once a WebSocket has probed.

    It looks for packets after `first`, then after pauses that grow by `growth` up to `slowest`. For
    a WebSocket they grow up to `rarest`, for it comes at once or not at all, and begin anew when
    one has opened: its client is to wait no longer for its GET than it must. A pause is at least
    `share` times as long as the look before it took, so that those who wait do not keep a busy
    table from those who work. A WebSocket is given up when a GET has waited for `websocket`, and
    twice as long as that GET was late in coming or a pause is stretched: it is as late then.
    """

    longest: float = 20.0
    websocket: float = UPGRADE_SECONDS
    upgrading: float = 0.1
    first: float = 0.1
    slowest: float = 0.5
    rarest: float = 1.0
    growth: float = 1.5
    share: float = 20.0

    def given_up(self, late: float) -> float:
        """Return after how long a WebSocket is given up when the service is late by some seconds.

        That is before the GET ends: the next one would only begin anew.
        """
        return min(self.websocket + 2 * late, self.longest * 0.9)


class PollingTransport:
    """Answers the requests of clients that have no WebSocket yet, or never get one.

    A client that has neither posted anything nor got a WebSocket is closed after `deadline`
    seconds, as a WebSocket is that sends no token.
    """

    def __init__(
        self,
        *,
        sessions: "PollingSessions",
        acceptor: Acceptor,
        settling: Settling,
        timers: EngineIoTimers,
        deadline: float = 15.0,
        enabled: bool = True,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sessions = sessions
        self._acceptor = acceptor
        self._settling = settling
        self._timers = timers
        self._deadline = deadline
        self._enabled = enabled
        self._patience = patience or Patience()
        self._clock = clock
        self._sleep = sleep

    def answer(self, request: PollingRequest) -> str:
        """Return the body of the answer; raise `PollingRefused` for a request that gets none.

        Raises `AwsError` or `KeysUnavailable` when something does not answer.
        """
        if not self._enabled:
            raise PollingRefused(TRANSPORT_UNKNOWN, f"polling is off here: {USE_WEBSOCKET}")
        request.check()
        try:
            if not request.sid:
                return self._begin(request)
            self._acceptor.check_origin(request.headers)
        except HandshakeRefused as exc:
            raise PollingRefused(exc.error, str(exc), HTTPStatus(exc.status)) from exc
        return self._receive(request) if request.method == "POST" else self._poll(request)

    def _begin(self, request: PollingRequest) -> str:
        sid = new_sid()
        handshake = Handshake(polling_id(sid), request.headers, request.query, POLLING)
        admission = self._acceptor.admit(handshake)
        now = self._now()
        connection = Connection(
            id=handshake.connection_id,
            protocol=SOCKET_IO,
            state=State.PENDING,
            connected_at=now // 1000,
            principal=admission.principal,
            refused_token=admission.refused_token,
        )
        self._sessions.begin(
            PollingSession(
                connection,
                began=now,
                due=now + int(UPGRADE_SECONDS * 1000),
                token_hash=token_hash(request.token),
            )
        )
        return self._timers.open_packet(sid, max_payload=LARGEST_BODY, upgrades=[WEBSOCKET])

    def _receive(self, request: PollingRequest) -> str:
        """Keep packets for the WebSocket, or answer them when the client stays without one."""
        connection_id, packets, now = polling_id(request.sid), request.packets(), self._now()
        at = now if request.at is None else request.at
        if any(isinstance(read(packet), Malformed) for packet in packets):
            raise self._malformed(connection_id, request)
        if CLOSE in packets:
            packets = packets[: packets.index(CLOSE) + 1]
        kept, session = self._sessions.keep(
            connection_id,
            [Pending(packet, at) for packet in packets],
            post=uuid4().hex,
            token=token_hash(request.token),
            now=now,
        )
        session = _of_client(session, request)
        if kept and CLOSE in packets:
            self._settling.leave(connection_id)
        elif not kept and session.state is PollingState.POLLING:
            for packet in packets:
                self._settling.receive(connection_id, packet, at=at)
        elif not kept:
            hint = "too much before the WebSocket or the first answer: wait for it"
            raise PollingRefused(BAD_REQUEST, hint, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return OK

    def _malformed(self, connection_id: str, request: PollingRequest) -> PollingRefused:
        """End the session of a client that sends no packets, as with Engine.IO's own server."""
        _of_client(self._sessions.get(connection_id), request)
        self._settling.leave(connection_id)
        return PollingRefused(BAD_REQUEST, "expected packets of Engine.IO: the session is closed")

    def _poll(self, request: PollingRequest) -> str:
        """Wait for packets; two GETs at once end the session, as with Engine.IO's own server."""
        connection_id, poll, began = polling_id(request.sid), uuid4().hex, self._now()
        received = min(began, request.at or began)  # API Gateway's own time runs from there
        end = received + int(self._patience.longest * 1000)
        claimed, session = self._sessions.begin_poll(
            connection_id,
            poll,
            token=token_hash(request.token),
            now=began,
            until=end + OVERRUN,
        )
        session = _of_client(session, request)
        if not claimed:
            self._settling.end(connection_id)
            raise PollingRefused(BAD_REQUEST, "two GETs at once: the session is closed")
        self._sessions.drop(connection_id, session.delivered)
        if began - session.began >= LONGEST_CONNECTION * 1000:
            self._sessions.close(connection_id)  # as API Gateway ends a WebSocket
        found, packets = self._wait(session, poll, began=began, end=end)
        if found is None:
            return NOOP  # its client has closed it: the next GET finds none
        if found.state is PollingState.UPGRADED:  # clients upgrade when their GET has ended
            raise PollingRefused(SESSION_UNKNOWN, NEW_CLIENT)
        if found.state is PollingState.CLOSED and not packets:
            return self._end(found)
        if found.state is not PollingState.UPGRADING:
            settled = found.state is PollingState.POLLING
            self._sessions.end_poll(connection_id, poll, packets, settled=settled, now=self._now())
        return _payload(packets)

    def _wait(
        self, session: PollingSession, poll: str, *, began: int, end: int
    ) -> tuple[PollingSession | None, Sequence[Waiting]]:
        """Return when there are packets, when the session changes its transport, or at the end.

        None when the session is deleted meanwhile.
        """
        delivered, patience = frozenset(session.delivered), self._patience
        pause, due = patience.first, session.due
        late = (began - session.began) / 1000 - 1
        if session.state is not PollingState.POLLING:
            self._sleep(pause)  # until then nothing waits, and no WebSocket is there
        while True:
            looked = self._clock()
            found, waiting = self._sessions.read(session.id)
            packets = [packet for packet in waiting if packet.number not in delivered]
            now = self._now()
            waited = (now - began) / 1000
            if found is None or packets or found.state in ENDED or now >= end:
                return found, packets
            if found.upgrades(now) and waited >= patience.upgrading:
                return found, packets
            stretched = min(patience.share * (self._clock() - looked), patience.longest / 4)
            late = max(late, stretched, 0)
            if found.pending and found.is_overdue(now) and waited >= patience.given_up(late):
                self._settling.settle(found, poll, now=now)
                continue
            if self._is_silent(found, now):
                self._sessions.close(found.id)
                continue
            if found.due != due:
                due, pause = found.due, patience.first
            self._sleep(min(max(pause, stretched), (end - now) / 1000))
            stays = found.state is PollingState.POLLING
            pause = min(pause * patience.growth, patience.slowest if stays else patience.rarest)

    def _is_silent(self, session: PollingSession, now: int) -> bool:
        """Tell whether a client has sent nothing by its deadline: it would only cost its GETs.

        A WebSocket that has opened or sent its probe has its own time first.
        """
        asks_nothing = session.is_overdue(now) and not session.pending
        return asks_nothing and now - session.began >= self._deadline * 1000

    def _end(self, session: PollingSession) -> str:
        """Return the CLOSE of a session that the service has closed, alone.

        Its last packets came with the GET before: what stands in one answer with a CLOSE,
        socket.io-client does not hand to its listeners any more.
        """
        self._settling.end(session.id)
        self._sessions.delete(session.id)
        return CLOSE

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _of_client(session: PollingSession | None, request: PollingRequest) -> PollingSession:
    """Return a session that goes on and is the client's own; raise `PollingRefused` else."""
    if session is None or session.state is PollingState.UPGRADED:
        raise PollingRefused(SESSION_UNKNOWN, NEW_CLIENT)
    if request.token and token_hash(request.token) != session.token_hash:
        raise PollingRefused(FORBIDDEN, FOREIGN_SID, HTTPStatus.FORBIDDEN)
    if session.state is PollingState.CLOSED and request.method == "POST":
        raise PollingRefused(SESSION_UNKNOWN, NEW_CLIENT)
    return session


def _payload(packets: Iterable[Waiting]) -> str:
    """Return the body of an answer, which is never empty: clients take that for an error."""
    return SEPARATOR.join(packet.frame for packet in packets) or NOOP
