"""The envelope: the only module that writes and reads the format of an event in transit.

Publishers put an envelope with its rooms on the bus (`to_detail`). The service reads it
(`from_detail`) and sends each client a copy that names one room (`for_room`).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

from roomcast.errors import BUS_BYTES, EventTooLarge, InvalidRoom
from roomcast.references import DataLink, DataReference
from roomcast.rooms import Room, canonical_id, is_id
from roomcast.tenants import event_key, public_name, stored_name, tenant_of
from roomcast.timestamps import in_utc

MAX_FRAME_BYTES: Final = 128 * 1024
"""API Gateway's limit for one message to a client.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

FRAMING_BYTES: Final = 512
"""Reserved for what is added to an event: `seq`, `publisher` and `number`, packet type, event name,
replay offset."""

MAX_NUMBER: Final = 10**12
"""An event's `number` is smaller: more events than any process publishes."""

MAX_PUBLISHER_LENGTH: Final = 64

MAX_STATE_KEY_BYTES: Final = 512
"""It becomes a part of keys of tables."""

MAX_ENTRY_BYTES: Final = BUS_BYTES

_REFUSED_BY_SQS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class InvalidEnvelope(ValueError):
    """The detail of an event on the bus is not an envelope; the message names the field."""


def new_id() -> str:
    """Return a new event id: a UUIDv7, so that ids sort by time (RFC 9562)."""
    # The import takes 15 ms, and functions that only pass events on do not need it.
    from uuid6 import uuid7  # noqa: PLC0415

    return str(uuid7())


def timestamp(moment: datetime | None = None) -> str:
    """Return `moment` as RFC 3339 text in UTC, with milliseconds and `Z`; the default is now.

    A datetime without a zone counts as UTC. Raises `ValueError` when it has no UTC counterpart.
    """
    moment = in_utc(moment or datetime.now(UTC))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode(value: object) -> str:
    """Return compact JSON; raise `ValueError` for values that JSON lacks (NaN, infinities).

    U+FFFE and U+FFFF, which SQS does not take, are escaped: an event may come to a queue wherever
    it travels, and nothing else reads it differently.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")


def escape_for_sqs(text: str) -> str:
    """Return a JSON text without the characters that SQS refuses or replaces: as `\\uXXXX`.

    They are U+FFFE, U+FFFF and surrogates, which in JSON stand within strings only, and control
    characters, which JSON escapes anyway.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    """
    return _REFUSED_BY_SQS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


@dataclass(frozen=True, slots=True)
class StateMark:
    """What an envelope says of itself that holds what is known of an entity, not what one event
    told.

    `left_out` are fields that are too large to be kept. `replayed` says that it comes as an event.
    """

    entity: str
    left_out: tuple[str, ...] = ()
    replayed: bool = False

    def to_copy(self) -> dict[str, Any]:
        """Return the fields that only such an envelope has."""
        copy: dict[str, Any] = {"entity": self.entity}
        if self.left_out:
            copy["left_out"] = list(self.left_out)
        return {**copy, "replayed": True} if self.replayed else copy


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as it travels: all fields that its copies share.

    `rooms` are in order of precedence: a connection in two of them gets the copy of the first one.
    They are named as they are stored, and all belong to one tenant or to none.
    With `reference` the data stands in the data bucket and `data` is empty; `link` is where the
    clients of one post fetch it, and is never on the bus.

    `publisher` names the process that published the event, `number` counts what it published: of
    two events of one publisher the one with the larger number was published later. Publishers that
    do not use this library may leave both out. `seqs` are the event's positions in the logs of its
    rooms, by the rooms' names; only the service knows them. `state_key` is the entity whose state
    the event tells, `<type of entity>:<id>`, where its publisher has said so; clients do not get
    it. With `mark` the data is all that is known of an entity, and the rest its newest event's.
    """

    id: str
    type: str
    timestamp: str
    source: str
    rooms: tuple[str, ...]
    data: dict[str, Any]
    reference: DataReference | None = None
    link: DataLink | None = None
    publisher: str = ""
    number: int = 0
    seqs: Mapping[str, int] = field(default_factory=dict)
    state_key: str = ""
    mark: StateMark | None = None

    @property
    def tenant(self) -> str:
        """The tenant to which the rooms belong, empty for none."""
        return tenant_of(self.rooms[0]) if self.rooms else ""

    @property
    def key(self) -> str:
        """The id by which the service tells the event from all others: tenants choose their own."""
        return event_key(self.tenant, self.id)

    def of(self, tenant: str) -> Self:
        """Return the event for the rooms that a tenant calls by the same names."""
        if not tenant:
            return self
        return replace(self, rooms=tuple(stored_name(tenant, room) for room in self.rooms))

    def for_room(self, room: str) -> dict[str, Any]:
        """Return the copy for the members of `room`, as a JSON object with its public name."""
        copy: dict[str, Any] = {
            "id": self.id,
            "type": self.type,
            "timestamp": self.timestamp,
            "source": self.source,
            "room": public_name(room),
            "data": self.data,
        }
        if room in self.seqs:
            copy["seq"] = self.seqs[room]
        copy |= self._order()
        if self.mark is not None:
            copy |= self.mark.to_copy()
        return {**copy, "data_ref": self._data_ref()} if self.reference else copy

    def by_reference(self, reference: DataReference) -> Self:
        """Return the event with a reference in the place of its data."""
        return replace(self, data={}, reference=reference)

    def with_link(self, link: DataLink) -> Self:
        """Return the event as the clients of a post get it."""
        return replace(self, link=link)

    def to_detail(self) -> dict[str, Any]:
        """Return the `Detail` of the EventBridge entry, as a JSON object."""
        detail = {
            "id": self.id,
            "type": self.type,
            "timestamp": self.timestamp,
            "source": self.source,
            "rooms": [public_name(room) for room in self.rooms],
            "data": self.data,
            **self._order(),
        }
        if tenant := self.tenant:
            detail["tenant"] = tenant
        if self.state_key:
            detail["state_key"] = self.state_key
        return {**detail, "data_ref": self.reference.to_detail()} if self.reference else detail

    def _order(self) -> dict[str, Any]:
        """Return the fields that order the events of one publisher, if it has numbered them."""
        return {"publisher": self.publisher, "number": self.number} if self.publisher else {}

    @classmethod
    def from_detail(
        cls, detail: Mapping[str, Any], *, room: Callable[[str], Room] = Room.parse
    ) -> Self:
        """Parse the `Detail` of an EventBridge entry, from whichever publisher it comes.

        Raises `InvalidEnvelope` when a field is missing or of the wrong type. `publisher` and
        `number` count only where both are as this library writes them: another publisher may
        mean something else by these names. `room` reads the name of a room.
        """
        for name in ("id", "type", "timestamp", "source"):
            if not isinstance(detail.get(name), str) or not detail[name]:
                raise InvalidEnvelope(f"{name}: expected a non-empty string")
        if not isinstance(detail.get("data"), dict):
            raise InvalidEnvelope("data: expected an object")
        publisher, number = _order_of(detail)
        tenant = _tenant_in(detail)
        return cls(
            id=detail["id"],
            type=detail["type"],
            timestamp=detail["timestamp"],
            source=detail["source"],
            rooms=room_names(detail.get("rooms"), lambda name: room(name).of(tenant)),
            data=detail["data"],
            reference=_reference(detail.get("data_ref")),
            publisher=publisher,
            number=number,
            state_key=_state_key_of(detail),
        )

    def check_size(self, limit: int = MAX_FRAME_BYTES) -> None:
        """Raise `EventTooLarge` when a client's copy, with its framing, exceeds `limit` bytes."""
        size = self.size()
        if size > limit:
            raise EventTooLarge(self.type, size, limit)

    def size(self) -> int:
        """Return the size of a client's copy with its framing, in bytes.

        The order of the event and its positions are part of the framing.
        """
        longest = max(self.rooms, key=len, default="")
        copy = replace(self, publisher="", seqs={}).for_room(longest)
        return len(encode(copy).encode()) + FRAMING_BYTES

    def _data_ref(self) -> dict[str, Any]:
        if self.reference is None or self.link is None:
            raise ValueError("no link to the data of the event")
        return {
            "url": self.link.url,
            **self.reference.to_detail(),
            "expires_at": self.link.expires_at,
        }


