"""The posts of one invocation, in rounds: `sender`, `gateway` and `aws.transport`, simulated."""

from collections.abc import Callable

from roomcast_backend.fanout import retry_policy
from roomcast_backend.fanout.retry_policy import Decision
from roomcast_backend.gateway.posts import Outcome, Post, Posted
from roomcast_backend.model.connection import JSON, Member
from simulation.container import Container
from simulation.world import Event, World

SENDING = 0.6
"""The part of a post's processor time that is spent before it is sent; the rest on its answer."""

NEVER_EARLY = 1e-9
"""Seconds that a sleep takes longer: what it was for is there then, in spite of rounding."""

POST = Post(Member("", JSON, expires_at=2**31, joined_at=0), b"")
"""Every post: to a member whose handshake was done long ago."""


class Sender:
    """Posts to members as they are found; calls `done` when no more come and all is answered.

    `unreached` members are left then: refused in every round, or the time was over.
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
        self._connections_used = 0
        self.unreached = 0

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
                self.unreached += self._waiting
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
        count, wait = container.pace.take(count)
        if count == 0:
            self._sleep(wait + NEVER_EARLY)
            return False
        self._post(count)
        return True

    def _post(self, count: int) -> None:
        container = self._container
        self._waiting -= count
        self._in_flight += count
        first = max(0, self._in_flight - self._connections_used)
        self._connections_used += first
        if container.idle:
            container.idle -= count
            self._send(count, first)
        else:
            container.open(count, lambda: self._send(count, 0))

    def _send(self, count: int, first: int) -> None:
        """Send posts, the `first` ones over connections that were idle until now.

        The ones used last are taken first: no more of them are woken than are in flight.
        """
        constants = self._world.constants
        cpu = count * constants.post_cpu_at_10ms * SENDING + first * constants.idle_connection_cpu
        sent = self._container.processor.work(cpu, self._world.loop.now)
        self._world.loop.at(sent, self._arrive, count)

    def _arrive(self, count: int) -> None:
        world = self._world
        now = world.loop.now
        taken, answered = world.gateway.post(count, now, world.random)
        world.record.posts[int(now)] += taken
        world.record.refused += count - taken
        world.loop.at(answered, self._answer, taken, count - taken)
        self.pump()

    def _answer(self, taken: int, refused: int) -> None:
        cpu = (taken + refused) * self._world.constants.post_cpu_at_10ms * (1 - SENDING)
        handled = self._container.processor.work(cpu, self._world.loop.now)
        self._world.loop.at(handled, self._handle, taken, refused)

    def _handle(self, taken: int, refused: int) -> None:
        self._in_flight -= taken + refused
        self._container.idle += taken + refused
        if taken:
            self._decide(Outcome.SENT, taken)
        if refused:
            self._container.pace.refuse(refused)
            self._decide(Outcome.THROTTLED, refused)
        self.pump()

    def _decide(self, outcome: Outcome, count: int) -> None:
        """Do with so many members what the retry policy says."""
        now = self._world.loop.now
        match retry_policy.decide(Posted(POST, outcome), now=now):
            case Decision.DONE:
                self._event.reach(count, now)
            case Decision.RETRY:
                self.unreached += count
            case Decision.FORGET | Decision.GIVE_UP:
                self._world.record.lost += count

    def _end_round(self) -> None:
        """Post again to who is left, as long as the retry policy says."""
        if self._more or self._waiting or self._in_flight or self._asleep or self._ended:
            return
        wait = retry_policy.next_attempt_in(
            self._round,
            left=self.unreached,
            remaining=self._until - self._world.loop.now,
            jitter=self._world.random.random(),
        )
        if wait is None:
            self._ended = True
            self._done()
            return
        self._round += 1
        self._waiting, self.unreached = self.unreached, 0
        self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        self._asleep = True
        self._world.loop.at(self._world.loop.now + seconds, self._wake)

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
