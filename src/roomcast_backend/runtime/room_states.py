"""Builds what tells the state of rooms."""

from functools import cache, partial

from roomcast_backend.gateway.paced_posts import PacedPosts
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.runtime.frame_limit import rate_limit
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.settings import settings
from roomcast_backend.state.current import CurrentState
from roomcast_backend.state.telling import StatePages, StateTeller
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.large_data import LargeData
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.room_states import RoomStates


@cache
def event_frames() -> EventFrames:
    """Return what writes events as frames."""
    chosen = settings()
    return EventFrames(LargeData(chosen), largest=chosen.max_post_bytes)


@cache
def paced_posts() -> PacedPosts:
    """Return what posts several events to one client, which count as commands of it."""
    chosen = settings()
    charge = partial(ConnectionStore(chosen).charge, limit=rate_limit(chosen))
    return PacedPosts(gateway(), charge=charge)


@cache
def state_teller() -> StateTeller:
    """Return what tells clients the state of rooms."""
    return StateTeller(_current_state(), event_frames(), paced_posts())


@cache
def state_pages() -> StatePages:
    """Return what tells the state of rooms page by page, and posts to nobody."""
    return StatePages(_current_state(), event_frames())


def _current_state() -> CurrentState:
    chosen = settings()
    return CurrentState(RoomStates(chosen), RoomLog(chosen), LargeData(chosen))
