"""Publishes an event from GitHub, with a truncated description when the event is too large."""

from roomcast.envelope import new_id
from roomcast.errors import EventTooLarge
from roomcast.events import Event
from roomcast.publisher import Publisher
from roomcast_backend.github.truncation import size, truncated

SOURCE = "github_service"
LIMITS = ("event", "entry of the bus")
"""What an event can be too large for, one after the other."""


class NotPublished(Exception):
    """The bus did not accept the event."""


def publish_within_limit(publisher: Publisher, event: Event) -> str:
    """Publish an event and return its id.

    The description is truncated when the event exceeds the size limit of events, and again when it
    exceeds the smaller one of the bus. Raises `NotPublished`, and `EventTooLarge` when the event
    exceeds a limit even without a description.
    """
    for _ in LIMITS:
        try:
            return _publish(publisher, event)
        except EventTooLarge as exc:
            event = _smaller(event, by=exc.size - exc.limit)
    return _publish(publisher, event)


def _publish(publisher: Publisher, event: Event) -> str:
    event_id = new_id()
    if not publisher.publish(event, source=SOURCE, id=event_id):
        raise NotPublished
    return event_id


def _smaller(event: Event, *, by: int) -> Event:
    """Return the event with its description truncated by `by` bytes, at most to nothing."""
    description = getattr(event, "description", None) or ""
    limit = max(size(description) - by, 0)
    return event.model_copy(update={"description": truncated(description, limit)})
