"""Posts frames to members and sees to what comes back, within the time that is left."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from roomcast_backend.fanout.retry_policy import Verdict, decide, next_attempt_in
from roomcast_backend.gateway.connections_api import Gateway
from roomcast_backend.gateway.posts import Outcome, Post, Posted
from roomcast_backend.lifecycle.cleanup import Cleanup
from roomcast_backend.model.connection import Member
from roomcast_backend.stores.memberships import MembershipStore

FrameFor = Callable[[str], bytes]
"""Gives the frame for a protocol; called once per protocol, not once per member."""


@dataclass(slots=True)
class SendResult:
    """What came of posting to some members; `left` could not be reached yet."""

    left: list[Member] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    forgotten: int = 0


class Sender:
    """Posts, repeats what may pass, and forgets connections that are gone."""

    def __init__(
        self,
        gateway: Gateway,
        memberships: MembershipStore,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gateway = gateway
        self._cleanup = Cleanup(memberships, clock=clock)
        self._clock = clock
        self._sleep = sleep

    def post(
        self, members: Iterable[Member], frame_for: FrameFor, *, room: str, until: float
    ) -> SendResult:
        """Post to every member, met in `room`, until the clock says `until` (epoch seconds).

        Members are taken as they can be posted to: they may still be read meanwhile.
        """
        result = SendResult()
        frames: dict[str, bytes] = {}
        gone: list[Member] = []
        for attempt in count():
            waiting, result.left = members if attempt == 0 else result.left, []
            posts = self._posts(waiting, result.left, frames, frame_for, until)
            retry_after = self._post_all(posts, result, gone)
            wait = next_attempt_in(
                attempt,
                left=len(result.left),
                remaining=until - self._clock(),
                jitter=random.random(),  # noqa: S311
                retry_after=retry_after,
            )
            if wait is None:
                break
            self._sleep(wait)
        result.forgotten = self._cleanup.forget(gone, room=room, until=until)
        return result

    def _posts(
        self,
        members: Iterable[Member],
        left: list[Member],
        frames: dict[str, bytes],
        frame_for: FrameFor,
        until: float,
    ) -> Iterator[Post]:
        """Yield a post for each member; those for whom no time was left go to `left`."""
        clock = self._clock
        for member in members:
            if clock() >= until:
                left.append(member)
                continue
            frame = frames.get(member.protocol)
            if frame is None:
                frame = frames[member.protocol] = frame_for(member.protocol)
            yield Post(member, frame)

    def _post_all(self, posts: Iterator[Post], result: SendResult, gone: list[Member]) -> float:
        """Post; return the longest wait that API Gateway named, in seconds."""
        sent = 0
        wait = 0.0
        for posted in self._gateway.post_all(posts):
            if posted.outcome is Outcome.SENT:
                sent += 1
                continue
            result.outcomes[posted.outcome] += 1
            wait = max(wait, posted.retry_after)
            self._see_to(posted, result.left, gone)
        if sent:
            result.outcomes[Outcome.SENT] += sent
        return wait

    def _see_to(self, posted: Posted, left: list[Member], gone: list[Member]) -> None:
        match decide(posted, now=self._clock()):
            case Verdict.FORGET:
                gone.append(posted.post.member)
            case Verdict.AGAIN:
                left.append(posted.post.member)
            case Verdict.DONE | Verdict.GIVE_UP:
                pass
