"""Events that tell who comes and goes in a room; the service publishes them, nobody else."""

from typing import ClassVar

from roomcast.events.base import Event
from roomcast.events.fields import Count, UserId


class PresenceEvent(Event):
    """Some users of one room, which is the room of the envelope."""

    default_source: ClassVar[str] = "websocket_server"
    publishable: ClassVar[bool] = False

    user_ids: list[UserId]
    count: Count
    """How many users are in the room then."""

    def rooms(self) -> tuple[str, ...]:
        """Return no rooms: the service knows which room the event is of."""
        return ()


class PresenceJoined(PresenceEvent):
    """Users have come into a room, each with the first of the user's connections."""

    type: ClassVar[str] = "presence.joined"


class PresenceLeft(PresenceEvent):
    """Users have left a room with all connections, and did not come back in time."""

    type: ClassVar[str] = "presence.left"
