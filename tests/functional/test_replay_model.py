"""Thousands of histories of replay: publish, delay, kill, retry, leave, come back, in any order.

What must hold in all of them: a client that is told `recovered: true` has got every event of the
room that had been logged, or delivered to anybody, when it asked.
"""

import random
from collections import Counter

import pytest

from roomcast_backend.fanout import broadcast, prefetch, room_reader
from roomcast_backend.lifecycle import cleanup
from roomcast_backend.stores import room_log
from tests.functional.replay_world import InTurn, World

HISTORIES = 3000
BATCH = 300
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
