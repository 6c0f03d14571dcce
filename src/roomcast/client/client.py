"""The receiving client: connects again when a connection ends, and goes on where it was.

async with roomcast.connect(url, token) as client:
    async for event in client.events("project:atlas"):
        print(event.type, event.data)
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from roomcast.backoff import Backoff
from roomcast.client import history
from roomcast.client.history import History
from roomcast.client.opening import FAILURES, cannot_connect, end_of, opened, reason
from roomcast.client.positions import Positions
from roomcast.client.received import Offset, Received, wire_offset
from roomcast.client.repeats import Repeats
from roomcast.client.session import Joined, Session, Told
from roomcast.rooms import Room

if TYPE_CHECKING:
    from types import TracebackType

    from websockets.asyncio.client import ClientConnection

logger = logging.getLogger("roomcast.client")

BACKOFF: Final = Backoff(base=0.5, cap=30.0, attempts=0)
"""The pauses before reconnects, with full jitter: there is no last one."""

OPEN_SECONDS: Final = 10.0
"""How long a handshake may take; a function that was not called for long needs seconds."""

GREETING: Final = "connection.established"


def connect(
    url: str,
    token: str | Callable[[], str],
    *,
    on_gap: Callable[[str], object] | None = None,
    on_notice: Callable[[str], object] | None = None,
    open_timeout: float = OPEN_SECONDS,
) -> "Client":
    """Return a client for `async with`; `url` is the address of the service, `wss://…/ws`.

    A `token` that is a function is called before every connection, so that it can return a fresh
    one. `on_gap` is called with a room of which events may be missing, as far as the service can
    tell: fetch its state from your backend. Without it the log warns. `on_notice` is called with a
    line of text when a room is joined, a connection ends, or the service tells something.
    """
    return Client(url, token, on_gap=on_gap, on_notice=on_notice, open_timeout=open_timeout)


class Client:
    """One connection at a time, and the rooms of one iteration; made by `connect`."""

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        on_gap: Callable[[str], object] | None,
        on_notice: Callable[[str], object] | None,
        open_timeout: float,
    ) -> None:
        self.url = url
        self._token = token
        self._on_gap = on_gap or _warn
        self._on_notice = on_notice or logger.info
        self._open_timeout = open_timeout
        self._socket: ClientConnection | None = None
        self._iterations = 0
        self._positions = Positions({})
        self._repeats = Repeats()
        self._gaps: set[str] = set()

    def __repr__(self) -> str:
        state = "connected" if self._socket else "not connected"
        return f"Client({self.url!r}, {state}, since={self.since})"

    @property
    def since(self) -> dict[str, str | int]:
        """By room, where to go on: keep it, and give it to `events` of a later process."""
        return self._positions.since

    @property
    def gaps(self) -> frozenset[str]:
        """The rooms of which events may be missing since this iteration began."""
        return frozenset(self._gaps)

    async def __aenter__(self) -> Self:
        """Connect; raise `Refused` for a token that is not good, `CannotConnect` for the rest."""
        try:
            self._socket = await self._open()
        except FAILURES as exc:
            raise cannot_connect(self.url, exc) from exc
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        """Close the connection; an iteration that goes on ends."""
        self._iterations += 1
        await self._close()

    async def events(
        self,
        *rooms: str,
        since: Offset | Mapping[str, Offset] | None = None,
        types: Sequence[str] | None = None,
    ) -> AsyncGenerator[Received, None]:
        """Yield the events of rooms as they arrive, each once, without end.

        `since` is where to begin, for all rooms or for some: the `id` or the `seq` of the last
        event, a `datetime`, or a `timedelta` that has passed; without it, with what is published
        from now on. `types` takes some types only, as in `subscribe`. Events of `global` and of
        the user's own room come, too, since the service joins these; name them as well where
        nothing of them may be missing. A connection that ends is made again, with what was missed
        meanwhile.

        A second iteration ends the first one. Raises `Refused` when the service refuses the
        connection or a room for good, and `InvalidRoom` for a name that is none.
        """
        names = tuple(dict.fromkeys(str(Room.parse(room)) for room in rooms))
        self._iterations += 1
        mine = self._iterations
        if mine > 1:
            await self._close()  # with the rooms of the iteration before
        self._positions = Positions(_start(names, since))
        self._gaps.clear()
        self._repeats = Repeats()
        retry, first = 0, True
        while mine == self._iterations:
            try:
                socket = self._socket or await self._open()
                if mine != self._iterations:
                    # It was ended while it was connecting: nobody else knows this connection.
                    await socket.close()
                    return
                self._socket = socket
                self._positions.begin()
                session = Session(socket, names, since=self.since, types=types)
                async for item in session.items():
                    retry = 0 if isinstance(item, Joined) else retry
                    if event := self._take(item, first=first):
                        yield event
                ended = end_of(socket)
            except FAILURES as exc:
                ended = reason(exc)
            if mine == self._iterations:
                self._socket, first = None, False
                await self._pause(ended, retry)
                retry += 1

    async def history(
        self, room: str, *, since: Offset = 0, types: Sequence[str] | None = None
    ) -> History:
        """Return what the service keeps of a room, at most the newest 200 events.

        It is kept for `replay_hours`; `since` is as for `events`. This ends an iteration. Raises
        what `events` raises, and `CannotConnect` when the connection ends before the answer.
        """
        self._iterations += 1
        name = str(Room.parse(room))
        try:
            if self._iterations > 1:
                await self._close()
            self._socket = socket = self._socket or await self._open()
            session = Session(socket, [name], since=_start([name], since), types=types)
            return await history.read(session, name, from_the_beginning=since == 0)
        except FAILURES as exc:
            raise cannot_connect(self.url, exc) from exc

    def _take(self, item: Received | Joined | Told, *, first: bool) -> Received | None:
        """Note what came; return an event that has not come before.

        Where nothing could be asked for on a later connection, what came meanwhile may be missing.
        """
        match item:
            case Received(type=kind) if kind == GREETING:
                self._positions.greeted(item.id)
            case Received():
                self._positions.seen(item.room, item.seq)
                return None if self._repeats.has(item.id) else item
            case Joined():
                self._positions.answered(item.room)
                replayed = f", {item.replayed} replayed" if item.replayed else ""
                self._on_notice(f"subscribed to {item.room}{replayed}")
                if item.recovered is False or (item.recovered is None and not first):
                    self._gaps.add(item.room)
                    self._on_gap(item.room)
            case Told():
                where = f"{item.room}: " if item.room else ""
                self._on_notice(f"{where}{item.message} ({item.code})")
        return None

    async def _pause(self, ended: str, retry: int) -> None:
        pause = BACKOFF.pause(retry)
        self._on_notice(f"disconnected ({ended}); connecting again in {pause:.1f} s")
        await asyncio.sleep(pause)

    async def _open(self) -> "ClientConnection":
        return await opened(self.url, self._token, timeout=self._open_timeout)

    async def _close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()


def _start(
    rooms: Sequence[str], since: Offset | Mapping[str, Offset] | None
) -> dict[str, str | int]:
    """Return the offset of each room that has one, as the protocol has it."""
    if since is None:
        return {}
    given = since if isinstance(since, Mapping) else dict.fromkeys(rooms, since)
    now = datetime.now(UTC)
    return {str(Room.parse(room)): wire_offset(each, now=now) for room, each in given.items()}


def _warn(room: str) -> None:
    logger.warning("events of %s may be missing: fetch its state from your backend", room)
