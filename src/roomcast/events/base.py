"""What all events have in common: strict fields, a type, where they come from, where they go."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from roomcast.envelope import Envelope
from roomcast.envelope import timestamp as rfc3339
from roomcast.events import validation
from roomcast.events.headers import Headers


class Event(BaseModel, ABC):
    """One event, checked when it is made; its fields are the envelope's `data`.

    Raises `InvalidEvent`, which names the fields, for a bad, missing or unknown value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: ClassVar[str]
    default_source: ClassVar[str]
    publishable: ClassVar[bool] = True
    """False for the events that the service itself sends to a single connection."""

    def __init__(self, /, **values: Any) -> None:
        with validation.named(self.type):
            super().__init__(**values)

    @abstractmethod
    def rooms(self) -> tuple[str, ...]:
        """Return the names of the rooms that the event is delivered to."""

    def data(self) -> dict[str, Any]:
        """Return the payload as JSON values; optional fields that were not given are null."""
        return self.model_dump(mode="json")

    def to_envelope(
        self,
        id: str | None = None,
        timestamp: datetime | str | None = None,
        source: str | None = None,
    ) -> Envelope:
        """Return the form in which the event travels: by default under a new id, as of now.

        Checks the values once more, because `model_copy(update=...)` and a changed `metadata`
        get past the first time. Raises `InvalidEvent`, also for a bad id, timestamp or source.
        """
        given = {"id": id, "timestamp": timestamp, "source": source}
        chosen = {name: value for name, value in given.items() if value is not None}
        event = type(self)(**dict(self))
        with validation.named(event.type):
            headers = Headers(**{"source": event.default_source, **chosen})
        return Envelope(
            id=headers.id,
            type=event.type,
            timestamp=rfc3339(headers.timestamp),
            source=headers.source,
            rooms=event.rooms(),
            data=event.data(),
        )
