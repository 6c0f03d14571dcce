"""The simulation of this machine: all processes share one core, the stub has another."""

from dataclasses import dataclass, replace
from random import Random
from statistics import median

from simulation.capacity import Partition, Processor, TokenBucket
from simulation.cases import (
    PAUSE,
    QUEUE_SECONDS,
    TIMES,
    UNLIMITED,
    WARM_EVENTS,
    WARMING_EVENTS,
    Case,
    Timing,
)
from simulation.constants import Constants, values
from simulation.container import Container
from simulation.latency import Latency
from simulation.real.rows import shard_sizes
from simulation.service import Functions, Service
from simulation.world import Gateway, Room, Task, World

PIPE_SECONDS = 0.0005
"""From here to a process; also a round trip to the stub, at most."""

SEEDS = 5


@dataclass(frozen=True, slots=True)
class Steps:
    """What single steps take on this machine, in seconds: what `real.calibrate` prints."""

    handshake_cpu: float
    stub_handshake_cpu: float
    post_cpu: float
    stub_post_cpu: float
    posting: float
    idle_connection_cpu: float
    member_cpu: float
    invocation_cpu: float
    first_cpu: float
    first_page_cpu: float


class Apart(Functions):
    """Containers as the real run has them: one for the bus, the others take turns at the pages."""

    def take(self, task: Task) -> Container | None:
        """Return the container of the bus, else the one that has been idle longest."""
        if task.from_bus:
            return self._bus
        return self._idle.pop(0)

    def give_back(self, container: Container) -> None:
        """Have a container back."""
        if container is not self._bus:
            self._idle.append(container)

    def set_up(self, *, warm: int) -> None:
        """Make the containers: they have imported all, and have no connections to the stub."""
        self._bus, *self._idle = (Container(self.world) for _ in range(1 + warm))
        for container in (self._bus, *self._idle):
            container.connect(connections=0, stores=UNLIMITED)
            container.first_cpu = self.world.constants.first_cpu
            container.first_page_cpu = self.world.constants.first_page_cpu


def timing(case: Case, steps: Steps) -> Timing:
    """Return the medians of a case over several seeds."""
    timings = [_sequence(case, steps, seed) for seed in range(SEEDS)]
    return Timing(median(one.cold for one in timings), median(one.warm for one in timings))


def _sequence(case: Case, steps: Steps, seed: int) -> Timing:
    world = _world(case, steps, seed)
    service = Service(world, warm=case.settings.page_workers, functions=Apart)
    sizes = shard_sizes(case.room, case.members, case.settings.global_shards)
    partitions = tuple(
        Partition(f"{case.room}#{shard}", TokenBucket(UNLIMITED, UNLIMITED))
        for shard in range(len(sizes))
    )
    room = Room(case.room, partitions, tuple(sizes))
    at, lasts = 0.0, []
    for _ in range(1 + WARMING_EVENTS + WARM_EVENTS):
        event = service.publish(room, at)
        world.loop.run()
        lasts.append(event.last - event.published)
        at = world.loop.now + PAUSE
    return Timing.of(lasts[:1], lasts[1 + WARMING_EVENTS :])


def _world(case: Case, steps: Steps, seed: int) -> World:
    core, stub = Processor(1.0), Processor(1.0)
    gateway = Gateway(
        TokenBucket(UNLIMITED, UNLIMITED),
        answering=Latency.fixed(steps.posting),
        round_trip=PIPE_SECONDS / 5,
        server=stub,
        post_cpu=steps.stub_post_cpu,
        handshake_cpu=steps.stub_handshake_cpu,
    )
    constants = replace(
        Constants.of(values()),
        post_cpu_at_10ms=steps.post_cpu,
        handshake_cpu=steps.handshake_cpu,
        member_read_cpu=steps.member_cpu,
        invocation_cpu=steps.invocation_cpu,
        first_cpu=steps.first_cpu,
        first_page_cpu=steps.first_page_cpu,
        idle_connection_cpu=steps.idle_connection_cpu,
        bus=Latency.fixed(PIPE_SECONDS),
        queue=Latency.fixed(QUEUE_SECONDS),
        query=Latency.fixed(TIMES.query),
        query_per_kb=0.0,
        write=Latency.fixed(TIMES.write),
        send_message=Latency.fixed(TIMES.send),
    )
    return World(
        settings=case.settings,
        constants=constants,
        gateway=gateway,
        new_processor=lambda: core,
        random=Random(seed),  # noqa: S311
    )
