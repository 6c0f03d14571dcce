"""The polling table in memory, with the heartbeats of its clients.

Every method is one step. The suites' clients answer a PING within `PING_TIMEOUT`, or are gone:
what has happened since a row was last looked at is made up for when somebody looks at it again.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Final

from local.conformance.invocations import invoke_later
from local.conformance.timers import PING_INTERVAL, PING_TIMEOUT
from roomcast_backend.model.connection import address
from roomcast_backend.model.polling import Pending, PollingSession, PollingState, Waiting
from roomcast_backend.protocol.engineio_packets import PING, PONG

UPGRADE_WITHIN: Final = 200
"""Milliseconds that packets wait for a WebSocket: the suites wait for an echo less than 2 s."""

SETTLED = (PollingState.UPGRADED, PollingState.CLOSED)
UNDECIDED = (PollingState.WAITING, PollingState.UPGRADING)


@dataclass(slots=True)
class Row:
    """A session and its packets; `heard` is when it began or answered a PING, milliseconds."""

    session: PollingSession
    heard: int
    pinged: bool = False
    poll: str = ""
    last: int = 0
    outbox: list[Waiting] = field(default_factory=list)

    def put(self, frame: str) -> None:
        """Put a packet at the end of the outbox."""
        self.last += 1
        self.outbox.append(Waiting(self.last, frame))

    @property
    def state(self) -> PollingState:
        """The state of the session."""
        return self.session.state


class PollingRows:
    """The sessions; `forget` is called for each whose client has not answered a PING."""

    def __init__(
        self, forget: Callable[[str], object], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._forget = forget
        self._clock = clock
        self._lock = RLock()
        self._rows: dict[str, Row] = {}

    def begin(self, session: PollingSession) -> None:
        """Store a new session."""
        session = replace(session, due=session.began + UPGRADE_WITHIN)
        with self._lock:
            self._rows[session.id] = Row(session, heard=session.began)
        self._watch(session.id)

    def get(self, connection_id: str) -> PollingSession | None:
        """Return a session, or None when it is unknown."""
        row = self._row(connection_id)
        return row.session if row else None

    def keep(
        self, connection_id: str, packets: Sequence[Pending], *, post: str, token: str, now: int
    ) -> tuple[bool, PollingSession | None]:
        """Keep the packets of one POST; return whether they were, and the session."""
        with self._lock:
            row = self._row(connection_id)
            if row is None:
                return False, None
            if PONG in (each.packet for each in packets):
                row.heard, row.pinged = now, False
            if row.state not in UNDECIDED:
                return False, row.session
            row.session = replace(row.session, pending=(*row.session.pending, *packets))
            return True, row.session

    def expect_upgrade(
        self, connection_id: str, *, token: str, due: int
    ) -> tuple[bool, PollingSession | None]:
        """Wait for the probe of a WebSocket; return whether it may upgrade, and the session."""
        with self._lock:
            row = self._row(connection_id)
            if row is None or row.state not in UNDECIDED:
                return False, row.session if row else None
            row.session = replace(row.session, due=due)
            return True, row.session

    def claim_upgrade(self, connection_id: str, websocket: str, *, now: int, until: int) -> bool:
        """Let the first WebSocket that asks upgrade a session."""
        with self._lock:
            row = self._row(connection_id)
            if row is None or row.state is not PollingState.WAITING:
                return False
            row.session = replace(
                row.session,
                state=PollingState.UPGRADING,
                upgrading_to=websocket,
                upgrading_until=until,
            )
            return True

    def upgrade(self, connection_id: str, websocket: str) -> Sequence[Pending] | None:
        """End the upgrade; return what was kept for the WebSocket, once."""
        with self._lock:
            row = self._row(connection_id)
            if row is None or row.state is not PollingState.UPGRADING:
                return None
            if row.session.upgrading_to != websocket:
                return None
            return self._take(row, PollingState.UPGRADED)

    def settle(self, connection_id: str, poll: str, *, now: int) -> Sequence[Pending] | None:
        """Let a session stay without a WebSocket; return what was kept for one, once."""
        with self._lock:
            row = self._row(connection_id)
            if row is None or not row.session.is_overdue(now):
                return None
            return self._take(row, PollingState.POLLING)

    def begin_poll(
        self, connection_id: str, poll: str, *, token: str, now: int, until: int
    ) -> tuple[bool, PollingSession | None]:
        """Claim a session for one GET; return whether it was, and the session."""
        with self._lock:
            row = self._row(connection_id)
            if row is None:
                return False, None
            if row.poll or row.state is PollingState.UPGRADED:
                return False, row.session
            row.poll = poll
            return True, row.session

    def read(self, connection_id: str) -> tuple[PollingSession | None, Sequence[Waiting]]:
        """Return a session and the packets that wait for its client."""
        with self._lock:
            row = self._row(connection_id)
            return (row.session, tuple(row.outbox)) if row else (None, ())

    def end_poll(
        self,
        connection_id: str,
        poll: str,
        delivered: Sequence[Waiting],
        *,
        settled: bool,
        now: int,
    ) -> None:
        """Note what a GET returns, and let the next one begin."""
        with self._lock:
            row = self._row(connection_id)
            if row is not None and row.poll == poll:
                row.poll = ""
                row.session = replace(
                    row.session, delivered=tuple(packet.number for packet in delivered)
                )

    def drop(self, connection_id: str, numbers: Sequence[int]) -> None:
        """Delete packets that their client has got."""
        with self._lock:
            row = self._row(connection_id)
            if row is not None:
                row.outbox = [packet for packet in row.outbox if packet.number not in numbers]

    def append(self, connection_id: str, frame: str) -> bool:
        """Put a packet into the outbox; False when the client is gone."""
        with self._lock:
            row = self._row(connection_id)
            if row is None or row.state is not PollingState.POLLING:
                return False
            row.put(frame)
            return True

    def is_open(self, connection_id: str) -> bool:
        """Tell whether packets can still reach the client."""
        row = self._row(connection_id)
        return row is not None and row.state is PollingState.POLLING

    def close(self, connection_id: str) -> bool:
        """Close a session for good; False when it was closed, upgraded or unknown already."""
        with self._lock:
            row = self._row(connection_id)
            if row is None or row.state in SETTLED:
                return False
            self._take(row, PollingState.CLOSED)
            return True

    def delete(self, connection_id: str) -> None:
        """Delete a session."""
        with self._lock:
            self._rows.pop(address(connection_id), None)

    def _row(self, connection_id: str) -> Row | None:
        """Return a row after a PING that is due is put into its outbox; None when it is gone."""
        with self._lock:
            row = self._rows.get(address(connection_id))
            if row is None or row.state in SETTLED:
                return row
            silent = self._now() - row.heard
            if silent >= PING_INTERVAL + PING_TIMEOUT:
                del self._rows[row.session.id]
                return None
            if silent >= PING_INTERVAL and not row.pinged:
                row.put(PING)
                row.pinged = True
            return row

    def _take(self, row: Row, state: PollingState) -> Sequence[Pending]:
        """Give a session its state; return what was kept for a WebSocket."""
        pending = row.session.pending
        row.session = replace(row.session, state=state, pending=())
        return pending

    def _watch(self, connection_id: str) -> None:
        """Look at a session when a PING may have been answered, until its client is gone."""
        invoke_later(lambda: self._look(connection_id), delay=(PING_INTERVAL + PING_TIMEOUT) / 1000)

    def _look(self, connection_id: str) -> None:
        row = self._row(connection_id)
        if row is None:
            self._forget(connection_id)
        elif row.state not in SETTLED:
            self._watch(connection_id)

    def _now(self) -> int:
        return int(self._clock() * 1000)
