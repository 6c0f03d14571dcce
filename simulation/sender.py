"""The posts of one invocation, in rounds: `sender`, `gateway` and `aws.transport`, simulated."""

from collections.abc import Callable

from simulation.container import Container
from simulation.world import Event, World
from roomcast_backend.fanout.retry_policy import backoff

SENDING = 0.6
"""The part of a post's processor time that is spent before it is sent; the rest on its answer."""


class Sender:
    """Posts to members as they are found; calls `done` when no more come and all is answered.

    `left` members could not be reached: refused in every round, or the time was over.
    """

    def __init__(
        self,
        world: World,
        container: Container,
        event: Event,
        *,
        until: float,
        done: Callable[[], None],
    ) -> None:
        self._world = world
        self._container = container
        self._event = event
        self._until = until
        self._done = done
        self._waiting = 0
        self._in_flight = 0
        self._round = 0
        self._more = True
        self._asleep = False
        self._waking = False
        self._ended = False
        self._lanes_used = 0
        self.left = 0

    def add(self, count: int) -> None:
        """Post to so many members more."""
        self._waiting += count
        self.pump()

    def close(self) -> None:
        """No more members come."""
        self._more = False
        self.pump()

    def pump(self) -> None:
        """Send what can be sent now; whatever is in the way calls this again when it is gone."""
        while self._waiting and not self._asleep:
            if self._world.loop.now >= self._until:
                self.left += self._waiting
                self._waiting = 0
            elif not self._post_some():
                return
        self._end_round()

    def _post_some(self) -> bool:
        """Post to some members; return False when that has to wait."""
        world, container = self._world, self._container
        if container.processor.free_at > world.loop.now:
            self._wake_when_free()
            return False
        can = container.idle or container.may_open
        count = min(can, self._waiting, world.grain)
        if count <= 0:
            return False  # an answer, or a connection that opens, goes on from here
        count = container.pace.take(count)
        if count == 0:
            self._sleep(min(self._waiting, world.grain))
            return False
        self._waiting -= count
        self._in_flight += count
        first = max(0, self._in_flight - self._lanes_used)
        self._lanes_used += first
        if container.idle:
            container.idle -= count
            self._send(count, first)
        else:
            container.open_lanes(count, lambda: self._send(count, 0))
        return True

    def _send(self, count: int, first: int) -> None:
        """Send posts, the `first` ones over connections that were idle until now.

        The ones used last are taken first: no more of them are woken than are in flight.
        """
        world = self._world
        cpu = count * world.constants.post_cpu * SENDING + first * world.constants.idle_lane_cpu
        sent = self._container.processor.work(cpu, world.loop.now)
        world.loop.at(sent, self._arrive, count)

    def _arrive(self, count: int) -> None:
        world = self._world
        now = world.loop.now
        taken, answered = world.gateway.post(count, now, world.random)
        world.record.posts[int(now)] += taken
        world.record.refused += count - taken
        world.loop.at(answered, self._answer, taken, count - taken)
        self.pump()

    def _answer(self, taken: int, refused: int) -> None:
        world = self._world
        cpu = (taken + refused) * world.constants.post_cpu * (1 - SENDING)
        handled = self._container.processor.work(cpu, world.loop.now)
        world.loop.at(handled, self._handle, taken, refused)

    def _handle(self, taken: int, refused: int) -> None:
        self._in_flight -= taken + refused
        self._container.idle += taken + refused
        if taken:
            self._event.reach(taken, self._world.loop.now)
        if refused:
            self.left += refused
            self._container.pace.slow_down()
        self.pump()

    def _end_round(self) -> None:
        """Post again to who is left, a few times; then it is over."""
        if self._more or self._waiting or self._in_flight or self._asleep or self._ended:
            return
        world = self._world
        wait = backoff(self._round, jitter=world.random.random())
        last = self._round == world.attempts - 1
        if not self.left or last or world.loop.now + wait >= self._until:
            self._ended = True
            self._done()
            return
        self._round += 1
        self._waiting, self.left = self.left, 0
        self._asleep = True
        world.loop.at(world.loop.now + wait, self._wake)

    def _sleep(self, wanted: int) -> None:
        loop = self._world.loop
        self._asleep = True
        loop.at(loop.now + self._container.pace.wait(wanted), self._wake)

    def _wake(self) -> None:
        self._asleep = False
        self.pump()

    def _wake_when_free(self) -> None:
        if not self._waking:
            self._waking = True
            self._world.loop.at(self._container.processor.free_at, self._woken)

    def _woken(self) -> None:
        self._waking = False
        self.pump()
