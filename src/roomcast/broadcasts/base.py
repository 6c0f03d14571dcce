"""The base class of the coroutines that publish, and the types of their arguments."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeAlias
from uuid import UUID

from pydantic import BaseModel

from roomcast.errors import InvalidEvent
from roomcast.events.base import Event


class Dataclass(Protocol):
    """An instance of a dataclass, as type checkers know it."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Id: TypeAlias = UUID | str | int
Object: TypeAlias = Mapping[Any, object] | BaseModel | Dataclass


class Broadcasts(ABC):
    """A class with `publish`, which the coroutines of the subclasses call."""

    @abstractmethod
    async def publish(self, event: Event) -> bool:
        """Publish one event; return whether the bus accepted it."""

    @abstractmethod
    def _refuse(self, error: InvalidEvent) -> bool:
        """Raise the error, or log it and return `False`."""

    async def _broadcast(self, kind: type[Event], /, **values: object) -> bool:
        """Make an event from the values and publish it."""
        try:
            event = kind(**values)
        except InvalidEvent as exc:
            return self._refuse(exc)
        return await self.publish(event)
