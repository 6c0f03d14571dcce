"""Decides what became of an event for each connection of a user; no I/O, reads no clock.

A membership says when it was written last: by joining, by leaving an automatic room, with other
types, or with a fresh token. Only what was written before the fan-out began was so when its members
were read, and only what was written after it ended was not read. Of all else nothing is claimed.

              begun_at                    ended_at
written before   │   written meanwhile       │   written after
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from roomcast_backend.explain.facts import MARGIN_MS, ConnectionFacts, FanOut, RoomFacts
from roomcast_backend.explain.times import moment
from roomcast_backend.model.access import may_join
from roomcast_backend.model.connection import Member
from roomcast_backend.model.order import sent_at, version_name


class Verdict(StrEnum):
    """What became of an event; of several verdicts the first one here counts.

    docs/troubleshooting.md has what to do for each of them.
    """

    POSTED = "posted"
    UNDER_WAY = "under_way"
    MEANWHILE = "meanwhile"
    LEFT_OUT = "left_out"
    FILTERED = "filtered"
    MUTED = "muted"
    EXPIRED = "expired"
    JOINED_LATER = "joined_later"
    CONNECTED_LATER = "connected_later"
    ACCESS_ENDED = "access_ended"
    NOT_SUBSCRIBED = "not_subscribed"
    NOT_ALLOWED = "not_allowed"
    NOT_CONNECTED = "not_connected"
    NOT_KNOWN = "not_known"
    UNKNOWN_EVENT = "unknown_event"


ORDER = list(Verdict)


@dataclass(frozen=True, slots=True)
class Found:
    """A verdict, the public name of the room that it is about, and the reason in one sentence."""

    verdict: Verdict
    reason: str
    room: str = ""


def of_connection(facts: ConnectionFacts, fan_out: FanOut, rooms: Sequence[RoomFacts]) -> Found:
    """Return what became of an event with one connection: the best of what its rooms say.

    A connection in several rooms of an event gets one copy, through the first of them.
    """
    return best([_in_room(facts, fan_out, room) for room in rooms])


def best(found: Sequence[Found]) -> Found:
    """Return the first of those with the verdict that counts most; there is at least one."""
    return min(found, key=lambda each: ORDER.index(each.verdict))


def _in_room(facts: ConnectionFacts, fan_out: FanOut, room: RoomFacts) -> Found:
    member = facts.memberships.get(str(room.room))
    if member is None:
        return _no_member(facts, fan_out, room)
    name = room.room.name
    if room.is_left_out:
        reason = f"a newer event of the same publisher had told {name} all that this one tells"
        return Found(Verdict.LEFT_OUT, reason, name)
    written = member.joined_at * 1000
    if written < fan_out.begun_at - MARGIN_MS:
        return _of_member(member, fan_out, name)
    if member.muted:
        reason = (
            f"it has left {name}, noted last at {moment(written)}, not before the event came: "
            "whether it had left before is not known"
        )
        return Found(Verdict.MUTED, reason, name)
    if fan_out.ended_at and written > fan_out.ended_at + MARGIN_MS:
        return _written_after(facts, fan_out, room, written)
    reason = (
        f"its membership of {name} was written at {moment(written)}, while the event was being "
        "delivered: whether it was read in time is not known"
    )
    return Found(Verdict.MEANWHILE, reason, name)


def _of_member(member: Member, fan_out: FanOut, name: str) -> Found:
    """Return the verdict on a membership that was there, as it is, before the fan-out began."""
    expires = member.expires_at * 1000
    since = f"a member of {name} since {moment(member.joined_at * 1000)} or longer"
    if expires <= fan_out.begun_at:
        reason = f"its token had expired at {moment(expires)}, before the event came"
        return Found(Verdict.EXPIRED, reason, name)
    if member.muted:
        return Found(Verdict.MUTED, f"it had left {name}, where it is listed only", name)
    if not member.types.takes(fan_out.event_type):
        reason = f"{since}, but its types do not take {fan_out.event_type}"
        return Found(Verdict.FILTERED, reason, name)
    if not fan_out.ended_at:
        reason = f"{since}, and the fan-out has not ended: whether it was posted is not known"
        return Found(Verdict.UNDER_WAY, reason, name)
    if expires <= fan_out.ended_at:
        reason = f"its token expired at {moment(expires)}, while the event was being delivered"
        return Found(Verdict.MEANWHILE, reason, name)
    reason = (
        f"{since}, and the fan-out has ended: it was posted to. Whether its page was still there, "
        "and what that did with it, is not known"
    )
    return Found(Verdict.POSTED, reason, name)


def _written_after(facts: ConnectionFacts, fan_out: FanOut, room: RoomFacts, written: int) -> Found:
    name = room.room.name
    if facts.connected_at > fan_out.ended_at + MARGIN_MS:
        return _connected_later(facts, name)
    reason = (
        f"its membership of {name} was written at {moment(written)}, after the event; whether it "
        "was a member before is not known: other types or a fresh token write it anew, too"
        f"{_last_command(facts, room)}"
    )
    return Found(Verdict.JOINED_LATER, reason, name)


def _connected_later(facts: ConnectionFacts, name: str) -> Found:
    reason = f"it was connected at {moment(facts.connected_at)}, after the event"
    return Found(Verdict.CONNECTED_LATER, reason, name)


def _no_member(facts: ConnectionFacts, fan_out: FanOut, room: RoomFacts) -> Found:
    """Return the verdict on a room that the connection is not in now.

    It may have been in it, and have left it since: what was is not kept.
    """
    connection, name = facts.connection, room.room.name
    removed_at = facts.ended.removed.get(str(room.room), 0)
    principal = connection.principal
    if connection.closing or (principal is not None and facts.ended.revokes(principal)):
        reason = "its access was ended: it is being closed, or its token is revoked"
        return Found(Verdict.ACCESS_ENDED, reason, name)
    if removed_at and removed_at >= connection.connected_at:
        reason = f"an order removed the user from {name} at {moment(removed_at * 1000)}"
        return Found(Verdict.ACCESS_ENDED, reason, name)
    if fan_out.ended_at and facts.connected_at > fan_out.ended_at + MARGIN_MS:
        return _connected_later(facts, name)
    if principal is None or not may_join(principal, room.room):
        reason = f"it is not in {name}, which its token does not open"
        return Found(Verdict.NOT_ALLOWED, reason, name)
    reason = (
        f"it is not in {name}, which its token opens; whether it was before is not known"
        f"{_last_command(facts, room)}"
    )
    return Found(Verdict.NOT_SUBSCRIBED, reason, name)


def _last_command(facts: ConnectionFacts, room: RoomFacts) -> str:
    """Return when the last `subscribe` or `unsubscribe` was sent; empty when that is not kept."""
    version = facts.connection.versions.get(version_name(str(room.room)), 0)
    if not version:
        return ""
    return f"; its last `subscribe` or `unsubscribe` of it was sent at {moment(sent_at(version))}"
