"""The base class of all events: strict fields, an event type, a source and rooms."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from roomcast.envelope import Envelope
from roomcast.envelope import timestamp as rfc3339
from roomcast.events import validation
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
    default_source: ClassVar[str]
    publishable: ClassVar[bool] = True
    """False for the events that the service itself sends to a single connection."""

    def __init__(self, /, **values: Any) -> None:
        with validation.raising_invalid_event(self.type):
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
        with validation.raising_invalid_event(event.type):
            headers = Headers(**{"source": event.default_source, **chosen})
        envelope = Envelope(
            id=headers.id,
            type=event.type,
            timestamp=rfc3339(headers.timestamp),
            source=headers.source,
            rooms=validation.rooms(event.type, event.rooms()) if event.publishable else (),
            data=validation.payload(event.type, event.data),
        )
        validation.check_deliverable(envelope, own=not event.publishable)
        return envelope
