"""A bus in this process that records: for unit tests of code that publishes."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from roomcast.put_results import PutResult

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

    from roomcast.events.base import Event


class RecordedEvent(dict[str, Any]):
    """One event as it would travel on the bus; `event.type` is `event["type"]`.

    The fields are `id`, `type`, `timestamp`, `source`, `rooms` and `data`, all of them JSON values,
    and `tenant`, which is empty where there is none.
    """

    def __getattr__(self, name: str) -> Any:
        """Return a field."""
        try:
            return self.get(name, "") if name == "tenant" else self[name]
        except KeyError:
            raise AttributeError(f"an event has no field {name!r}") from None


class MemoryBus:
    """Accepts and records every event, in the order in which they were published."""

    def __init__(self) -> None:
        self.events: list[RecordedEvent] = []

    def of_type(self, event_type: "str | type[Event]") -> list[RecordedEvent]:
        """Return the events of one type, which is named or given as its class."""
        name = event_type if isinstance(event_type, str) else event_type.type
        return [event for event in self.events if event["type"] == name]

    def clear(self) -> None:
        """Forget every event."""
        self.events.clear()

    def put(self, entries: Sequence["Entry"]) -> list[PutResult]:
        """Record entries; the result says that each was accepted."""
        self.events += [RecordedEvent(json.loads(entry["Detail"])) for entry in entries]
        return [PutResult()] * len(entries)

    def connect(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def look(self) -> None:
        """Do nothing: this bus exists."""

    def close(self) -> None:
        """Do nothing: the events are kept until `clear`."""
