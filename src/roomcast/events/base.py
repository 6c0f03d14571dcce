"""The base class of all events: strict fields, an event type, a source and rooms.

Subclass it for events of your own, see `roomcast.events.own`.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from roomcast.envelope import Envelope
from roomcast.envelope import timestamp as rfc3339
from roomcast.errors import InvalidEvent
from roomcast.events import own, validation
from roomcast.events.headers import Headers


class Event(BaseModel, ABC):
    """One event; its fields are the `data` of the envelope, and are checked when it is made.

    Raises `InvalidEvent`, which names the fields, for an invalid, missing or unknown field.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        ser_json_inf_nan="constants",  # they are refused, and never written as null
    )

    type: ClassVar[str]
    source: ClassVar[str]
    """Who says so, 1 to 256 characters, where neither the call nor the broadcaster gives a source.

    The classes of this package call it `default_source`.
    """
    default_source: ClassVar[str]
    state_key: ClassVar[str | tuple[str, ...]] = ()
    """The field, or the fields, that identify the entity whose state the event tells; it may tell
    no entity's state."""
    publishable: ClassVar[bool] = True
    """False for the events that the service itself sends to a single connection."""

    def __init__(self, /, **values: Any) -> None:
        with validation.raising_invalid_event(own.name_of(type(self))):
            super().__init__(**values)

    @abstractmethod
    def rooms(self) -> tuple[str, ...]:
        """Return the names of the rooms that the event is delivered to."""

    def data(self) -> dict[str, Any]:
        """Return the payload as JSON values; optional fields without a value are None."""
        return self.model_dump(mode="json")

    def to_envelope(
        self,
        id: str | None = None,
        timestamp: datetime | str | None = None,
        source: str | None = None,
    ) -> Envelope:
        """Return the envelope of the event; by default with a new id, the time now and its source.

        The values are checked again, because `model_copy(update=...)` and changes inside `metadata`
        bypass the first check; rooms and payload of a subclass have not been checked before. Raises
        `InvalidEvent`, also for an invalid id, timestamp or source.
        """
        given = {"id": id, "timestamp": timestamp, "source": source}
        chosen = {name: value for name, value in given.items() if value is not None}
        event = type(self)(**dict(self))
        _check_class(type(self))
        default = own.default_source(type(self))
        with validation.raising_invalid_event(event.type):
            headers = Headers(**{**({"source": default} if default else {}), **chosen})
        rooms = validation.rooms(event.type, event.rooms()) if event.publishable else ()
        data = validation.payload(event.type, event.data)
        envelope = Envelope(
            id=headers.id,
            type=event.type,
            timestamp=rfc3339(headers.timestamp),
            source=headers.source,
            rooms=rooms,
            data=data,
            state_key=validation.state_key(type(self), data),
        )
        validation.check_deliverable(envelope, own=not event.publishable)
        return envelope


def _check_class(kind: type[Event]) -> None:
    """Raise `InvalidEvent` for a class that says something wrong of itself."""
    from roomcast.events import EVENT_TYPES  # noqa: PLC0415  it imports this module

    found = own.problems(kind, EVENT_TYPES)
    if found:
        raise InvalidEvent(own.name_of(kind), found)
