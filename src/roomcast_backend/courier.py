"""Posts frames to members and sees to what comes back, within the time that is left."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from roomcast_backend.connections import Member
from roomcast_backend.delivery import ATTEMPTS, Outcome, Post, Posted, Verdict, backoff, judge
from roomcast_backend.gateway import Gateway
from roomcast_backend.stores.memberships import MembershipStore

CHUNK = 200
"""Posts between two looks at the clock."""

FrameFor = Callable[[str], bytes]
"""Gives the frame for a protocol; called once per protocol, not once per member."""


@dataclass(slots=True)
class Round:
    """What came of posting to some members; `left` could not be reached yet."""

    left: list[Member] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    forgotten: int = 0


class Courier:
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
        self._memberships = memberships
        self._clock = clock
        self._sleep = sleep

    def post(
        self, members: Sequence[Member], frame_for: FrameFor, *, room: str, until: float
    ) -> Round:
        """Post to every member, met in `room`, until the clock says `until` (epoch seconds)."""
        result = Round(left=list(members))
        frames: dict[str, bytes] = {}
        for attempt in range(ATTEMPTS):
            posts = [_addressed(member, frames, frame_for) for member in result.left]
            result.left = []
            wait = backoff(attempt, jitter=random.random())  # noqa: S311
            for posted in self._posted(posts, result.left, until):
                wait = max(wait, posted.retry_after)
                self._see_to(posted, result, room)
            if not result.left or self._clock() + wait >= until:
                break
            if attempt < ATTEMPTS - 1:
                self._sleep(wait)
        return result

    def _posted(self, posts: Sequence[Post], left: list[Member], until: float) -> Iterator[Posted]:
        """Yield what came of each post; members for whom no time was left go to `left`."""
        for start in range(0, len(posts), CHUNK):
            chunk = posts[start : start + CHUNK]
            if self._clock() < until:
                yield from self._gateway.post_all(chunk)
            else:
                left += [post.member for post in chunk]

    def _see_to(self, posted: Posted, result: Round, room: str) -> None:
        result.outcomes[posted.outcome] += 1
        member = posted.post.member
        match judge(posted, now=self._clock()):
            case Verdict.FORGET:
                self._memberships.forget(member.connection_id, seen_in=[room])
                result.forgotten += 1
            case Verdict.AGAIN:
                result.left.append(member)
            case Verdict.DONE | Verdict.GIVE_UP:
                pass


def _addressed(member: Member, frames: dict[str, bytes], frame_for: FrameFor) -> Post:
    if member.protocol not in frames:
        frames[member.protocol] = frame_for(member.protocol)
    return Post(member, frames[member.protocol])
