"""The publisher of the command line: it gives up sooner than that of a program."""

import os
from typing import TYPE_CHECKING, Final

from roomcast.cli.deployment import answering
from roomcast.environment import EVENT_BUS
from roomcast.time_limits import PUBLISH_TIMEOUT, TimeLimits

if TYPE_CHECKING:
    from roomcast.publisher import Publisher

SECONDS: Final = 3.0
"""How long a call may take with everything that is repeated, unless the environment says."""


def publisher(stack: str | None, source: str | None = None) -> "Publisher":
    """Return a publisher: to the stack, else the environment's bus, else the local service."""
    from roomcast.bus import EventBus
    from roomcast.large_events import LargeEvents
    from roomcast.publisher import Publisher

    if not stack and os.environ.get(EVENT_BUS):
        return Publisher(EventBus(limits=_limits), source)
    deployment = answering(stack)
    deployment.take_room_kinds()
    bus = EventBus(deployment.required("event_bus"), client=deployment.client("events"))
    large = LargeEvents(deployment.data_bucket, client=deployment.client("s3"))
    return Publisher(bus, source, large=large)


def _limits() -> TimeLimits:
    return TimeLimits.chosen(publish=None if os.environ.get(PUBLISH_TIMEOUT) else SECONDS)
