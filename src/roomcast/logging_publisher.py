"""Publishes for call sites: what must not stop them is logged, and the answer is `False`."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from copy import copy
from datetime import datetime
from functools import partial
from typing import Self

from roomcast import environment
from roomcast.access import Order
from roomcast.errors import EventTooLarge, InvalidEvent, NotConfigured, RoomcastError
from roomcast.events.base import Event
from roomcast.publisher import Prepared, Publisher

logger = logging.getLogger(__name__)


class LoggingPublisher:
    """A publisher whose missing configuration is logged once, and invalid events if so chosen.

    `on_invalid` is `raise` or `log`; None leaves it to the environment.
    """

    def __init__(self, publisher: Publisher, on_invalid: str | None = None) -> None:
        self._publisher = publisher
        self._on_invalid = on_invalid
        self._told: set[str] = set()

    def of(self, tenant: str) -> Self:
        """Return a publisher to the rooms of a tenant, which shares all that this one holds."""
        publisher = copy(self)
        publisher._publisher = self._publisher.of(tenant)
        return publisher

    def publish(
        self,
        event: Event,
        source: str | None = None,
        timestamp: datetime | str | None = None,
        id: str | None = None,
    ) -> bool:
        """Publish one event; for results and errors see `EventBroadcaster.publish`."""
        try:
            return self._publisher.publish(event, source, timestamp, id)
        except NotConfigured as exc:
            return self._tell_once(exc)
        except (InvalidEvent, EventTooLarge) as exc:
            return self.refuse(exc)

    def publish_many(self, events: Iterable[Event]) -> list[bool]:
        """Publish events in order; see `EventBroadcaster.publish_many`."""
        events = list(events)
        try:
            prepared = [self._prepared(event) for event in events]
            accepted = self._publisher.offer([each for each in prepared if each])
        except NotConfigured as exc:
            return [self._tell_once(exc)] * len(events)
        results = iter(accepted)
        return [next(results) if each else False for each in prepared]

    def order(
        self,
        type: str,
        user_id: str,
        room: str = "",
        *,
        reason: str = "",
        issued_before: datetime | float | None = None,
    ) -> bool:
        """Order the end of a user's access.

        An order that is not valid is raised, whatever `on_invalid` says: a typing error must not
        leave somebody in.
        """
        make = partial(
            Order.make,
            type,
            user_id,
            room,
            reason=reason,
            source=self._publisher.source,
            issued_before=issued_before,
        )
        try:
            return self._publisher.order(make(tenant=self._publisher.tenant))
        except NotConfigured as exc:
            return self._tell_once(exc)

    def refuse(self, error: InvalidEvent | EventTooLarge) -> bool:
        """Raise an error about an event, or log it and return `False`."""
        if not self._logs_invalid():
            raise error
        logger.error("%s", error)
        return False

    def close(self) -> None:
        """Send what is held, and forget what has been logged once: the environment is read anew."""
        try:
            self._publisher.close()
        except NotConfigured as exc:
            self._tell_once(exc)
        self._told.clear()

    def _prepared(self, event: Event) -> Prepared | None:
        try:
            return self._publisher.prepare(event)
        except (InvalidEvent, EventTooLarge) as exc:
            self.refuse(exc)
            return None

    def _logs_invalid(self) -> bool:
        with suppress(NotConfigured):
            return environment.logs_invalid(self._on_invalid)
        return False

    def _tell_once(self, error: RoomcastError) -> bool:
        if str(error) not in self._told:
            self._told.add(str(error))
            logger.error("events are not published: %s", error)
        return False
