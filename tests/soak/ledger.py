"""What was published, who was there, who got it, and what is wrong with that. No I/O, no clock.

The promise (docs/PROTOCOL.md): an accepted event reaches every member that stays connected at least
once; whoever was away, comes back with `since` and is told `recovered` has missed nothing.

    join ─────────── stays ─────────── leave      must get what was published in between
      └─ stays ─ leave   join(recovered) ─ …      the same as if it had stayed all the time
      └─ stays ─ leave   join ─ …                 two stays; what came between them is not promised

Times are seconds of one clock.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Member = tuple[str, str]
"""A client's name and a room."""


@dataclass(slots=True)
class Publication:
    """An event; `accepted` is when the publisher was told so, None if it never was.

    `entity` is what a state event is about: a newer one of the same publisher may replace it.
    """

    rooms: tuple[str, ...]
    begun: float
    accepted: float | None = None
    entity: str = ""


@dataclass(slots=True)
class Stay:
    """A time in a room, from the reply to `subscribe` until the client began to leave."""

    since: float
    until: float | None = None


@dataclass(slots=True)
class Ledger:
    """Keeps the books; `settle` is how many seconds a delivery may take."""

    settle: float
    publications: dict[str, Publication] = field(default_factory=dict)
    copies: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    took: list[float] = field(default_factory=list)
    """Seconds from publishing to each first copy that was not a replay's."""

    lost: list[str] = field(default_factory=list)
    """Connections that ended without being asked to, in words."""

    _allowed: set[Member] = field(default_factory=set)
    _stays: dict[Member, list[Stay]] = field(default_factory=lambda: defaultdict(list))
    _strange: list[str] = field(default_factory=list)

    def allow(self, client: str, rooms: Iterable[str]) -> None:
        """Note the rooms that a client may get events of; some it joins automatically."""
        self._allowed |= {(client, room) for room in rooms}

    def publish(
        self, event_id: str, rooms: tuple[str, ...], *, begun: float, entity: str = ""
    ) -> None:
        """Note that an event is being published."""
        self.publications.setdefault(event_id, Publication(rooms, begun, entity=entity))

    def accept(self, event_id: str, *, now: float) -> None:
        """Note that it is the service's from now on."""
        if self.publications[event_id].accepted is None:
            self.publications[event_id].accepted = now

    def join(self, client: str, room: str, *, now: float, recovered: bool) -> None:
        """Note a successful `subscribe`."""
        stays = self._stays[client, room]
        if stays and recovered:
            stays[-1].until = None
        else:
            stays.append(Stay(now))

    def leave(self, client: str, room: str, *, now: float) -> None:
        """Note that a client is about to leave, in whichever way."""
        stays = self._stays[client, room]
        if stays and stays[-1].until is None:
            stays[-1].until = now

    def receive(self, client: str, event_id: str, room: str, *, now: float, replayed: bool) -> None:
        """Note a copy of an event."""
        copies = self.copies[client]
        copies[event_id] += 1
        if (client, room) not in self._allowed:
            self._strange.append(f"{client} got {event_id} through {room}, which is not its own")
        published = self.publications.get(event_id)
        if published and copies[event_id] == 1 and not replayed:
            self.took.append(now - published.begun)

    @property
    def delivered(self) -> int:
        """How many copies came, each client's repeats not counted."""
        return sum(len(copies) for copies in self.copies.values())

    @property
    def repeated(self) -> int:
        """How many copies came again."""
        return sum(copies.total() - len(copies) for copies in self.copies.values())

    def promised(self) -> Iterator[tuple[str, str]]:
        """Yield each client and event that it must have heard, once for each pair."""
        of_room: dict[str, list[tuple[str, Publication]]] = defaultdict(list)
        for event_id, published in self.publications.items():
            for room in published.rooms:
                of_room[room].append((event_id, published))
        promised = {
            (client, event_id)
            for (client, room), stays in self._stays.items()
            for event_id, published in of_room[room]
            if any(self._owes(stay, published) for stay in stays)
        }
        yield from sorted(promised)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong, each in one sentence."""
        for client, event_id in self.promised():
            if not self.copies[client][event_id] and not self._is_replaced(client, event_id):
                rooms = " and ".join(self.publications[event_id].rooms)
                yield f"{client} never got {event_id}, published to {rooms}"
        for client, copies in self.copies.items():
            for event_id in copies.keys() - self.publications.keys():
                yield f"{client} got {event_id}, which nobody published"
        yield from self._strange
        yield from self.lost

    def _is_replaced(self, client: str, event_id: str) -> bool:
        """Tell whether the client got a newer state of what an event was about.

        The service leaves out a late state event (docs/PROTOCOL.md, Order).
        """
        late = self.publications[event_id]
        return bool(late.entity) and any(
            other.entity == late.entity
            and late.begun < other.begun < late.begun + self.settle
            and self.copies[client][other_id] > 0
            for other_id, other in self.publications.items()
        )

    def _owes(self, stay: Stay, published: Publication) -> bool:
        if published.accepted is None or published.begun < stay.since:
            return False
        return stay.until is None or published.accepted + self.settle <= stay.until
