"""Thousands of histories of long-polling and its upgrade, in which anything goes wrong at any step.

What must hold in all of them: what a client has posted is answered once if its connection goes on,
what was put into its outbox reaches it in order and without a gap, nobody else gets in, and nothing
is left of connections that have ended.
"""

import pytest

from tests.functional.polling_world import World

HISTORIES = 400
BATCH = 50


@pytest.mark.parametrize("first", range(0, HISTORIES, BATCH))
def test_nothing_is_lost_or_doubled(first: int) -> None:
    for seed in range(first, first + BATCH):
        world = World(seed)
        world.live()
        world.leave()
