"""Publishes an event from GitHub, cutting its description when it is too large otherwise."""

from roomcast.envelope import new_id
from roomcast.errors import EventTooLarge
from roomcast.events import Event
from roomcast.publisher import Publisher
from roomcast_backend.github.truncation import shortened, size

SOURCE = "github_service"


class NotPublished(Exception):
    """The bus did not take the event."""


def publish_fitting(publisher: Publisher, event: Event) -> str:
    """Publish an event and return its id.

    Raises `NotPublished`, and `EventTooLarge` when even without its description it does not fit.
    """
    try:
        return _publish(publisher, event)
    except EventTooLarge as exc:
        return _publish(publisher, _smaller(event, by=exc.size - exc.limit))


def _publish(publisher: Publisher, event: Event) -> str:
    event_id = new_id()
    if not publisher.publish(event, source=SOURCE, id=event_id):
        raise NotPublished
    return event_id


def _smaller(event: Event, *, by: int) -> Event:
    """Return the event with a description that takes `by` bytes less, or as few as can be."""
    description = getattr(event, "description", None) or ""
    limit = max(size(description) - by, 0)
    return event.model_copy(update={"description": shortened(description, limit)})