def _reference(value: object) -> DataReference | None:
    try:
        return None if value is None else DataReference.parse(value)
    except ValueError as exc:
        raise InvalidEnvelope(f"data_ref: {exc}") from exc


def room_names(names: object, room: Callable[[str], Room] = Room.parse) -> tuple[str, ...]:
    """Return the rooms that `names` lists, each once; raise `InvalidEnvelope` for anything else."""
    if not isinstance(names, list | tuple) or not names:
        raise InvalidEnvelope("rooms: expected a list of room names, with at least one")
    try:
        return tuple(dict.fromkeys(str(room(name)) for name in names))
    except InvalidRoom as exc:
        raise InvalidEnvelope(f"rooms: {exc}") from exc


def _tenant_in(detail: Mapping[str, Any]) -> str:
    """Return the tenant that an event names, empty for none.

    An empty text is refused: who means a tenant must not reach those who belong to none.
    """
    found = detail.get("tenant")
    if found is None:
        return ""
    if not isinstance(found, str) or not is_id(found):
        raise InvalidEnvelope("tenant: expected an id")
    return canonical_id(found)


def _state_key_of(detail: Mapping[str, Any]) -> str:
    """Return the entity that an event is about; empty where it names none as this library does."""
    found = detail.get("state_key")
    return found if isinstance(found, str) and is_state_key(found) else ""


def is_state_key(text: str) -> bool:
    """Tell whether a text is `<type of entity>:<id>`, of at most `MAX_STATE_KEY_BYTES`."""
    entity, colon, entity_id = text.partition(":")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return False
    return bool(entity and colon and entity_id) and size <= MAX_STATE_KEY_BYTES


def _order_of(detail: Mapping[str, Any]) -> tuple[str, int]:
    """Return an event's publisher and number; an empty name and 0 where it has none."""
    publisher, number = detail.get("publisher"), detail.get("number")
    if not isinstance(publisher, str) or not publisher or not publisher.isascii():
        return "", 0
    if not isinstance(number, int) or isinstance(number, bool):
        return "", 0
    if len(publisher) > MAX_PUBLISHER_LENGTH or not 0 <= number < MAX_NUMBER:
        return "", 0
    return publisher, number
