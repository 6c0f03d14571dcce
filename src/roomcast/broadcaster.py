"""The broadcaster, with which backends publish events."""

import asyncio
import contextvars
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from roomcast import access, conflation, environment, time_limits
from roomcast.broadcasts.all import AllBroadcasts
from roomcast.bus import EventBus
from roomcast.bus_connection import MAX_CONNECTIONS
from roomcast.chosen_bus import ChosenBus
from roomcast.errors import InvalidEvent
from roomcast.events.base import Event
from roomcast.fork_local import ForkLocal
from roomcast.large_events import LargeEvents
from roomcast.logging_publisher import LoggingPublisher
from roomcast.memory_bus import MemoryBus
from roomcast.publisher import Publisher
from roomcast.rooms import is_id
from roomcast.sync import SyncBroadcaster
from roomcast.time_limits import TimeLimits

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

T = TypeVar("T")


class EventBroadcaster(AllBroadcasts):
    """Publishes events to one bus, from any number of tasks and threads.

    `event_bus` is the name or ARN of the bus, or `memory:` for one that only records, in tests; by
    default `ROOMCAST_EVENT_BUS` names it. boto3 finds region, credentials and endpoint. `source`
    replaces the default source of every event type. `on_invalid` says whether an invalid or too
    large event is raised (`"raise"`, the default) or logged, with the result `False` (`"log"`).
    `data_bucket` is the bucket for the data of events over 128 KB, see `LargeEvents`. `at_most` are
    seconds by event type: `{"workflow.progress": 1.0}` sends one of each workflow in a second, the
    latest, and `True` then also means that an event is held to be sent or replaced. The timeouts
    are in seconds: for connecting (1), for an answer (2), and for a call as a whole (6). `tenant`
    is the tenant whose rooms are published to and whose users' access is ended, `""` for none. What
    is not given comes from the environment; docs/settings.md has the variables.

    The broadcaster reads no setting and opens no connection before `init` or the first event. boto3
    blocks, so it runs in threads that belong to the broadcaster: an endpoint that does not answer
    cannot use up the default threads of the event loop.
    """

    def __init__(
        self,
        event_bus: str | None = None,
        *,
        client: "EventBridgeClient | None" = None,
        source: str | None = None,
        tenant: str | None = None,
        data_bucket: str | None = None,
        at_most: Mapping[str, float] | None = None,
        on_invalid: Literal["raise", "log"] | None = None,
        connect_timeout: float | None = None,
        read_timeout: float | None = None,
        publish_timeout: float | None = None,
    ) -> None:
        if on_invalid not in (None, "raise", "log"):
            raise ValueError('on_invalid: expected "raise" or "log"')
        _check_tenant(tenant)
        time_limits.check(
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            publish_timeout=publish_timeout,
        )
        limits = partial(TimeLimits.chosen, connect_timeout, read_timeout, publish_timeout)
        self._on_invalid = on_invalid
        self._bus = ChosenBus(event_bus, EventBus(event_bus, client=client, limits=limits))
        self._large = LargeEvents(data_bucket, limits=limits, in_memory=self._bus.is_memory)
        if at_most is not None:
            at_most = conflation.check(at_most)
        self._at_most = partial(conflation.chosen, at_most)
        publisher = Publisher(
            self._bus, source, tenant=tenant, large=self._large, at_most=self._at_most
        )
        self._publisher = LoggingPublisher(publisher, on_invalid)
        self._threads = ForkLocal(
            lambda: ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="roomcast")
        )
        self._look: tuple[int, Future[None]] | None = None
        self.sync = SyncBroadcaster(self._publisher)
        """The same methods as plain functions, for code that cannot await."""

    def of(self, tenant: str) -> Self:
        """Return a broadcaster to the rooms and users of a tenant.

        It shares bus, threads and settings with this one, so there may be one for each request;
        `close` closes both. Raises `ValueError` for what is no id; `""` is no tenant.
        """
        _check_tenant(tenant)
        broadcaster = copy(self)
        broadcaster._publisher = self._publisher.of(tenant)
        broadcaster.sync = SyncBroadcaster(broadcaster._publisher)
        return broadcaster

    @property
    def bus(self) -> MemoryBus:
        """The bus in memory, with the `events` that were published.

        Raises `NotConfigured` when the bus is another one than `memory:`.
        """
        return self._bus.memory

    def init(self) -> Self:
        """Check settings and bus, and return the broadcaster itself, which may be awaited.

        Raises `NotConfigured` when no bus or no region is configured, or a setting is not valid.
        A bus that does not exist is logged, as at every event. Without an event loop this blocks
        until the bus has answered; within one the answer is what `await broadcaster.init()` awaits.
        """
        environment.max_event_bytes()
        environment.room_kinds()
        environment.tenant()
        environment.logs_invalid(self._on_invalid)
        self._at_most()
        self._bus.connect()
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._bus.look()
        else:
            self._look = (os.getpid(), self._submit(self._bus.look))
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        """Let `await get_broadcaster()` and `await broadcaster.init()` yield the broadcaster."""
        look, self._look = self._look, None
        if look and look[0] == os.getpid():
            yield from asyncio.shield(asyncio.wrap_future(look[1])).__await__()
        return self

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

        Returns `False` for a transport fault and logs type, id, endpoint, reason and what to do: no
        connection, no credentials, no such bus, or throttled for too long. Also returns `False`
        when no bus or no region is configured, which is logged once. Raises `InvalidEvent` or
        `EventTooLarge` before anything is sent, unless `on_invalid` is `"log"`.
        """
        return await self._in_thread(partial(self._publisher.publish, event, source, timestamp, id))

    async def publish_many(self, events: Iterable[Event]) -> list[bool]:
        """Publish events in order, up to ten in a request; return for each whether it was accepted.

        All events are checked first: when one is invalid or too large, none is sent and the error
        is raised. With `on_invalid="log"` its result is `False`, and the others are sent.
        """
        return await self._in_thread(partial(self._publisher.publish_many, list(events)))

    async def disconnect(self, user: str, *, reason: str = "") -> bool:
        """Close all connections that a user has now; return `True` when the bus took the order.

        The clients are told `ACCESS_REVOKED` with `reason` (up to 256 characters), then closed,
        within about two seconds. The user's tokens stay good: whoever has one may connect again.
        `user` is the id as `roomcast.rooms.user_id` writes it. Raises `InvalidEvent` for a bad id
        or reason, also with `on_invalid="log"`; returns `False` as `publish` does.
        """
        order = partial(self._publisher.order, access.DISCONNECT, user, reason=reason)
        return await self._in_thread(order)

    async def remove(self, user: str, room: str, *, reason: str = "") -> bool:
        """Take all connections that a user has now out of a room; they stay open.

        The clients are told `ACCESS_REVOKED` with the room and `reason`. A token that opens the
        room still does: the client may join it again. Nobody can be removed from `global` or the
        room of a user. Results and errors are those of `disconnect`.
        """
        order = partial(self._publisher.order, access.REMOVE, user, str(room), reason=reason)
        return await self._in_thread(order)

    async def revoke(
        self, user: str, issued_before: datetime | float | None = None, *, reason: str = ""
    ) -> bool:
        """Refuse the tokens that a user has been issued, and close the connections made with them.

        `issued_before` is a datetime with a zone or epoch seconds, and not in the future; by
        default the tokens of the order's own second are revoked as well. They are refused within a
        second, wherever they come. A token without `iat` counts as an old one. The clients are told
        as with `disconnect`; connections with newer tokens stay. Results and errors are those of
        `disconnect`.
        """
        order = partial(
            self._publisher.order,
            access.REVOKE,
            user,
            reason=reason,
            issued_before=issued_before,
        )
        return await self._in_thread(order)

    def close(self) -> None:
        """Wait for the events that are being published, send those that are held, close the rest.

        The next event opens new ones and reads the environment again; it may be published while
        this waits.
        """
        threads = self._threads.reset()
        if threads:
            threads.shutdown()
        self._publisher.close()
        self._bus.close()
        self._large.close()

    def _refuse(self, error: InvalidEvent) -> bool:
        return self._publisher.refuse(error)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        # A tracer of boto3 finds the current span in the context of the caller.
        run = contextvars.copy_context().run
        return await asyncio.wrap_future(self._submit(partial(run, call)))

    def _submit(self, call: Callable[[], T]) -> Future[T]:
        """Run a call in a thread of the broadcaster.

        this thread: gets the threads                  submits: RuntimeError, gets other ones
        another thread:               close() ends them
        """
        while True:
            threads = self._threads()
            try:
                return threads.submit(call)
            except RuntimeError:
                if self._threads() is threads:  # the interpreter ends
                    raise


_shared = ForkLocal(EventBroadcaster)


def get_broadcaster(tenant: str | None = None) -> EventBroadcaster:
    """Return the broadcaster of this process, made at the first call; it may be awaited.

    With `tenant` it is one to the rooms and users of that tenant, see `EventBroadcaster.of`.
    """
    return _shared() if tenant is None else _shared().of(tenant)


def _check_tenant(tenant: str | None) -> None:
    """Raise `ValueError` for what is no tenant's id."""
    if tenant and not is_id(tenant):
        raise ValueError("tenant: expected an id, 1 to 128 of A-Z a-z 0-9 . _ -")


def init_broadcaster() -> EventBroadcaster:
    """Return the broadcaster of this process, with its settings and bus checked; see `init`.

    Call sites that initialised the old broadcaster at startup keep working.
    """
    return get_broadcaster().init()
