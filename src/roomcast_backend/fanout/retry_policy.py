"""Decides what to do after each post; `sender` does it. No I/O, no clock.

outcome      decision
SENT         done
GONE         forget the connection, unless it is so young that its handshake may not be done
THROTTLED    retry after the longer of API Gateway's Retry-After and the backoff
FAILED       retry after a backoff
TOO_LARGE    give up: this frame can never be posted, but the event without its data can
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from roomcast.backoff import Backoff
from roomcast_backend.gateway.posts import MAX_HANDSHAKE_SECONDS, Outcome, Posted
from roomcast_backend.model.connection import Member

ATTEMPTS = 4
"""The most posts to one member within one invocation."""

BACKOFF = Backoff(base=0.1, cap=2.0, attempts=ATTEMPTS)


class Decision(Enum):
    """What to do about a member after a post."""

    DONE = "done"
    FORGET = "forget"
    RETRY = "retry"
    GIVE_UP = "give_up"


def decide(posted: Posted, *, now: float) -> Decision:
    """Return what to do about the member of a post; `now` is epoch seconds."""
    match posted.outcome:
        case Outcome.SENT:
            return Decision.DONE
        case Outcome.GONE:
            young = now - posted.post.member.joined_at < MAX_HANDSHAKE_SECONDS
            return Decision.RETRY if young else Decision.FORGET
        case Outcome.TOO_LARGE:
            return Decision.GIVE_UP
        case Outcome.THROTTLED | Outcome.FAILED:
            return Decision.RETRY


def backoff(attempt: int, *, jitter: float, retry_after: float = 0.0) -> float:
    """Return the seconds to wait after attempt number `attempt`, which counts from 0.

    `jitter`, a random number from 0 to 1, says how much of the longest wait it is (full jitter).
    The wait is never shorter than `retry_after`.
    """
    return max(retry_after, BACKOFF.pause(attempt, lambda: jitter))


def next_attempt_in(
    attempt: int, *, left: int, remaining: float, jitter: float, retry_after: float = 0.0
) -> float | None:
    """Return the seconds to wait before the next attempt, None when there is none.

    `attempt` is the number of the one that has ended, from 0; `left` counts the members to post to
    again. There is no next attempt after `ATTEMPTS`, nor when the wait is not shorter than the
    `remaining` seconds of the invocation.
    """
    wait = backoff(attempt, jitter=jitter, retry_after=retry_after)
    if not left or attempt >= ATTEMPTS - 1 or wait >= remaining:
        return None
    return wait


@dataclass(frozen=True, slots=True)
class SortedMembers:
    """The members of a page: those to deliver to, and those whose token has expired.

    `filtered` counts those that do not want events of this type.
    """

    deliver: list[Member]
    expired: list[Member]
    filtered: int = 0


def sort_members(
    members: Iterable[Member], event_type: str, *, skip: frozenset[str], now: float
) -> SortedMembers:
    """Sort the members of an event's room by whether their token has expired at `now` (epoch s).

    A muted member, one whose connection id is in `skip` and one that does not want this type of
    events get nothing and are in neither list.
    """
    deliver: list[Member] = []
    expired: list[Member] = []
    filtered = 0
    for member in members:
        if member.expires_at <= now:
            expired.append(member)
        elif member.muted or member.connection_id in skip:
            continue
        elif member.types.takes(event_type):
            deliver.append(member)
        else:
            filtered += 1
    return SortedMembers(deliver, expired, filtered)


def members_before(members: Iterable[Member], event_type: str, *, started: float) -> Iterator[str]:
    """Yield the ids of members that had joined before an event's fan-out `started`.

    The fan-out reaches them through that room, unless they are muted there or do not want this type
    of events from it; who changes that has joined anew. The clocks of two
    containers differ by less than a second, so a member that joined within the last two seconds is
    not counted: it may get a second copy, which it recognises by the event's `id`, rather than
    none.
    """
    return (
        member.connection_id
        for member in members
        if member.joined_at < started - 2 and not member.muted and member.types.takes(event_type)
    )
