"""Decides what follows from each post; `sender` carries it out. No I/O, no clock.

outcome      then
SENT         nothing more
GONE         forget the connection, unless it is so young that its handshake may not be done
THROTTLED    post again, after the wait that API Gateway named or a backoff
FAILED       post again after a backoff
TOO_LARGE    give up: no later attempt can succeed (the publisher refuses such events)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from roomcast_backend.gateway.posts import HANDSHAKE_SECONDS, Outcome, Posted
from roomcast_backend.model.connection import Member

ATTEMPTS = 4
"""Posts to one member within one invocation."""

FIRST_BACKOFF = 0.1
LONGEST_BACKOFF = 2.0


class Verdict(Enum):
    """What becomes of a member after a post."""

    DONE = "done"
    FORGET = "forget"
    AGAIN = "again"
    GIVE_UP = "give_up"


def decide(posted: Posted, *, now: float) -> Verdict:
    """Decide what an outcome means for its member; `now` in epoch seconds."""
    match posted.outcome:
        case Outcome.SENT:
            return Verdict.DONE
        case Outcome.GONE:
            young = now - posted.post.member.joined_at < HANDSHAKE_SECONDS
            return Verdict.AGAIN if young else Verdict.FORGET
        case Outcome.TOO_LARGE:
            return Verdict.GIVE_UP
        case Outcome.THROTTLED | Outcome.FAILED:
            return Verdict.AGAIN


def backoff(attempt: int, *, jitter: float, retry_after: float = 0.0) -> float:
    """Return the seconds before attempt number `attempt` + 1; `jitter` is random, 0 to 1."""
    longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**attempt)
    return max(retry_after, jitter * longest)


def next_attempt_in(
    attempt: int, *, left: int, remaining: float, jitter: float, retry_after: float = 0.0
) -> float | None:
    """Return the seconds until so many members are posted to again; None when they are not.

    `attempt` is the one that has ended, from 0; `remaining` is the invocation's time in seconds.
    """
    wait = backoff(attempt, jitter=jitter, retry_after=retry_after)
    if not left or attempt >= ATTEMPTS - 1 or wait >= remaining:
        return None
    return wait


@dataclass(frozen=True, slots=True)
class SortedMembers:
    """Members of a page by what they get."""

    deliver: list[Member]
    expired: list[Member]


def sort_members(members: Iterable[Member], *, skip: frozenset[str], now: float) -> SortedMembers:
    """Separate who gets the event from whose token has expired; leave out the muted and `skip`."""
    deliver: list[Member] = []
    expired: list[Member] = []
    for member in members:
        if member.expires_at <= now:
            expired.append(member)
        elif not member.muted and member.connection_id not in skip:
            deliver.append(member)
    return SortedMembers(deliver, expired)


def members_before(members: Iterable[Member], *, started: float) -> Iterator[str]:
    """Yield who was a member when an event's fan-out `started`, and so was reached through it.

    Clocks of two containers differ by less than a second; who joined within the last two may get a
    second copy, which its `id` tells, rather than none.
    """
    return (member.connection_id for member in members if member.joined_at < started - 2)
