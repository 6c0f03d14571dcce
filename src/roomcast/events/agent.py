"""Events about agents."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from roomcast import rooms
from roomcast.events.base import Event
from roomcast.events.fields import (
    Id,
    JsonObject,
    Percent,
    Plain,
    Text,
)

AgentStatus = Annotated[Literal["online", "offline", "busy", "idle", "error"], Plain]


class AgentEvent(Event):
    """An event that is sent to the agent's room and to `global`."""

    default_source: ClassVar[str] = "agent_service"

    agent_id: Id
    agent_name: Text

    def rooms(self) -> tuple[str, ...]:
        """Return the agent's room and `global`."""
        return str(rooms.agent(self.agent_id)), str(rooms.GLOBAL)


class AgentStatusChanged(AgentEvent):
    """An agent's status or availability changed; `availability` is 0 to 100."""

    type: ClassVar[str] = "agent.status_changed"

    status: AgentStatus
    availability: Percent = 0
    metadata: JsonObject = Field(default_factory=dict)


class AgentConnected(AgentEvent):
    """An agent became reachable."""

    type: ClassVar[str] = "agent.connected"

    metadata: JsonObject = Field(default_factory=dict)


class AgentDisconnected(AgentEvent):
    """An agent is no longer reachable."""

    type: ClassVar[str] = "agent.disconnected"

    metadata: JsonObject = Field(default_factory=dict)
