"""What the announcements build upon."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

from roomcast.events.base import Event

Id: TypeAlias = UUID | str
Object: TypeAlias = Mapping[str, object]


class Broadcasts(ABC):
    """Something that publishes events, one way or another."""

    @abstractmethod
    async def publish(self, event: Event) -> bool:
        """Publish one event and return whether it was accepted."""
