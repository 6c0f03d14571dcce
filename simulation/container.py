"""A Lambda container: its processor, its pace, and the connections that it keeps open."""

import inspect
from collections.abc import Callable

from roomcast_backend.aws.http import pool_growth
from roomcast_backend.aws.http.transport import Transport
from simulation.capacity import Pace, Processor
from simulation.world import World

WINDOW: int = inspect.signature(Transport).parameters["window"].default
"""Posts in flight at the same time, each over a connection of its own."""


class Container:
    """What outlives an invocation; `connections` are those to API Gateway."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.processor: Processor = world.new_processor()
        self.pace = Pace(world.settings, clock=lambda: world.loop.now)
        self.connections = 0
        self.idle = 0
        self.opening = 0
        self.first_cpu = world.constants.first_cpu
        self.first_page_cpu = world.constants.first_page_cpu
        self._stores_idle = 0

    @property
    def may_open(self) -> int:
        """How many connections may be opened now."""
        at_once = pool_growth.growth_limit(self.connections - self.opening)
        return min(WINDOW - self.connections, at_once - self.opening)

    def open(self, count: int, then: Callable[[], None]) -> None:
        """Open connections for posts that are under way; call `then` when they are open."""
        self.connections += count
        self.opening += count
        world = self._world
        shaken = self.processor.work(count * world.constants.handshake_cpu, world.loop.now)

        def opened() -> None:
            self.opening -= count
            then()

        world.loop.at(world.gateway.handshake(count, shaken), opened)

    def call_store(self, took: float, then: Callable[[], None]) -> None:
        """Call DynamoDB or SQS, which takes so many seconds; a connection is opened if need be."""
        world = self._world
        now = world.loop.now
        if self._stores_idle:
            self._stores_idle -= 1
        else:
            now = self.processor.work(world.constants.handshake_cpu, now)
            now += 2 * world.constants.round_trip

        def answered() -> None:
            self._stores_idle += 1
            then()

        world.loop.at(now + took, answered)

    def connect(self, *, connections: int, stores: int) -> None:
        """Have been invoked before, and so many connections open since."""
        self.first_cpu = self.first_page_cpu = 0.0
        self.connections = self.idle = connections
        self._stores_idle = stores
