"""Numbers the events of this process, so that whoever gets them can tell which came later."""

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from roomcast.envelope import Envelope
from roomcast.fork_local import ForkLocal

PUBLISHER_BYTES = 6


def numbered(envelope: Envelope) -> Envelope:
    """Return an event with this process's name and the next number, from any thread.

    Each process has a name of its own, a forked one too. Numbers begin with 1 and may have gaps.
    """
    publisher, numbers = _this_process()
    return replace(envelope, publisher=publisher, number=next(numbers))


def _begin() -> tuple[str, Iterator[int]]:
    return os.urandom(PUBLISHER_BYTES).hex(), count(1)


_this_process = ForkLocal(_begin)
