"""What `presence` is called with: records of rooms, and queued checks of who has left one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from roomcast import deliverable
from roomcast_backend.aws import clients
from roomcast_backend.model.presence import has_presence, kinds_of
from roomcast_backend.settings import settings
from roomcast_backend.stores.keys import room_of


class Check(NamedTuple):
    """Users of a room, and the batch of changes with which they may have left it."""

    room: str
    user_ids: list[str]
    batch: str


def with_presence(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the records of the rooms' stream that are of rooms with presence.

    The event source leaves out the others where it can: not where rooms have tenants.
    """
    if not settings().jwt_tenant_claim:
        return list(records)
    kinds = kinds_of(settings().presence_rooms)
    return [
        record
        for record in records
        if has_presence(str(room_of(record["dynamodb"]["Keys"]["room"]["S"])), kinds)
    ]


def check_later(room: str, user_ids: list[str], check: str) -> None:
    """Queue a check, delivered to `presence` after `presence_grace`."""
    chosen = settings()
    clients.sqs().send_message(
        QueueUrl=chosen.departures_queue_url,
        MessageBody=json.dumps({"room": room, "user_ids": user_ids, "batch": check}),
        DelaySeconds=chosen.presence_grace,
    )


class InvalidCheck(ValueError):
    """A message of the queue that is no check: reading it again would change nothing."""


def check_of(message: str) -> Check:
    """Return the check that a message asks for; raise `InvalidCheck`."""
    try:
        found = json.loads(message)
        check = Check(found["room"], found["user_ids"], found["batch"])
    except (ValueError, TypeError, LookupError, RecursionError):
        raise InvalidCheck("expected room, user_ids and batch") from None
    if not isinstance(check.user_ids, list) or not all(
        deliverable.is_key(text) for text in (check.room, check.batch, *check.user_ids)
    ):
        raise InvalidCheck("expected a room, a list of user ids and a batch, as texts")
    return check
