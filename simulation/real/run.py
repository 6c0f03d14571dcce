"""A case, delivered for real: events that meet fresh processes, and events after those."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.functions_environment import of_function
from benchmarks.inside.events import envelope, of_the_bus
from benchmarks.machine import CannotMeasure
from benchmarks.stub import Stub
from simulation.cases import (
    COLD_EVENTS,
    PAUSE,
    QUEUE_SECONDS,
    TIMES,
    WARM_EVENTS,
    WARMING_EVENTS,
    Case,
    Timing,
)
from simulation.real.dispatch import Dispatcher, workers
from simulation.real.quiet import Usage
from simulation.real.worker import Setup

STAGE = "10ms"

MOST_BY_OTHERS = 0.15
"""The part of all cores that others may use during an event that counts."""

PATIENCE = 3.0
"""Seconds before looking for a quiet moment again."""

TRIES = 10
"""How many times as many events as are needed may be delivered to find quiet ones."""


def timing(case: Case, stub: Stub, *, core: int) -> Timing:
    """Return the medians; raise `CannotMeasure` when the machine is busy with something else."""
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(TRIES * COLD_EVENTS):
        with _started(case, stub, core) as dispatcher:
            cold += _last(case, stub, dispatcher)
            for _ in range(WARMING_EVENTS):
                _last(case, stub, dispatcher)
            for _ in range(WARM_EVENTS):
                if len(warm) < WARM_EVENTS:
                    warm += _last(case, stub, dispatcher)
        if len(cold) >= COLD_EVENTS and len(warm) >= WARM_EVENTS:
            return Timing.of(cold, warm)
        time.sleep(0.0 if cold else PATIENCE)
    raise CannotMeasure("the machine is busy with something else: no quiet moment was found")


@contextmanager
def _started(case: Case, stub: Stub, core: int) -> Iterator[Dispatcher]:
    settings = case.settings
    environment = {
        **of_function("broadcast", stub, world="row", page_size=settings.page_size),
        "ROOMCAST_CALLBACK_URL": stub.url(STAGE),
        "ROOMCAST_POSTS_PER_SECOND": str(settings.posts_per_second),
    }
    setup = Setup(core, environment, case.room, case.members, settings.global_shards, TIMES)
    with workers(setup, pages=settings.page_workers, queue_seconds=QUEUE_SECONDS) as dispatcher:
        yield dispatcher


def _last(case: Case, stub: Stub, dispatcher: Dispatcher) -> list[float]:
    """Deliver an event; return the seconds to its last member if the machine was quiet meanwhile.

    Raises `CannotMeasure` when a member got none, or two.
    """
    before = Usage.now(stub.pid)
    delivery = dispatcher.deliver(of_the_bus(envelope(case.room)))
    others = Usage.now(stub.pid).others_since(before, workers=delivery.cpu)
    if delivery.answers != case.members:
        raise CannotMeasure(f"{delivery.answers} answers for {case.members} members")
    time.sleep(PAUSE)
    return [delivery.last] if others <= MOST_BY_OTHERS else []
