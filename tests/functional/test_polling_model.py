"""Histories of long-polling and its upgrade, in which anything goes wrong at any step.

What must hold in all of them: what a client has posted is answered once if its connection goes on,
what was put into its outbox reaches it in order and without a gap, nobody else gets in, and nothing
is left of connections that have ended.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from roomcast_backend.polling.settling import Settling
from roomcast_backend.stores import polling as store
from tests.functional.polling_world import Broken, World

HISTORIES = int(os.environ.get("ROOMCAST_HISTORIES", "240"))
"""More find rarer faults, and take longer."""

BATCH = 40
ENOUGH = 400
"""In so many histories each of the faults below shows."""

ALWAYS = "attribute_exists(connection_id)"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Log none of the failures that are meant."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def go_through_all(seeds: Iterable[int]) -> set[str]:
    """Go through histories; return the transports that clients have in the end."""
    transports: set[str] = set()
    for seed in seeds:
        world = World(seed)
        world.live()
        world.leave()
        transports |= {client.engine.transport for client in world.clients}
    return transports


@pytest.mark.parametrize("first", range(0, HISTORIES, BATCH))
def test_nothing_is_lost_or_doubled(first: int) -> None:
    assert go_through_all(range(first, first + BATCH)) == {"polling", "websocket"}


def keep_posts_again(patch: pytest.MonkeyPatch) -> None:
    """Keep the packets of a POST a second time when the first answer is lost."""
    patch.setattr(store, "NEW_POST", ALWAYS)


def hand_nothing_over(patch: pytest.MonkeyPatch) -> None:
    """Upgrade a session without what its client has posted."""
    upgrade = store.PollingStore.upgrade

    def empty_handed(*args: Any) -> Any:
        return None if upgrade(*args) is None else ()

    patch.setattr(store.PollingStore, "upgrade", empty_handed)


def let_anybody_in(patch: pytest.MonkeyPatch) -> None:
    """Take any token for a session's own."""
    patch.setattr(store, "OWN", ALWAYS)


def lose_packets_quietly(patch: pytest.MonkeyPatch) -> None:
    """Go on with a client that has taken too long to ask again."""
    patch.setattr(store, "LOST_SECONDS", 0.5)
    patch.setattr(store.PollingStore, "close", lambda *_: False)


def set_no_deadline(patch: pytest.MonkeyPatch) -> None:
    """Leave a connection alone whose request has failed half way."""
    init = Settling.__init__

    def without(settling: Settling, **parts: object) -> None:
        init(settling, **{**parts, "set_deadline": lambda _: None})  # type: ignore[arg-type]

    patch.setattr(Settling, "__init__", without)


@pytest.mark.parametrize(
    "plant",
    [
        keep_posts_again,
        hand_nothing_over,
        let_anybody_in,
        lose_packets_quietly,
        set_no_deadline,
    ],
)
def test_a_fault_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(Broken):
        go_through_all(range(ENOUGH))
