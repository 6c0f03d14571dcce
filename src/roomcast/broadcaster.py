"""The broadcaster: what backends publish events with."""

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
from roomcast.publisher import Publisher
from roomcast.sync import SyncBroadcaster

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

T = TypeVar("T")


class EventBroadcaster(AllBroadcasts):
    """Publishes events to one bus, from any number of tasks and threads.

    The bus is `event_bus` (name or ARN), else `ROOMCAST_EVENT_BUS`; region, credentials and
    endpoint are boto3's. `source` replaces the event types' own sources. Nothing is read, built or
    connected to before the first event. boto3 blocks, so it runs in threads of the broadcaster's
    own: an endpoint that hangs cannot starve the event loop's default ones.
    """

    def __init__(
        self,
        event_bus: str | None = None,
        *,
        client: "EventBridgeClient | None" = None,
        source: str | None = None,
    ) -> None:
        self._bus = EventBus(event_bus, client=client)
        self._publisher = Publisher(self._bus, source)
        self._threads = ForkLocal(
            lambda: ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="roomcast")
        )

    def init(self) -> Self:
        """Return the broadcaster; there is nothing to connect to. May be awaited."""
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Let `await get_broadcaster()` and `await broadcaster.init()` yield the broadcaster."""
        yield from ()
        return self

    @cached_property
    def sync(self) -> SyncBroadcaster:
        """The same methods for code that cannot await."""
        return SyncBroadcaster(self._publisher)

    async def publish(
        self,
        event: Event,
        source: str | None = None,
        timestamp: datetime | str | None = None,
        id: str | None = None,
    ) -> bool:
        """Publish one event; return `True` when the bus accepted it.

        `source` defaults to the broadcaster's or the type's own, `timestamp` to now and `id` to a
        new UUIDv7. Publishing twice under one id delivers once, as long as the event is replayable.

        Returns `False`, and logs type, id and reason, for a transport fault: no connection, no
        credentials, no such bus, throttled for too long (see `EventBus` for how long that takes).
        Raises `InvalidEvent` or `EventTooLarge` before anything is sent, and `NotConfigured` when
        no bus or region is named.
        """
        return await self._in_thread(partial(self._publisher.publish, event, source, timestamp, id))

    async def publish_many(self, events: Iterable[Event]) -> list[bool]:
        """Publish events in order, up to ten to a request; return for each what `publish` does.

        All of them are checked first: when one is refused, none is sent.
        """
        return await self._in_thread(partial(self._publisher.publish_many, list(events)))

    def close(self) -> None:
        """Wait for what is being published, then let go of threads and connections.

        Publishing again afterwards makes new ones and reads the environment anew.
        """
        threads = self._threads.forget()
        if threads:
            threads.shutdown()
        self._bus.close()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        # With the caller's context, which holds the current span when boto3 is traced.
        run = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(self._threads(), run, call)


_shared = ForkLocal(EventBroadcaster)


def get_broadcaster() -> EventBroadcaster:
    """Return the process's broadcaster, made at the first call. May be awaited."""
    return _shared()


def init_broadcaster() -> EventBroadcaster:
    """Return the process's broadcaster; call sites that prepared it at startup stay as they are."""
    return get_broadcaster().init()
