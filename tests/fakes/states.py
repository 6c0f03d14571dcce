"""Puts the parts together that keep and tell the state of rooms, over some tables."""

from collections.abc import Callable
from typing import Any

from roomcast_backend.fanout.state_keeping import StateKeeper
from roomcast_backend.gateway.paced_posts import CommandCharger, PacedPosts
from roomcast_backend.gateway.port import Gateway
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.settings import Settings
from roomcast_backend.state.current import CurrentState
from roomcast_backend.state.telling import StateTeller
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.room_states import RoomStates
from tests.fakes.clock import FakeClock
from tests.fakes.data import FakeData


def free(_connection_id: str, _commands: int) -> None:
    """Charge nothing."""


def keeper(settings: Settings, dynamodb: Any, clock: FakeClock, data: FakeData) -> StateKeeper:
    """Return what a fan-out keeps states with."""
    return StateKeeper(RoomStates(settings, client=dynamodb, sleep=clock.sleep), data)


def teller(
    settings: Settings,
    dynamodb: Any,
    gateway: Gateway,
    clock: FakeClock,
    *,
    data: FakeData | None = None,
    charge: CommandCharger = free,
    now: Callable[[], float] | None = None,
) -> StateTeller:
    """Return what tells clients the states."""
    data = data or FakeData()
    current = CurrentState(
        RoomStates(settings, client=dynamodb, sleep=clock.sleep),
        RoomLog(settings, client=dynamodb, sleep=clock.sleep),
        data,
        clock=now or clock,
    )
    posts = PacedPosts(gateway, charge=charge, clock=now or clock)
    return StateTeller(current, EventFrames(data, largest=settings.max_post_bytes), posts)
