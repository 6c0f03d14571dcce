"""Publishes events from the calling thread: turns them into entries and puts these on the bus."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from roomcast import batches, environment
from roomcast.bus import EventBus
from roomcast.envelope import MAX_ENTRY_BYTES, Envelope, encode
from roomcast.errors import EventTooLarge, InvalidEvent
from roomcast.events.base import Event
from roomcast.large_events import LargeEvents
from roomcast.numbering import numbered
from roomcast.put_results import PutResult

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

logger = logging.getLogger(__name__)


class Publisher:
    """Checks events, puts them on a bus, and tells for each whether the bus accepted it."""

    def __init__(
        self, bus: EventBus, source: str | None = None, *, large: LargeEvents | None = None
    ) -> None:
        self._bus = bus
        self._large = large or LargeEvents()
        self._source = source

    def publish(
        self,
        event: Event,
        source: str | None = None,
        timestamp: datetime | str | None = None,
        id: str | None = None,
    ) -> bool:
        """Publish one event; for results and errors see `EventBroadcaster.publish`."""
        return self._send([self._envelope(event, source, timestamp, id)])[0]

    def publish_many(self, events: Iterable[Event]) -> list[bool]:
        """Publish events in order; when one of them is invalid or too large, none is sent."""
        return self._send([self._envelope(event) for event in events])

    def _envelope(
        self,
        event: Event,
        source: str | None = None,
        moment: datetime | str | None = None,
        event_id: str | None = None,
    ) -> Envelope:
        if not isinstance(event, Event):
            raise TypeError(f"expected an event of roomcast.events, got {type(event).__name__}")
        if not event.publishable:
            raise InvalidEvent(event.type, {"type": "the service sends this event, nobody else"})
        source = self._source if source is None else source
        return numbered(event.to_envelope(event_id, moment, source))

    def _send(self, envelopes: Sequence[Envelope]) -> list[bool]:
        """Send events; large ones go by reference. When one of them is too large, none is sent."""
        limit = environment.max_event_bytes()
        for envelope in envelopes:
            envelope.check_size(limit)
        whole = {
            envelope.id: _entry(envelope)
            for envelope in envelopes
            if not self._large.applies_to(envelope)
        }
        entries = [whole.get(envelope.id) or self._by_reference(envelope) for envelope in envelopes]
        results = iter(self._bus.put([entry for entry in entries if entry is not None]))
        return [
            entry is not None and _accepted(envelope, next(results))
            for envelope, entry in zip(envelopes, entries, strict=True)
        ]

    def _by_reference(self, envelope: Envelope) -> "Entry | None":
        """Return the entry of a large event, None when its data could not be stored."""
        stored = self._large.store(envelope)
        return None if stored is None else _entry(stored)


def _accepted(envelope: Envelope, result: PutResult) -> bool:
    if not result.accepted:
        logger.error("%s %s was not accepted: %s", envelope.type, envelope.id, result.code)
    return result.accepted


def _entry(envelope: Envelope) -> "Entry":
    entry: Entry = {
        "Source": envelope.source,
        "DetailType": envelope.type,
        "Detail": encode(envelope.to_detail()),
    }
    size = batches.entry_size(entry)
    if size > MAX_ENTRY_BYTES:
        raise EventTooLarge(envelope.type, size, MAX_ENTRY_BYTES)
    return entry
