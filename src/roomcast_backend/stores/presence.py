"""Who is in a room, as clients were told; the memberships themselves are the rooms table's.

Two rows in the table of the counters follow a membership, both for `KEPT_SECONDS`:

* of each user in a room, whether the others were told that the user is there. `joined_by` is the
  batch of changes that said so, `gone` the batch with which a connection of the user left last, and
  `left_by` the check that found nobody;
* of each membership, whose it is. The stream tells the keys of a row that is gone, and no more.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.connection import LONGEST_CONNECTION, RECOVERY_SECONDS
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.items import MEMBERS_USER, Item, number, text

KEPT_SECONDS: Final = LONGEST_CONNECTION + RECOVERY_SECONDS
"""How long a row lasts after the last join. No connection lasts longer than 2 hours: a user whose
leaving was lost is gone from lists after this time, whatever went wrong."""

TO_LEAVE: Final = "(present = :yes AND gone = :check) OR left_by = :check"
STILL_LEFT: Final = "present = :no AND left_by = :check"


class Membership(NamedTuple):
    """A connection, or a session, in a room."""

    room: str
    connection_id: str


class Person(NamedTuple):
    """A user in a room, however many connections the user has there."""

    room: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What was told of a person; `until` is epoch seconds."""

    present: bool
    until: int
    joined_by: str = ""
    gone: str = ""


class PresenceStore:
    """Reads and changes who is in rooms; times are epoch seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = settings.counters_table
        self._rooms = settings.rooms_table
        self._client = client or clients.dynamodb()
        self._batches = BatchItems(self._client, sleep=sleep)
        self._clock = clock

    def users(self, room: str) -> list[str]:
        """Return all users of whom the members of a room were told that they are there."""
        pages = self._client.query_pages(
            TableName=self._table,
            KeyConditionExpression="#counter = :room",
            FilterExpression="present = :yes AND #ttl > :now",
            ProjectionExpression="part",
            ExpressionAttributeNames={"#counter": "counter", "#ttl": "ttl"},
            ExpressionAttributeValues={
                ":room": text(keys.present(room)),
                ":yes": {"BOOL": True},
                ":now": number(int(self._clock())),
            },
            ConsistentRead=True,
        )
        return [item["part"]["S"] for page in pages for item in page["Items"]]

    def members(self, memberships: Collection[Membership]) -> dict[Membership, str]:
        """Return the user of each of some memberships, as far as they are there now."""
        wanted = [
            {"room": text(keys.partition(each.room, 0)), "connection_id": text(each.connection_id)}
            for each in memberships
        ]
        return {
            Membership(str(keys.room_of(item["room"]["S"])), item["connection_id"]["S"]): item[
                MEMBERS_USER
            ]["S"]
            for item in self._batches.get(self._rooms, wanted)
            if MEMBERS_USER in item
        }

    def whose(self, memberships: Collection[Membership]) -> dict[Membership, str]:
        """Return the user that each of some memberships was noted with."""
        wanted = [_key(keys.whose(each.room), each.connection_id) for each in memberships]
        return {
            Membership(_room_of(item, keys.WHOSE), item["part"]["S"]): item["user_id"]["S"]
            for item in self._batches.get(self._table, wanted)
        }

    def note_whose(self, memberships: Mapping[Membership, str], gone: Iterable[Membership]) -> None:
        """Note the users of memberships, and forget those of memberships that are gone."""
        until = number(int(self._clock()) + KEPT_SECONDS)
        items: list[Item] = [
            {**_key(keys.whose(each.room), each.connection_id), "user_id": text(user), "ttl": until}
            for each, user in memberships.items()
        ]
        self._batches.put(self._table, items)
        forgotten = [_key(keys.whose(each.room), each.connection_id) for each in gone]
        self._batches.delete(self._table, forgotten)

    def standings(self, people: Collection[Person]) -> dict[Person, Standing]:
        """Return what was told of some people; of those who were never there, nothing."""
        wanted = [_key(keys.present(each.room), each.user_id) for each in people]
        now = self._clock()
        return {
            Person(_room_of(item, keys.PRESENT), item["part"]["S"]): Standing(
                present=item["present"]["BOOL"],
                until=int(item["ttl"]["N"]),
                joined_by=item["joined_by"]["S"] if "joined_by" in item else "",
                gone=item["gone"]["S"] if "gone" in item else "",
            )
            for item in self._batches.get(self._table, wanted)
            if int(item["ttl"]["N"]) > now
        }

    def note(self, standings: Mapping[Person, Standing]) -> None:
        """Write what is told of people, whatever stood there."""
        items = [_standing_item(person, standing) for person, standing in standings.items()]
        self._batches.put(self._table, items)

    def mark_left(self, person: Person, check: str) -> bool:
        """Note that a person is not there; False unless this is the check of who left last.

        A check that was cut off after this finds its own mark, and goes on.
        """
        return self._update(
            person, "SET present = :no, left_by = :check", TO_LEAVE, check, yes=True, no=False
        )

    def unmark_left(self, person: Person, check: str) -> None:
        """Take back what `mark_left` has noted for this check."""
        self._update(
            person, "SET present = :yes REMOVE left_by, gone", STILL_LEFT, check, yes=True, no=False
        )

    def _update(
        self, person: Person, update: str, condition: str, check: str, **flags: bool
    ) -> bool:
        values: Item = {f":{name}": {"BOOL": value} for name, value in flags.items()}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(keys.present(person.room), person.user_id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues={**values, ":check": text(check)},
            )
        except AwsError as exc:
            if exc.code != "ConditionalCheckFailedException":
                raise
            return False
        return True


def standing_until(now: float) -> int:
    """Return until when what is told now is believed."""
    return int(now) + KEPT_SECONDS


def _standing_item(person: Person, standing: Standing) -> Item:
    item: Item = {
        **_key(keys.present(person.room), person.user_id),
        "present": {"BOOL": standing.present},
        "ttl": number(standing.until),
    }
    texts = {"joined_by": standing.joined_by, "gone": standing.gone}
    return item | {name: text(value) for name, value in texts.items() if value}


def _key(counter: str, part: str) -> Item:
    return {"counter": text(counter), "part": text(part)}


def _room_of(item: Item, prefix: str) -> str:
    return str(item["counter"]["S"]).removeprefix(prefix)
