"""Builds the limit of a connection's frames."""

from functools import cache

from roomcast_backend.lifecycle.frame_limit import FrameLimit
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.runtime.metrics import FLOODING_CLOSED, count
from roomcast_backend.settings import Settings, settings
from roomcast_backend.stores.connections import ConnectionStore, RateLimit


def rate_limit(chosen: Settings) -> RateLimit:
    """Return how often a connection may send."""
    return RateLimit(
        interval=1000 // chosen.commands_per_second,
        burst=chosen.command_burst,
        flood=chosen.max_refused_commands,
    )


def count_flooding() -> None:
    """Count a connection that is closed for flooding."""
    count(FLOODING_CLOSED, 1)


@cache
def frame_limit() -> FrameLimit:
    """Return the limit of the frames that reach a function of another route."""
    return FrameLimit(
        connections=ConnectionStore(settings()),
        gateway=gateway(),
        limit=rate_limit(settings()),
        count_flooding=count_flooding,
    )
