"""Decides who came and who went, from what was known and what is there now; no I/O.

A record of the stream says only that a membership has changed. So records may come twice, late and
in any order: what counts is what is there when they are looked at, and what was noted before.

noted   there now
-       ada         ada came
ada     -           a connection of ada's went
ada     bob         one of ada's went, bob came: the connection has another user's token
ada     ada         nothing
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roomcast_backend.stores.keys import room_of
from roomcast_backend.stores.presence import Membership, Person, Standing


@dataclass(slots=True)
class Changes:
    """What a batch has changed: memberships that are to be noted or forgotten, and people."""

    came: dict[Membership, str] = field(default_factory=dict)
    went: list[Membership] = field(default_factory=list)
    arrived: set[Person] = field(default_factory=set)
    departed: set[Person] = field(default_factory=set)


def memberships_of(records: Iterable[Mapping[str, Any]]) -> list[Membership]:
    """Return the memberships that stream records are of, each once."""
    found = (record["dynamodb"]["Keys"] for record in records)
    return list(
        dict.fromkeys(
            Membership(str(room_of(key["room"]["S"])), key["connection_id"]["S"]) for key in found
        )
    )


def name_of(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the same name for the same batch: Lambda repeats a batch unchanged."""
    content = " ".join(record["dynamodb"]["SequenceNumber"] for record in records)
    return hashlib.sha256(content.encode()).hexdigest()[:30]


def changes(
    memberships: Iterable[Membership],
    noted: Mapping[Membership, str],
    there: Mapping[Membership, str],
) -> Changes:
    """Return what has changed. Who has come with another connection has not departed."""
    found = Changes()
    for each in memberships:
        before, now = noted.get(each), there.get(each)
        if before == now:
            continue
        if before is not None:
            found.departed.add(Person(each.room, before))
        if now is None:
            found.went.append(each)
        else:
            found.came[each] = now
            found.arrived.add(Person(each.room, now))
    found.departed -= found.arrived
    return found


def standings_after(
    found: Changes, before: Mapping[Person, Standing], *, batch: str, until: int
) -> dict[Person, Standing]:
    """Return what to note of all who came, and of those who may have left.

    Who departs counts as present until a check finds nobody: should another check have noted
    otherwise just now, and take it back, this departure is not lost.
    """
    after: dict[Person, Standing] = {}
    for person in found.arrived:
        standing = before.get(person)
        joined_by = standing.joined_by if standing and standing.present else batch
        after[person] = Standing(present=True, until=until, joined_by=joined_by)
    for person in found.departed:
        if (standing := before.get(person)) is not None:
            after[person] = Standing(True, until, standing.joined_by, gone=batch)
    return after


def to_announce(
    arrived: Iterable[Person], before: Mapping[Person, Standing], *, batch: str
) -> list[Person]:
    """Return those who came and were not there before.

    A batch that was cut off has noted some of them already; its repeat announces these as well.
    """
    return [
        person
        for person in arrived
        if (standing := before.get(person)) is None
        or not standing.present
        or standing.joined_by == batch
    ]


def by_room(people: Collection[Person], most: int) -> Iterator[tuple[str, list[str]]]:
    """Yield for each room its users in the order of their ids, at most `most` at a time."""
    rooms: dict[str, list[str]] = {}
    for person in sorted(people):
        rooms.setdefault(person.room, []).append(person.user_id)
    for room, users in rooms.items():
        for start in range(0, len(users), most):
            yield room, users[start : start + most]
