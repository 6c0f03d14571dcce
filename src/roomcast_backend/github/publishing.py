"""Publishes an event from GitHub, with a truncated description when the event is too large."""

from typing import Final
from uuid import UUID, uuid5

from roomcast.errors import EventTooLarge
from roomcast.events import Event
from roomcast.publisher import Publisher
from roomcast_backend.github.truncation import size, truncated

SOURCE = "github_service"
DELIVERIES: Final = UUID("d3b6f0a2-5f0e-4b53-9c7c-0d6a4a1c9e57")
"""The namespace of events' ids: any UUID, as long as it stays the same."""

LIMITS = ("event", "entry of the bus")
"""What an event can be too large for, one after the other."""


class NotPublished(Exception):
    """The bus did not accept the event."""


def event_id(delivery_id: str) -> str:
    """Return the id of a delivery's event, the same for each attempt at the delivery.

    An attempt can end after the bus has taken the event and before anybody notes it. The next one
    then publishes the same event again: a repeat, which is not delivered twice.
    """
    return str(uuid5(DELIVERIES, delivery_id))


def publish_within_limit(publisher: Publisher, event: Event, delivery_id: str) -> str:
    """Publish the event of a delivery and return its id.

    The description is truncated when the event exceeds the size limit of events, and again when it
    exceeds the smaller one of the bus. Raises `NotPublished`, and `EventTooLarge` when the event
    exceeds a limit even without a description.
    """
    for _ in LIMITS:
        try:
            return _publish(publisher, event, event_id(delivery_id))
        except EventTooLarge as exc:
            event = _smaller(event, by=exc.size - exc.limit)
    return _publish(publisher, event, event_id(delivery_id))


def _publish(publisher: Publisher, event: Event, chosen: str) -> str:
    if not publisher.publish(event, source=SOURCE, id=chosen):
        raise NotPublished
    return chosen


def _smaller(event: Event, *, by: int) -> Event:
    """Return the event with its description truncated by `by` bytes, at most to nothing."""
    description = getattr(event, "description", None) or ""
    limit = max(size(description) - by, 0)
    return event.model_copy(update={"description": truncated(description, limit)})
