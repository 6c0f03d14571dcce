"""The broadcast function with the state of rooms and without, in turns, in one process.

Parameters: `rounds`, and `rooms`: how many members each room has. Members come from memory; all
that DynamoDB is asked for goes over TLS to the stub.
"""

import json
import sys
import time
from statistics import median

from benchmarks.inside import fakes
from benchmarks.inside.events import envelope, of_the_bus
from benchmarks.inside.invocation import Context
from benchmarks.traffic import connection_ids
from functions.broadcast.handler import handler
from roomcast_backend.fanout.state_keeping import StateKeeper

POSTS = 2_000
"""At least so many are made in each turn."""


def main(*, rounds: int, rooms: list[int]) -> None:
    """Print milliseconds of the processor for an invocation, for each size of a room."""
    found = {members: _measure(members, rounds) for members in rooms}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def _measure(members: int, rounds: int) -> dict[str, float]:
    fakes.members_at_once(connection_ids(members))
    events = max(20, POSTS // members)
    wants = StateKeeper.wants
    choices = {"with": wants, "without": lambda _self, _envelope: False}
    taken: dict[str, list[float]] = {name: [] for name in choices}
    for turn in range(-1, rounds):  # the first round opens the connections
        for name, chosen in choices.items():
            StateKeeper.wants = chosen  # type: ignore[method-assign]
            cpu = time.process_time()
            for _ in range(events):
                handler(of_the_bus(envelope()), Context("roomcast-broadcast"))
            if turn >= 0:
                taken[name].append((time.process_time() - cpu) / events * 1e3)
    StateKeeper.wants = wants  # type: ignore[method-assign]
    return {name: median(each) for name, each in taken.items()}


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
