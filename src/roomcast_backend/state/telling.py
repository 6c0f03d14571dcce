"""Tells a client what is current in its rooms: page by page in a reply, or as events.

A reply to a command has room for some dozen entities; `next` says where the next page begins. As
events they come in the order of their positions, each marked `replayed`, up to a `Budget`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from roomcast.envelope import encode
from roomcast_backend.gateway.paced_posts import Budget, Chosen, PacedPosts
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.type_filter import EVERYTHING, TypeFilter
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.state.current import CurrentState

REPLY_BYTES: Final = 24 * 1024
"""Of the entities in one reply; what is larger is there by reference. API Gateway's frames have 32
KB, and the reply repeats the command's `id`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Entities as clients get them, of `size` bytes; `next` is where the next page begins.

    It is None at the end.
    """

    state: list[dict[str, Any]]
    size: int = 0
    next: str | None = None

    def body(self) -> dict[str, Any]:
        """Return the fields of a reply."""
        return {"state": self.state, **({} if self.next is None else {"next": self.next})}


@dataclass(frozen=True, slots=True)
class Told:
    """How many entities were posted, and in which rooms more are left, after which key."""

    count: int
    left: Mapping[str, str]


class StatePages:
    """Tells what is current page by page."""

    def __init__(self, current: CurrentState, frames: EventFrames) -> None:
        self._current = current
        self._frames = frames

    def keeps(self, room: str) -> bool:
        """Tell whether the entities of a room are kept."""
        return self._current.keeps(room)

    def page(
        self,
        room: str,
        *,
        types: TypeFilter = EVERYTHING,
        after: str = "",
        most: int = REPLY_BYTES,
        largest: int = REPLY_BYTES,
    ) -> Page:
        """Return entities of a room after a key, at most `most` bytes of them.

        One of more than `largest` bytes is there by reference to its data; the first one is in the
        page however little there is room for. Raises `AwsError`.
        """
        found: list[tuple[int, dict[str, Any]]] = []
        size = 0
        for key, envelope in self._current.entities(room, types=types, after=after):
            copy = self._frames.copy(envelope, room, largest=largest)
            size_of_copy = len(encode(copy).encode())
            if found and size + size_of_copy > most:
                return Page(_in_order(found), size, after)
            size += size_of_copy
            found.append((envelope.seqs[room], copy))
            after = key
        return Page(_in_order(found), size)


class StateTeller(StatePages):
    """Tells what is current as events, too."""

    def __init__(self, current: CurrentState, frames: EventFrames, posts: PacedPosts) -> None:
        super().__init__(current, frames)
        self._posts = posts

    def post(self, session: Connection, rooms: list[str], *, budget: Budget | None = None) -> Told:
        """Post what is current in some of a session's rooms, of each what its filter takes."""
        chosen = self.choose(session, rooms, budget=budget)
        count = self.send(session, chosen)
        whole = count == len(chosen.frames)
        return Told(count, chosen.left if whole else dict.fromkeys(rooms, ""))

    def choose(
        self, session: Connection, rooms: Sequence[str], *, budget: Budget | None = None
    ) -> Chosen:
        """Read what `post` would post, as far as one answer has room; the first rooms come first.

        Raises `AwsError` when it cannot be read.
        """
        budget = budget or self._posts.budget()
        frames: list[bytes] = []
        left: dict[str, str] = {}
        for room in rooms:
            taken, rest = self._taken(session, room, budget)
            frames += taken
            if rest is not None:
                left[room] = rest
        return Chosen(frames, left, budget.until)

    def send(self, session: Connection, chosen: Chosen) -> int:
        """Post what was chosen; return how many of them were sent before a failure."""
        return self._posts.post(session.id, chosen.frames, until=chosen.until)

    def _taken(
        self, session: Connection, room: str, budget: Budget
    ) -> tuple[list[bytes], str | None]:
        """Return the frames of a room that there is room for, and the key after which more are."""
        types = session.filters.get(room, EVERYTHING)
        found: list[tuple[int, bytes]] = []
        after = ""
        for key, envelope in self._current.entities(room, types=types, replayed=True):
            frame = self._frames.encode(session.protocol, envelope, room)
            if not budget.takes(frame):
                return _in_order(found), after
            found.append((envelope.seqs[room], frame))
            after = key
        return _in_order(found), None


def _in_order(found: list[tuple[int, Any]]) -> list[Any]:
    return [each for _, each in sorted(found, key=itemgetter(0))]
