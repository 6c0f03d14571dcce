"""The base class of the coroutines that publish, and the types of their arguments."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

from roomcast.events.base import Event

Id: TypeAlias = UUID | str
Object: TypeAlias = Mapping[str, object]


class Broadcasts(ABC):
    """A class with `publish`, which the coroutines of the subclasses call."""

    @abstractmethod
    async def publish(self, event: Event) -> bool:
        """Publish one event; return whether the bus accepted it."""
