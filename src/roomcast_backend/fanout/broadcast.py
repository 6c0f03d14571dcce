"""Delivers one event to every member of its rooms.

event ─▶ a page of each room: read and posted to at the same time
           ├─ more members      ─▶ queue: the rest of the shard, page by page
           └─ unreached members ─▶ queue: those members, after a delay

The first post comes after two calls in sequence:

begin |----|                                    notes that the fan-out begins, or was complete
place |-----|                                   the event's position in the log of each room
known |----|                                    what is known of the entity that it tells of
log         |----|                              the event in these logs
read        |------|      |---|                 members of all rooms
keep               |----|                       what it tells of the entity
post               |--| |--|  |-|               begins when the event is logged
complete                         |---|
count                                 |---|     the statistics
release                               |---|     the event is under way no more

Reading begins after the positions are given. Somebody who comes back joins first and then asks for
the newest position. Either it is larger than the event's, and they wait for what is logged there;
or the members are read later and include them:

join ─▶ newest position ─▶ the event's position ─▶ members are read: with them
          the event's position ─▶ members are read ─▶ join ─▶ newest position: the event is missed
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from roomcast.envelope import Envelope
from roomcast.state_events import STATE_EVENTS, is_outdated
from roomcast_backend.fanout.room_delivery import RoomDelivery
from roomcast_backend.fanout.room_reader import Reached, RoomReader
from roomcast_backend.fanout.state_keeping import Keeping, StateKeeper, soon_after
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import Work, page_of_shard, whole_event
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.model.room_log import Placed
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.settings import Settings
from roomcast_backend.stores.events import FanOutState

if TYPE_CHECKING:
    from roomcast_backend.fanout.ports import (
        ExpiredCloser,
        FanOutRecorder,
        LogWriter,
        MemberSender,
        ShardedPageReader,
        WorkQueue,
    )

    Keep = Callable[[Sequence[Placed]], None]


MOST_PLACES = 5
"""How often an event is logged anew because a client that came back took its position."""

NEWER_EVENTS = 50
"""Entries of a log among which a late event looks for one that replaces it."""


class NotLogged(Exception):
    """Others have taken every position of the event; it is delivered when the bus repeats it."""


class FanOut:
    """Delivers events to the members of their rooms. Every step can be repeated safely."""

    def __init__(
        self,
        settings: Settings,
        *,
        rooms: "ShardedPageReader",
        events: "FanOutRecorder",
        log: "LogWriter",
        sender: "MemberSender",
        terminator: "ExpiredCloser",
        queue: "WorkQueue",
        frames: EventFrames,
        states: StateKeeper,
        count_event: Callable[[Envelope, EventCount], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._page_size = settings.page_size
        self._rooms = rooms
        self._events = events
        self._log = log
        self._states = states
        self._delivery = RoomDelivery(
            rooms=rooms,
            events=events,
            sender=sender,
            terminator=terminator,
            queue=queue,
            frames=frames,
            clock=clock,
        )
        self._count_event = count_event
        self._clock = clock

    def broadcast(self, envelope: Envelope, *, until: float) -> Tally:
        """Deliver an event to a page of each room, until the clock says `until` (epoch seconds).

        Members beyond the page and members for whom there was no time go to the queue. The bus may
        repeat an event: it is delivered again only when its first fan-out was not completed.
        """
        started = self._clock()
        tally = Tally()
        state, places, keeping = self._begin(envelope, started)
        if state in (FanOutState.COMPLETE, FanOutState.QUEUED):
            tally.repeated = True
            self._log.skip(places, now=self._clock())
            self._release(envelope, places, ended=state is FanOutState.COMPLETE)
            return tally
        current: Sequence[Placed] = self._skip_outdated(envelope, places, tally)
        if current:
            tally.soon_ms = soon_after(keeping)
            with self._kept(keeping) as keep:
                current = self._deliver_rooms(
                    envelope, current, keep, started=started, until=until, tally=tally
                )
        queued = self._events.complete(
            envelope.key,
            now=self._clock(),
            event=envelope,
            places=current,
            posts=tally.outcomes[Outcome.SENT],
        )
        with self._counted(envelope, tally.count(events=1) + (queued or EventCount())):
            self._release(envelope, current, ended=queued is not None)
        return tally

    def deliver(self, work: Work, *, until: float) -> Tally:
        """Do one queued part of a fan-out, until the clock says `until` (epoch seconds).

        Raise `MembersUnreached` when members are still unreached after the last attempt.
        """
        tally = Tally()
        reader = self._delivery.reader([work], self._page_size)
        self._delivery.deliver(work, reader, until=until, tally=tally)
        count = self._events.note_done(
            work.envelope.key, work.name, now=self._clock(), count=tally.count()
        )
        if count is not None:
            with self._counted(work.envelope, count):
                self._log.release(work.envelope.id, work.envelope.rooms)
        return tally

    def _begin(
        self, envelope: Envelope, started: float
    ) -> tuple[FanOutState, list[Placed], Keeping | None]:
        """Note that the fan-out begins, and give the event its positions at the same time.

        A crash leaves one without the other: the event is repeated, and finds either. Meanwhile
        what is known of its entity is read.
        """
        placed = _beside().submit(self._log.place, envelope, now=started)
        known: Future[Keeping | None] | None = None
        if self._states.wants(envelope):
            known = _beside().submit(self._states.read, envelope)
        try:
            state = self._events.begin(envelope.key, now=int(started), event=envelope)
        finally:
            wait([placed])
            wait([known] if known else [])
        return state, placed.result(), known.result() if known else None

    def _skip_outdated(
        self, envelope: Envelope, places: Sequence[Placed], tally: Tally
    ) -> list[Placed]:
        """Leave the event out where a newer one replaces it; return where it is delivered."""
        outdated = [placed for placed in places if self._is_outdated(envelope, placed)]
        if outdated:
            self._log.skip(outdated, now=self._clock())
            self._release(envelope, outdated, ended=True)
            tally.late_events = 1
        return [placed for placed in places if placed not in outdated]

    def _is_outdated(self, envelope: Envelope, placed: Placed) -> bool:
        if not placed.is_late or envelope.type not in STATE_EVENTS:
            return False
        entries = self._log.recent(placed.room, before=placed.position, limit=NEWER_EVENTS)
        return is_outdated(envelope, [each.envelope for each in entries if each.envelope])

    def _release(self, envelope: Envelope, places: Sequence[Placed], *, ended: bool) -> None:
        """Note in the logs that the event is under way no more, once its fan-out has ended."""
        if ended:
            rooms = [placed.room for placed in places]
            self._log.release(envelope.id, rooms, places=places)

    @contextmanager
    def _counted(self, envelope: Envelope, count: EventCount) -> Iterator[None]:
        """Count an event while what is inside is done; an error of it is raised at the end.

        The fan-out is complete: the event is repeated, but neither delivered nor counted again.
        """
        counted: Future[None] | None = None
        if count.numbers():
            counted = _beside().submit(self._count_event, envelope, count)
        try:
            yield
        finally:
            wait([counted] if counted else [])
        if counted:
            counted.result()

    @contextmanager
    def _kept(self, keeping: Keeping | None) -> Iterator["Keep"]:
        """Give what keeps the event, once it has its places; an error of it is raised at the end.

        Then the fan-out is not complete, and the repeat of the event keeps it.
        """
        kept: list[Future[None]] = []

        def keep(places: Sequence[Placed]) -> None:
            if keeping is not None:
                now = self._clock()
                kept.append(_beside().submit(self._states.note, keeping, places, now=now))

        try:
            yield keep
        finally:
            failed = [error for each in kept if (error := each.exception()) is not None]
        if failed:
            raise failed[0]

    def _deliver_rooms(
        self,
        envelope: Envelope,
        places: Sequence[Placed],
        keep: "Keep",
        *,
        started: float,
        until: float,
        tally: Tally,
    ) -> Sequence[Placed]:
        """Log an event, and deliver it to the first page of each room; return its places.

        A client that comes back may have taken a position whose entry it did not find. Then the
        event gets another position, and the members are read anew: that client is one of them.
        Only when the event has its places for good, it is kept.
        """
        for _ in range(MOST_PLACES):
            with self._reading(envelope, places, started) as (rooms, readers):
                logged = _beside().submit(self._log.put, envelope, places, now=self._clock())
                for reader in readers:
                    reader.read_ahead()
                entries = dict(zip(places, logged.result(), strict=True))
                fenced = [each for each in places if entries[each].event_id != envelope.id]
                if not fenced:
                    readers[0].await_some()  # the first posts come before what can wait
                    keep([replace(each, order=entries[each].order) for each in places])
                    self._post(rooms, readers, until=until, tally=tally)
                    return places
            places = _replaced(places, self._log.place(envelope, now=started, fenced=fenced))
        raise NotLogged(f"event {envelope.id} found its positions taken {MOST_PLACES} times")

    @contextmanager
    def _reading(
        self, envelope: Envelope, places: Sequence[Placed], started: float
    ) -> Iterator[tuple[list[list[Work]], list[RoomReader]]]:
        """Return the work of each room and its reader, which is closed at the end."""
        seqs = {placed.room: placed.position for placed in places}
        copy = replace(envelope, rooms=tuple(seqs), seqs=seqs)
        shards = {room: self._rooms.shards(room) for room in copy.rooms}
        works = whole_event(copy, shards, started=started)
        rooms = [list(parts) for _, parts in groupby(works, key=lambda part: part.room)]
        readers = [
            self._delivery.reader(parts, page_of_shard(self._page_size, len(parts)))
            for parts in rooms
        ]
        try:
            yield rooms, readers
        finally:
            for reader in readers:
                reader.close()

    def _post(
        self,
        rooms: Sequence[Sequence[Work]],
        readers: Sequence[RoomReader],
        *,
        until: float,
        tally: Tally,
    ) -> None:
        """Post to the members that the readers find, room after room."""
        reached = Reached()
        for parts, reader in zip(rooms, readers, strict=True):
            self._delivery.deliver(parts[0], reader, reached=reached, until=until, tally=tally)
            reached.add(reader)


def _replaced(places: Sequence[Placed], fresh: Sequence[Placed]) -> list[Placed]:
    """Return the places of an event, with the fresh ones in their rooms."""
    by_room = {placed.room: placed for placed in fresh}
    return [by_room[placed.room] for placed in places]


@cache
def _beside() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="beside")
