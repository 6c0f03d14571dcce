"""Events about projects."""

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field

from roomcast import rooms
from roomcast.events.base import Event
from roomcast.events.fields import Id, JsonObject, Text, UserId


class ProjectEvent(Event):
    """An event that is sent to the project's room and to that of the user who acted."""

    default_source: ClassVar[str] = "project_service"

    project_id: Id

    @abstractmethod
    def actor(self) -> str:
        """Return the id of the user who acted."""

    def rooms(self) -> tuple[str, ...]:
        """Return the project's room and the acting user's."""
        return str(rooms.project(self.project_id)), str(rooms.user(self.actor()))


class ProjectUpdated(ProjectEvent):
    """Settings or status of a project changed; `changes` lists them, `status` is free text."""

    type: ClassVar[str] = "project.updated"

    project_name: Text
    repository_url: Text
    status: Text
    updated_by: UserId
    changes: JsonObject = Field(default_factory=dict)

    def actor(self) -> str:
        """Return the id of the user who updated the project."""
        return self.updated_by


class ProjectDeleted(ProjectEvent):
    """A project was deleted."""

    type: ClassVar[str] = "project.deleted"

    deleted_by: UserId

    def actor(self) -> str:
        """Return the id of the user who deleted the project."""
        return self.deleted_by
