"""The work of one fan-out, in parts that each fit into a queue message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from roomcast.envelope import Envelope, encode, escape_for_sqs
from roomcast_backend.aws import clients
from roomcast_backend.aws.sqs import Sqs
from roomcast_backend.fanout import work_message
from roomcast_backend.settings import Settings

MAX_REQUEUES = 6
"""How often unreached members are queued again before the work goes to the dead-letter queue."""

REQUEUE_DELAY_SECONDS = 5
"""The delay before unreached members are tried again; six delays are longer than a handshake."""

MEMBERS_PER_MESSAGE = 1000
"""Unreached members in one message: their ids and an event fit into the 256 KB that SQS takes."""


@dataclass(frozen=True, slots=True)
class Work:
    """A part of a fan-out: one shard of one room, or the unreached members of that shard.

    `room` is an index into the envelope's rooms: a member of an earlier one gets the event there.
    `after` is the connection id after which to continue; `only` are the ids of unreached members,
    and `attempt` says how often they were queued. `started` is when the fan-out began, epoch
    seconds. The field names are those of the queue message, which containers of an older version
    may have written.
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
        """The name of the room."""
        return self.envelope.rooms[self.room]

    @property
    def name(self) -> str:
        """A name that is unique among all the work of the same event."""
        begins = f"{self.attempt}@{self.only[0]}" if self.only else self.after or ""
        return f"{self.room}/{self.shard}/{begins}"

    @property
    def is_last_attempt(self) -> bool:
        """Whether members that are unreached now are not queued again."""
        return self.attempt >= MAX_REQUEUES

    def continue_after(self, connection_id: str) -> Self:
        """Return the work for the rest of the shard, after a connection id."""
        return replace(self, after=connection_id)

    def retry(self, connection_ids: tuple[str, ...]) -> Self:
        """Return the work for members that were not reached: one attempt later."""
        return replace(self, after=None, only=connection_ids, attempt=self.attempt + 1)

    def to_message(self) -> str:
        """Encode the work as a queue message: JSON of characters that SQS takes."""
        message = {
            "detail": {**self.envelope.to_detail(), "seqs": dict(self.envelope.seqs)},
            "started": self.started,
            "room": self.room,
            "shard": self.shard,
            "after": self.after,
            "only": list(self.only),
            "attempt": self.attempt,
        }
        return escape_for_sqs(encode(message))

    @classmethod
    def from_message(cls, message: str) -> Self:
        """Decode a message of `to_message`; raise `InvalidEnvelope` when it can never be done."""
        return cls(**work_message.read(message))


def whole_event(envelope: Envelope, shards: dict[str, range], *, started: float) -> Iterator[Work]:
    """Yield the work for a whole event: every shard of every room, in the order of the rooms."""
    for index, room in enumerate(envelope.rooms):
        for shard in shards[room]:
            yield Work(envelope, started, index, shard)


def page_of_shard(page_size: int, shards: int) -> int:
    """Return how many members of each shard one invocation posts to before it queues the rest."""
    return max(1, page_size // shards)


def requeued(work: Work, unreached: Sequence[str]) -> Iterator[Work]:
    """Yield the work for unreached members, given by their connection ids."""
    for start in range(0, len(unreached), MEMBERS_PER_MESSAGE):
        yield work.retry(tuple(unreached[start : start + MEMBERS_PER_MESSAGE]))


class PageQueue:
    """The SQS queue with the work for later invocations of the broadcast function."""

    def __init__(self, settings: Settings, *, client: Sqs | None = None) -> None:
        self._url = settings.pages_queue_url
        self._client = client or clients.sqs()

    def put(self, work: Work, *, delay: int = 0) -> None:
        """Queue some work; it is delivered after `delay` seconds (at most 900)."""
        self._client.send_message(
            QueueUrl=self._url, MessageBody=work.to_message(), DelaySeconds=delay
        )
