"""What holds for every test, whatever its kind."""

import gc
import logging
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from roomcast import environment, rooms

INTERPRETERS_LIMIT = 1000
"""How deep calls may be, by default: that of functions on Lambda."""


# Tests measure no time: with a limit for each example they would fail on a busy machine.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of the search for garbage: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def depth_of_calls() -> None:
    """Take back the limit that a library of the emulator raises whenever it is imported."""
    sys.setrecursionlimit(INTERPRETERS_LIMIT)


@pytest.fixture(autouse=True)
def logging_stays_on() -> Iterator[None]:
    """Fail a test that leaves logging off: those after it that read the log would be wrong."""
    before = logging.root.manager.disable
    yield
    left = logging.root.manager.disable
    logging.disable(before)
    assert left == before, "the test left logging.disable() behind"


@pytest.fixture(autouse=True)
def kinds_of_rooms() -> Iterator[None]:
    """Let the environment tell the kinds of rooms again, whatever service a command has asked."""
    yield
    rooms.take_kinds_from(environment.room_kinds)
