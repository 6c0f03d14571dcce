"""What tells clients who is in rooms, over tables of a test."""

from collections.abc import Callable
from typing import Any

from roomcast_backend.inbound.presence_commands import PresenceCommands
from roomcast_backend.model.presence import kinds_of
from roomcast_backend.settings import Settings
from roomcast_backend.stores.presence import PresenceStore


def commands(settings: Settings, tables: Any, clock: Callable[[], float]) -> PresenceCommands:
    """Return it for the kinds of rooms in the settings."""
    store = PresenceStore(settings, client=tables, clock=clock)
    return PresenceCommands(store, kinds=kinds_of(settings.presence_rooms))
