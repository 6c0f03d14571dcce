"""A Lambda container: its processor, its pace, and the connections that it keeps open."""

import inspect
from collections.abc import Callable

from simulation.capacity import Budget, Processor
from simulation.world import World
from roomcast_backend.aws.http.pool_growth import growth_limit
from roomcast_backend.aws.http.transport import Transport

WINDOW: int = inspect.signature(Transport).parameters["window"].default
"""Posts in flight at the same time, each over a connection of its own."""


class Container:
    """What outlives an invocation. `lanes` are connections to API Gateway."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.processor: Processor = world.new_processor()
        self.pace = Budget(world.share.rate, burst=world.share.burst, clock=lambda: world.loop.now)
        self.lanes = 0
        self.idle = 0
        self.opening = 0
        self.first_cpu = world.constants.first_cpu
        self.first_page_cpu = world.constants.first_page_cpu
        self._stores_idle = 0

    @property
    def may_open(self) -> int:
        """How many connections may be opened now."""
        at_once = growth_limit(self.lanes - self.opening)
        return min(WINDOW - self.lanes, at_once - self.opening)

    def open_lanes(self, count: int, then: Callable[[], None]) -> None:
        """Open connections for posts that are under way; call `then` when they are open."""
        self.lanes += count
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

    def connect(self, *, lanes: int, stores: int) -> None:
        """Have been invoked before, and so many connections open since."""
        self.first_cpu = self.first_page_cpu = 0.0
        self.lanes = self.idle = lanes
        self._stores_idle = stores
