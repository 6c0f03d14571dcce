"""Runs of the simulation as AWS is: rooms and settings, over several seeds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from statistics import median, quantiles
from typing import Any

from infra.functions import FUNCTIONS
from roomcast_backend.settings import Settings
from simulation.capacity import Processor, TokenBucket
from simulation.constants import Constants
from simulation.service import Service, room
from simulation.world import Event, Gateway, Record, Room, World

BROADCAST = next(row for row in FUNCTIONS if row.name == "broadcast")


def at_the_quota(**changes: Any) -> Settings:
    """Return the default settings with 90 % of the usual quota of posts."""
    return Settings(**{"posts_per_second": 9_000, **changes})


FINE = 2_000
"""Posts that are simulated one by one; of more, some are simulated as one."""

COARSEST = 50


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how the service runs; `warm` containers are there from the beginning."""

    constants: Constants
    settings: Settings = field(default_factory=at_the_quota)
    warm: int | None = None

    def world(self, *, seed: int, posts: int) -> World:
        """Return a world for so many posts."""
        constants = self.constants
        return World(
            settings=self.settings,
            constants=constants,
            gateway=Gateway(
                TokenBucket(constants.account_requests_per_s, constants.account_burst),
                answering=constants.post,
                round_trip=constants.round_trip,
            ),
            new_processor=lambda: Processor(constants.speed(BROADCAST.memory)),
            random=Random(seed),  # noqa: S311
            grain=max(1, min(COARSEST, posts // FINE)),
            timeout=BROADCAST.timeout,
        )

    @property
    def containers(self) -> int:
        """How many containers are there from the beginning: by default all that pages need."""
        return self.settings.page_workers + 1 if self.warm is None else self.warm


@dataclass(frozen=True)
class Run:
    """What came of one seed."""

    events: tuple[Event, ...]
    record: Record
    rooms: tuple[Room, ...]

    @cached_property
    def lasts(self) -> list[float]:
        """Seconds from each event's publishing to its last member."""
        return [event.last - event.published for event in self.events]

    @property
    def first(self) -> float:
        """Seconds from the first event's publishing to its first member."""
        return self.events[0].first - self.events[0].published

    @property
    def read_peak(self) -> int:
        """Read units that one partition took in one second, the most."""
        parts = (partition for room in self.rooms for partition in room.partitions)
        return max(max(partition.units.values(), default=0) for partition in parts)

    @property
    def read_units(self) -> int:
        """Read units in all."""
        parts = (partition for room in self.rooms for partition in room.partitions)
        return sum(sum(partition.units.values()) for partition in parts)

    @property
    def posts_peak(self) -> int:
        """Posts that API Gateway took in one second, the most."""
        return max(self.record.posts.values(), default=0)


def one_event(site: Site, *, name: str, members: int, seed: int = 0) -> Run:
    """Publish one event to a room of so many members."""
    world = site.world(seed=seed, posts=members)
    service = Service(world, warm=site.containers)
    target = room(world, name, members)
    service.publish(target)
    world.loop.run()
    return _checked(Run(tuple(service.events), world.record, (target,)))


def many_rooms(site: Site, *, members: int, rate: float, seconds: float, seed: int = 0) -> Run:
    """Publish events at a rate, by chance, each to another room of so many members."""
    world = site.world(seed=seed, posts=0)
    service = Service(world, warm=site.containers)
    rooms: list[Room] = []
    at = world.random.expovariate(rate)
    while at < seconds:
        rooms.append(room(world, f"project:{len(rooms)}", members))
        service.publish(rooms[-1], at)
        at += world.random.expovariate(rate)
    world.loop.run()
    return _checked(Run(tuple(service.events), world.record, tuple(rooms)))


def several(site: Site, *, name: str, members: int, seeds: int) -> list[Run]:
    """Return the runs of so many seeds."""
    return [one_event(site, name=name, members=members, seed=seed) for seed in range(seeds)]


def median_of(runs: list[Run], value: Callable[[Run], float]) -> float:
    """Return the median of a value over runs."""
    return median(map(value, runs))


def percentile(values: list[float], percent: int) -> float:
    """Return a percentile, between the values where it falls between two."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def _checked(run: Run) -> Run:
    """Return the run; everybody was reached once, or is counted as lost."""
    missing = sum(event.members - event.reached for event in run.events)
    if missing != run.record.lost:
        raise AssertionError(f"{missing} members are missing, {run.record.lost} were lost")
    return run
