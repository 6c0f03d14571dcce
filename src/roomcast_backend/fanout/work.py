"""The work of one fan-out, in pieces that a queue can carry."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from roomcast.envelope import Envelope, encode
from roomcast_backend.aws import clients
from roomcast_backend.aws.sqs import Sqs
from roomcast_backend.settings import Settings

MAX_REQUEUES = 6
"""How often members that could not be reached go back to the queue, before its DLQ takes them."""

AGAIN_SECONDS = 5
"""Before members that could not be reached are tried again; six times outlast a handshake."""

AGAIN_AT_ONCE = 1000
"""Members named in one message: their ids and an event fit into the 256 KB that SQS takes."""


@dataclass(frozen=True, slots=True)
class Work:
    """Deliver an event to one shard of one of its rooms, or to the members left over from that.

    `room` is an index into the envelope's rooms: who is in an earlier one gets the event there.
    `after` is the connection id behind which to go on; `only` names members to try again, in
    their `attempt`. `started` is when the fan-out began, epoch seconds.
    """

    envelope: Envelope
    started: float
    room: int
    shard: int
    after: str | None = None
    only: tuple[str, ...] = ()
    attempt: int = 0

    @property
    def room_name(self) -> str:
        """The name of the room that this is about."""
        return self.envelope.rooms[self.room]

    @property
    def name(self) -> str:
        """What tells this work from everything else that the same event leaves to the queue."""
        begins = f"{self.attempt}@{self.only[0]}" if self.only else self.after or ""
        return f"{self.room}/{self.shard}/{begins}"

    @property
    def is_last_attempt(self) -> bool:
        """Whether what fails now is left to the queue's dead letters."""
        return self.attempt >= MAX_REQUEUES

    def behind(self, connection_id: str) -> Self:
        """Return the work on the rest of the shard."""
        return replace(self, after=connection_id)

    def again(self, connection_ids: tuple[str, ...]) -> Self:
        """Return the work on members that could not be reached."""
        return replace(self, after=None, only=connection_ids, attempt=self.attempt + 1)

    def to_message(self) -> str:
        """Write the work as a queue message."""
        return encode(
            {
                "detail": self.envelope.to_detail(),
                "started": self.started,
                "room": self.room,
                "shard": self.shard,
                "after": self.after,
                "only": list(self.only),
                "attempt": self.attempt,
            }
        )

    @classmethod
    def from_message(cls, message: str) -> Self:
        """Read what `to_message` wrote."""
        value: dict[str, Any] = json.loads(message)
        detail = value.pop("detail")
        only = tuple(value.pop("only"))
        return cls(envelope=Envelope.from_detail(detail), only=only, **value)


def whole_event(envelope: Envelope, shards: dict[str, range], *, started: float) -> Iterator[Work]:
    """Yield the work of a whole event: every shard of every room, in the rooms' order."""
    for index, room in enumerate(envelope.rooms):
        for shard in shards[room]:
            yield Work(envelope, started, index, shard)


def page_of_shard(page_size: int, shards: int) -> int:
    """Return how many members of each shard are posted to at once, before the rest is queued."""
    return max(1, page_size // shards)


def requeued(work: Work, unreached: Sequence[str]) -> Iterator[Work]:
    """Yield the work on members, by their connection ids, that could not be reached."""
    for start in range(0, len(unreached), AGAIN_AT_ONCE):
        yield work.again(tuple(unreached[start : start + AGAIN_AT_ONCE]))


class PageQueue:
    """The queue of work that the broadcast function leaves to further invocations."""

    def __init__(self, settings: Settings, *, client: Sqs | None = None) -> None:
        self._url = settings.pages_queue_url
        self._client = client or clients.sqs()

    def put(self, work: Work, *, delay: int = 0) -> None:
        """Queue some work, to be taken after `delay` seconds (at most 900)."""
        self._client.send_message(
            QueueUrl=self._url, MessageBody=work.to_message(), DelaySeconds=delay
        )
