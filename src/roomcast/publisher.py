"""Publishes events from the calling thread: turns them into entries and puts these on the bus."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Self

from roomcast import batches, environment
from roomcast.access import Order
from roomcast.conflation import Conflation
from roomcast.envelope import MAX_ENTRY_BYTES, Envelope, encode
from roomcast.errors import EventTooLarge, InvalidEvent
from roomcast.events.base import Event
from roomcast.large_events import LargeEvents
from roomcast.next_steps import next_step
from roomcast.numbering import numbered
from roomcast.put_results import PutResult

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

logger = logging.getLogger(__name__)


class Bus(Protocol):
    """What takes entries: EventBridge, or a bus in memory."""

    def put(self, entries: Sequence["Entry"]) -> list[PutResult]:
        """Send entries and return a result for each, in order."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event that has been checked, as its envelope and as an entry of the bus.

    A large event that goes by reference has no entry before its data is stored.
    """

    envelope: Envelope
    entry: "Entry | None"


class Publisher:
    """Checks events, puts them on a bus, and tells for each whether the bus accepted it.

    Raises `InvalidEvent`, `EventTooLarge` and `NotConfigured`; a transport fault is logged.
    """

    def __init__(
        self,
        bus: Bus,
        source: str | None = None,
        *,
        tenant: str | None = None,
        large: LargeEvents | None = None,
        at_most: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._bus = bus
        self._conflation = Conflation(at_most, self.send)
        self._large = large or LargeEvents()
        self._source = source
        self._tenant = tenant

    def of(self, tenant: str) -> Self:
        """Return a publisher to the rooms of a tenant, which shares all that this one holds."""
        publisher = copy(self)
        publisher._tenant = tenant
        return publisher

    def publish(
        self,
        event: Event,
        source: str | None = None,
        timestamp: datetime | str | None = None,
        id: str | None = None,
    ) -> bool:
        """Publish one event; for results and errors see `EventBroadcaster.publish`."""
        return self.offer([self.prepare(event, source, timestamp, id)])[0]

    def publish_many(self, events: Iterable[Event]) -> list[bool]:
        """Publish events in order; when one of them is invalid or too large, none is sent."""
        return self.offer([self.prepare(event) for event in events])

    def order(self, order: Order) -> bool:
        """Put an order that ends a user's access on the bus; return whether the bus accepted it."""
        (result,) = self._bus.put([order.entry()])
        return _accepted(order, result)

    @property
    def tenant(self) -> str:
        """The tenant whose rooms are published to, empty for none; may raise `NotConfigured`."""
        return environment.tenant(self._tenant)

    @property
    def source(self) -> str | None:
        """The source of all that is published, None for that of each type."""
        return self._source

    def prepare(
        self,
        event: Event,
        source: str | None = None,
        timestamp: datetime | str | None = None,
        id: str | None = None,
    ) -> Prepared:
        """Check an event; raise `InvalidEvent` or `EventTooLarge`."""
        if not isinstance(event, Event):
            raise TypeError(f"expected an event of roomcast.events, got {type(event).__name__}")
        if not event.publishable:
            raise InvalidEvent(event.type, {"type": "the service sends this event, nobody else"})
        source = self._source if source is None else source
        envelope = numbered(event.to_envelope(id, timestamp, source)).of(self.tenant)
        envelope.check_size(environment.max_event_bytes())
        self._conflation.check(envelope)
        by_reference = self._large.applies_to(envelope)
        return Prepared(envelope, None if by_reference else _entry(envelope))

    def offer(self, prepared: Sequence[Prepared]) -> list[bool]:
        """Send events, or hold those that come too fast; return for each whether it was accepted.

        A held one is accepted: it is sent when its time has come, unless a later one replaces it.
        """
        return self._conflation.publish(prepared)

    def close(self) -> None:
        """Send what is held."""
        self._conflation.close()

    def send(self, prepared: Sequence[Prepared]) -> list[bool]:
        """Send events, large ones by reference; return for each whether the bus accepted it.

        For each that it did not, the log names type, id, reason, endpoint and what to do, and
        nothing of the payload.
        """
        stored = self._large.store(each.envelope for each in prepared if each.entry is None)
        entries = [each.entry or _entry_of(next(stored)) for each in prepared]
        results = iter(self._bus.put([entry for entry in entries if entry is not None]))
        return [
            entry is not None and _accepted(each.envelope, next(results))
            for each, entry in zip(prepared, entries, strict=True)
        ]


def _entry_of(stored: Envelope | None) -> "Entry | None":
    """Return the entry of a large event, None when its data could not be stored."""
    return None if stored is None else _entry(stored)


def _accepted(envelope: Envelope | Order, result: PutResult) -> bool:
    if not result.accepted:
        logger.error(
            "%s %s was not accepted by %s: %s; %s",
            envelope.type,
            envelope.id,
            result.bus or "the bus",
            result.code,
            next_step(result.code),
        )
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
