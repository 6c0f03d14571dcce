"""Builds what tells clients the state of rooms, in replies and as events."""

from functools import cache, partial

from roomcast_backend.gateway.paced_posts import PacedPosts
from roomcast_backend.runtime.frame_limit import rate_limit
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.runtime.room_states import current_state, event_frames
from roomcast_backend.settings import settings
from roomcast_backend.state.telling import StateTeller
from roomcast_backend.stores.connections import ConnectionStore


@cache
def paced_posts() -> PacedPosts:
    """Return what posts several events to one client, which count as commands of it."""
    chosen = settings()
    charge = partial(ConnectionStore(chosen).charge, limit=rate_limit(chosen))
    return PacedPosts(gateway(), charge=charge)


@cache
def state_teller() -> StateTeller:
    """Return what tells clients the state of rooms."""
    return StateTeller(current_state(), event_frames(), paced_posts())
