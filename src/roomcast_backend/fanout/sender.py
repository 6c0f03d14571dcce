"""Posts frames to members, retries what may succeed later, and forgets connections that are gone.

members ─▶ attempt 1 ─▶ those to retry ─▶ backoff ─▶ attempt 2 ─▶ …
             ├─ gone: forgotten after the last attempt
             └─ no time or no attempt left: returned as `unreached`
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from roomcast_backend.fanout.retry_policy import Decision, decide, next_attempt_in
from roomcast_backend.gateway.posts import Outcome, Post, Posted
from roomcast_backend.lifecycle.cleanup import Cleanup
from roomcast_backend.model.connection import Member

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.lifecycle.ports import ConnectionRemover

Encode = Callable[[str], bytes]
"""Returns the frame for a protocol; called once per protocol, not once per member."""


@dataclass(slots=True)
class SendResult:
    """The result of posting to some members.

    `unreached` are those that may be tried later, `too_large` those for whom the frame was,
    `bytes` the size of all frames that were sent.
    """

    unreached: list[Member] = field(default_factory=list)
    too_large: list[Member] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    bytes: int = 0
    forgotten: int = 0


class Frames(dict[str, bytes]):
    """The frame of each protocol, encoded when the first member of that protocol needs it."""

    def __init__(self, encode: Encode) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, protocol: str) -> bytes:
        frame = self[protocol] = self._encode(protocol)
        return frame


@dataclass(slots=True)
class Attempt:
    """One attempt to post to each of some members, and what came of it.

    All fields are empty before `run` and complete after it. `retry` are the members to post to in a
    later attempt, `gone` those whose connection no longer exists, `too_large` those for whom the
    frame was, `retry_after` the longest wait that API Gateway named, in seconds, `bytes` the size
    of the frames that were sent.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    bytes: int = 0
    retry: list[Member] = field(default_factory=list)
    gone: list[Member] = field(default_factory=list)
    too_large: list[Member] = field(default_factory=list)
    retry_after: float = 0.0

    def run(
        self,
        members: Iterable[Member],
        frames: Frames,
        *,
        gateway: "Gateway",
        clock: Callable[[], float],
        until: float,
    ) -> None:
        """Post to every member, until the clock says `until`."""
        sent = size = 0
        for posted in gateway.post_all(self._posts(members, frames, clock, until)):
            if posted.outcome is Outcome.SENT:
                sent += 1
                size += len(posted.post.frame)
            else:
                self._note_failure(posted, now=clock())
        if sent:
            self.outcomes[Outcome.SENT] = sent
        self.bytes = size

    def _posts(
        self, members: Iterable[Member], frames: Frames, clock: Callable[[], float], until: float
    ) -> Iterator[Post]:
        """Yield a post for each member; members for whom no time is left go to `retry`.

        This runs once for each post of a fan-out, hence one plain loop without further calls.
        """
        for member in members:
            if clock() < until:
                yield Post(member, frames[member.protocol])
            else:
                self.retry.append(member)

    def _note_failure(self, posted: Posted, *, now: float) -> None:
        self.outcomes[posted.outcome] += 1
        self.retry_after = max(self.retry_after, posted.retry_after)
        match decide(posted, now=now):
            case Decision.FORGET:
                self.gone.append(posted.post.member)
            case Decision.RETRY:
                self.retry.append(posted.post.member)
            case Decision.GIVE_UP:
                self.too_large.append(posted.post.member)
            case Decision.DONE:
                pass


class Sender:
    """Posts to members in several attempts and forgets connections that are gone."""

    def __init__(
        self,
        gateway: "Gateway",
        memberships: "ConnectionRemover",
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gateway = gateway
        self._cleanup = Cleanup(memberships, clock=clock)
        self._clock = clock
        self._sleep = sleep

    def post(
        self, members: Iterable[Member], encode: Encode, *, room: str, until: float
    ) -> SendResult:
        """Post to every member of `room`, until the clock says `until` (epoch seconds).

        A member is taken from `members` when it can be posted to, so `members` may be a generator
        that still reads. All of them are taken, even when the time is over.
        """
        result = SendResult()
        frames = Frames(encode)
        gone: list[Member] = []
        for number in count():
            attempt = Attempt()
            attempt.run(members, frames, gateway=self._gateway, clock=self._clock, until=until)
            result.outcomes += attempt.outcomes
            result.bytes += attempt.bytes
            gone += attempt.gone
            result.too_large += attempt.too_large
            members = result.unreached = attempt.retry
            wait = self._wait_after(number, attempt, until)
            if wait is None:
                break
            self._sleep(wait)
        result.forgotten = self._cleanup.forget(gone, room=room, until=until)
        return result

    def _wait_after(self, number: int, attempt: Attempt, until: float) -> float | None:
        """Return the seconds to wait after attempt `number`, None when it was the last."""
        return next_attempt_in(
            number,
            left=len(attempt.retry),
            remaining=until - self._clock(),
            jitter=random.random(),  # noqa: S311
            retry_after=attempt.retry_after,
        )
