"""Thousands of histories of replay: publish, delay, kill, retry, leave, come back, in any order.

What must hold in all of them: a client that is told `recovered: true` has got every event of the
room that had been logged, or delivered to anybody, when it asked.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from roomcast.envelope import Envelope
from roomcast_backend.fanout import broadcast, prefetch, room_reader
from roomcast_backend.inbound import missed
from roomcast_backend.lifecycle import cleanup
from roomcast_backend.model.room_log import Entry, Placed
from roomcast_backend.stores import events, room_log
from roomcast_backend.stores.room_log import RoomLog
from tests.functional import replay_world
from tests.functional.replay_world import InTurn, Lied, World

HISTORIES = 2000
BATCH = 250
STEPS = (10, 60)


@pytest.fixture(autouse=True)
def chance(monkeypatch: pytest.MonkeyPatch) -> random.Random:
    """Have all that is done in other threads done in one; return what decides when."""
    chance = random.Random()  # noqa: S311
    in_turn = InTurn(chance)
    monkeypatch.setattr(broadcast, "_beside", lambda: in_turn)
    monkeypatch.setattr(prefetch, "shared_readers", lambda: in_turn)
    monkeypatch.setattr(room_reader, "shared_readers", lambda: in_turn)
    monkeypatch.setattr(cleanup, "_workers", lambda: in_turn)
    monkeypatch.setattr(room_log, "_writers", lambda: in_turn)
    return chance


def go_through(chance: random.Random, seeds: range) -> Counter[bool]:
    """Go through histories; return how often clients were told that they have all, or not."""
    replies: Counter[bool] = Counter()
    for seed in seeds:
        chance.seed(seed)
        world = World(seed)
        for _ in range(world.chance.randint(*STEPS)):
            world.step()
        world.end()
        replies += world.replies
    return replies


@pytest.mark.parametrize("first", range(0, HISTORIES, BATCH))
def test_who_is_told_that_nothing_is_missing_has_all(chance: random.Random, first: int) -> None:
    replies = go_through(chance, range(first, first + BATCH))
    assert replies[True] > 20 * replies[False]


def forget_pending(patch: pytest.MonkeyPatch) -> None:
    """Have entries without what was under way at them."""
    read = room_log._entry

    def entry(*args: Any) -> Entry:
        return replace(read(*args), pending=frozenset())

    patch.setattr(room_log, "_entry", entry)


def trust_clocks(patch: pytest.MonkeyPatch) -> None:
    """Believe that an entry which was logged a while later was there before."""
    patch.setattr(missed, "CLOCK_MARGIN_MS", -20_000)


def release_too_early(patch: pytest.MonkeyPatch) -> None:
    """Take a fan-out for ended while parts of it are in the queue."""
    patch.setattr(events, "_has_ended", lambda row: "completed_at" in row)


def log_nowhere(patch: pytest.MonkeyPatch) -> None:
    """Deliver an event whose position was taken, without logging it elsewhere."""
    put = RoomLog.put

    def put_once(
        self: RoomLog, envelope: Envelope, places: Sequence[Placed], *, now: float
    ) -> list[Entry]:
        entries = put(self, envelope, places, now=now)
        return [replace(entry, envelope=envelope) for entry in entries]

    patch.setattr(RoomLog, "put", put_once)


def skip_holes(patch: pytest.MonkeyPatch) -> None:
    """Go on without waiting for what has a position but is not logged yet."""

    def settle(_log: RoomLog, room: str, position: int, *, now: float) -> Entry:
        return Entry(room, position, None, int(now), position)

    patch.setattr(RoomLog, "settle", settle)
    patch.setattr(replay_world, "MEANWHILE", 0.8)
    patch.setattr(replay_world, "KILLED", 0.05)


@pytest.mark.parametrize(
    "fault", [forget_pending, trust_clocks, release_too_early, log_nowhere, skip_holes]
)
def test_a_fault_is_found(
    chance: random.Random, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any], None]
) -> None:
    fault(monkeypatch)
    with pytest.raises(Lied):
        go_through(chance, range(HISTORIES))
