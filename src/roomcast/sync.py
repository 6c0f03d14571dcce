"""Publishing from code that has no event loop, or is not allowed to await.

The `broadcast_…` methods are written once, as coroutines. Here each one runs to its end in the
calling thread, without a loop. That works because they await nothing but `publish`, and the
`publish` of this module never suspends.
"""

from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from roomcast import access
from roomcast.broadcasts.all import AllBroadcasts
from roomcast.errors import InvalidEvent
from roomcast.events.base import Event
from roomcast.logging_publisher import LoggingPublisher

P = ParamSpec("P")


class _BlockingBroadcasts(AllBroadcasts):
    """The coroutines with a `publish` that blocks, so that they never suspend."""

    def __init__(self, publisher: LoggingPublisher) -> None:
        self._publisher = publisher

    async def publish(self, event: Event) -> bool:
        return self._publisher.publish(event)

    def _refuse(self, error: InvalidEvent) -> bool:
        return self._publisher.refuse(error)


def _blocking(
    method: Callable[Concatenate[AllBroadcasts, P], Coroutine[Any, Any, bool]],
) -> "Callable[Concatenate[SyncBroadcaster, P], bool]":
    @wraps(method)
    def call(self: "SyncBroadcaster", /, *args: P.args, **kwargs: P.kwargs) -> bool:
        return _result(method(self._broadcasts, *args, **kwargs))

    return call


def _result(coroutine: Coroutine[Any, Any, bool]) -> bool:
    try:
        coroutine.send(None)
    except StopIteration as end:
        return bool(end.value)
    coroutine.close()
    raise RuntimeError("a broadcast coroutine must await nothing but publish")


class SyncBroadcaster:
    """The methods of `EventBroadcaster` as plain functions.

    Each one returns when the bus has answered, with the results and errors of its coroutine. Inside
    a running event loop it blocks the loop: await the coroutine there instead.
    """

    def __init__(self, publisher: LoggingPublisher) -> None:
        self._publisher = publisher
        self._broadcasts = _BlockingBroadcasts(publisher)

    def publish(
        self,
        event: Event,
        source: str | None = None,
        timestamp: datetime | str | None = None,
        id: str | None = None,
    ) -> bool:
        """Publish one event; see `EventBroadcaster.publish`."""
        return self._publisher.publish(event, source, timestamp, id)

    def publish_many(self, events: Iterable[Event]) -> list[bool]:
        """Publish events in order; see `EventBroadcaster.publish_many`."""
        return self._publisher.publish_many(events)

    def disconnect(self, user: str, *, reason: str = "") -> bool:
        """Close all connections of a user; see `EventBroadcaster.disconnect`."""
        return self._publisher.order(access.DISCONNECT, user, reason=reason)

    def remove(self, user: str, room: str, *, reason: str = "") -> bool:
        """Take a user out of a room; see `EventBroadcaster.remove`."""
        return self._publisher.order(access.REMOVE, user, str(room), reason=reason)

    def revoke(
        self, user: str, issued_before: datetime | float | None = None, *, reason: str = ""
    ) -> bool:
        """Revoke a user's tokens; see `EventBroadcaster.revoke`."""
        return self._publisher.order(
            access.REVOKE, user, reason=reason, issued_before=issued_before
        )

    broadcast_project_updated = _blocking(AllBroadcasts.broadcast_project_updated)
    broadcast_project_deleted = _blocking(AllBroadcasts.broadcast_project_deleted)
    broadcast_agent_status_changed = _blocking(AllBroadcasts.broadcast_agent_status_changed)
    broadcast_agent_connected = _blocking(AllBroadcasts.broadcast_agent_connected)
    broadcast_agent_disconnected = _blocking(AllBroadcasts.broadcast_agent_disconnected)
    broadcast_workflow_started = _blocking(AllBroadcasts.broadcast_workflow_started)
    broadcast_workflow_progress = _blocking(AllBroadcasts.broadcast_workflow_progress)
    broadcast_workflow_completed = _blocking(AllBroadcasts.broadcast_workflow_completed)
    broadcast_workflow_failed = _blocking(AllBroadcasts.broadcast_workflow_failed)
    broadcast_pr_created = _blocking(AllBroadcasts.broadcast_pr_created)
    broadcast_pr_updated = _blocking(AllBroadcasts.broadcast_pr_updated)
    broadcast_pr_closed = _blocking(AllBroadcasts.broadcast_pr_closed)
    broadcast_issue_created = _blocking(AllBroadcasts.broadcast_issue_created)
    broadcast_issue_updated = _blocking(AllBroadcasts.broadcast_issue_updated)
    broadcast_issue_closed = _blocking(AllBroadcasts.broadcast_issue_closed)
    broadcast_ai_suggestion = _blocking(AllBroadcasts.broadcast_ai_suggestion)
    broadcast_ai_analysis_complete = _blocking(AllBroadcasts.broadcast_ai_analysis_complete)
