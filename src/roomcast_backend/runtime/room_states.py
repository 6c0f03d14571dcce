"""Builds what reads the state of rooms; it posts to nobody."""

from functools import cache

from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.settings import settings
from roomcast_backend.state.current import CurrentState
from roomcast_backend.state.telling import StatePages
from roomcast_backend.stores.large_data import LargeData
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.room_states import RoomStates


@cache
def event_frames() -> EventFrames:
    """Return what writes events as frames."""
    chosen = settings()
    return EventFrames(LargeData(chosen), largest=chosen.max_post_bytes)


def current_state() -> CurrentState:
    """Return what finds what is current in rooms."""
    chosen = settings()
    return CurrentState(RoomStates(chosen), RoomLog(chosen), LargeData(chosen))


@cache
def state_pages() -> StatePages:
    """Return what tells the state of rooms page by page."""
    return StatePages(current_state(), event_frames())
