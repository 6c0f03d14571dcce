"""The broadcaster, with which backends publish events."""

import asyncio
import contextvars
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from roomcast.broadcasts.all import AllBroadcasts
from roomcast.bus import MAX_CONNECTIONS, EventBus
from roomcast.events.base import Event
from roomcast.fork_local import ForkLocal
from roomcast.large_events import LargeEvents
from roomcast.publisher import Publisher
from roomcast.sync import SyncBroadcaster

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

T = TypeVar("T")


class EventBroadcaster(AllBroadcasts):
    """Publishes events to one bus, from any number of tasks and threads.

    `event_bus` is the name or ARN of the bus; by default `ROOMCAST_EVENT_BUS` names it. boto3 finds
    region, credentials and endpoint. `source` replaces the default source of every event type.
    `data_bucket` is the bucket for the data of events over 128 KB, see `LargeEvents`.
    The broadcaster reads no setting and opens no connection before the first event. boto3 blocks,
    so it runs in threads that belong to the broadcaster: an endpoint that does not answer cannot
    use up the default threads of the event loop.
    """

    def __init__(
        self,
        event_bus: str | None = None,
        *,
        client: "EventBridgeClient | None" = None,
        source: str | None = None,
        data_bucket: str | None = None,
    ) -> None:
        self._bus = EventBus(event_bus, client=client)
        self._publisher = Publisher(self._bus, source, large=LargeEvents(data_bucket))
        self._threads = ForkLocal(
            lambda: ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="roomcast")
        )

    def init(self) -> Self:
        """Return the broadcaster itself, which may be awaited; opens no connection."""
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Let `await get_broadcaster()` and `await broadcaster.init()` yield the broadcaster."""
        yield from ()
        return self

    @cached_property
    def sync(self) -> SyncBroadcaster:
        """The same methods as plain functions, for code that cannot await."""
        return SyncBroadcaster(self._publisher)

    async def publish(
        self,
        event: Event,
        source: str | None = None,
        timestamp: datetime | str | None = None,
        id: str | None = None,
    ) -> bool:
        """Publish one event; return `True` when the bus accepted it.

        `source` (1 to 256 characters) defaults to the broadcaster's source, else to that of the
        event type. `timestamp` is a datetime or RFC 3339 text and defaults to now; `id` is a UUID
        or a short id and defaults to a new UUIDv7. An event that is published twice with the same
        id is delivered once, as long as it is kept for replay.

        Returns `False` for a transport fault and logs type, id and reason: no connection, no
        credentials, no such bus, or throttled for too long (`EventBus` says how long that takes).
        Raises `InvalidEvent` or `EventTooLarge` before anything is sent, and `NotConfigured` when
        no bus or no region is configured.
        """
        return await self._in_thread(partial(self._publisher.publish, event, source, timestamp, id))

    async def publish_many(self, events: Iterable[Event]) -> list[bool]:
        """Publish events in order, up to ten in a request; return for each whether it was accepted.

        All events are checked first: when one is invalid or too large, none is sent. Raises the
        errors of `publish`.
        """
        return await self._in_thread(partial(self._publisher.publish_many, list(events)))

    def close(self) -> None:
        """Wait for the events that are being published, then close threads and connections.

        The next event opens new ones and reads the environment again.
        """
        threads = self._threads.reset()
        if threads:
            threads.shutdown()
        self._bus.close()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        # A tracer of boto3 finds the current span in the context of the caller.
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._threads(), run, call)


_shared = ForkLocal(EventBroadcaster)


def get_broadcaster() -> EventBroadcaster:
    """Return the broadcaster of this process, made at the first call; it may be awaited."""
    return _shared()


def init_broadcaster() -> EventBroadcaster:
    """Return the broadcaster of this process, as `get_broadcaster` does.

    Call sites that initialised the old broadcaster at startup keep working.
    """
    return get_broadcaster().init()
