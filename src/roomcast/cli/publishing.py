"""The publisher of the command line: it gives up sooner than that of a program."""

import os
from typing import TYPE_CHECKING, Final

from roomcast.cli.deployment import answering
from roomcast.environment import EVENT_BUS
from roomcast.time_limits import CONNECT_TIMEOUT, PUBLISH_TIMEOUT, READ_TIMEOUT, TimeLimits

if TYPE_CHECKING:
    from roomcast.publisher import Publisher

IMPATIENT: Final = TimeLimits(connect=0.8, read=1.4, publish=2.2)
"""One attempt: whoever typed the command sees that it failed, and may type it again."""


def publisher(
    stack: str | None, source: str | None = None, tenant: str | None = None
) -> "Publisher":
    """Return a publisher: to the stack, else the environment's bus, else the local service."""
    from roomcast.bus import EventBus
    from roomcast.large_events import LargeEvents
    from roomcast.publisher import Publisher

    if not stack and os.environ.get(EVENT_BUS):
        return Publisher(EventBus(limits=_limits), source, tenant=tenant)
    deployment = answering(stack)
    deployment.take_room_kinds()
    bus = EventBus(deployment.required("event_bus"), client=deployment.client("events"))
    large = LargeEvents(deployment.data_bucket, client=deployment.client("s3"))
    return Publisher(bus, source, tenant=tenant, large=large)


def _limits() -> TimeLimits:
    """Return the limits of the environment where it has any."""
    given = any(os.environ.get(name) for name in (CONNECT_TIMEOUT, READ_TIMEOUT, PUBLISH_TIMEOUT))
    return TimeLimits.chosen() if given else IMPATIENT
