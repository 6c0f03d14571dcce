"""Publishes events about agents."""

from enum import Enum

from roomcast import events
from roomcast.broadcasts.base import Broadcasts, Id, Object
from roomcast.events.agent import AgentStatus


class AgentBroadcasts(Broadcasts):
    """One coroutine for each event about agents."""

    async def broadcast_agent_status_changed(
        self,
        agent_id: Id,
        agent_name: str,
        status: AgentStatus | Enum,
        availability: float = 0,
        metadata: Object | None = None,
    ) -> bool:
        """Send `agent.status_changed` to the agent's room and `global`.

        `availability` is 0 to 100.
        """
        return await self._broadcast(
            events.AgentStatusChanged,
            agent_id=agent_id,
            agent_name=agent_name,
            status=status,
            availability=availability,
            metadata=metadata,
        )

    async def broadcast_agent_connected(
        self, agent_id: Id, agent_name: str, metadata: Object | None = None
    ) -> bool:
        """Send `agent.connected` to the agent's room and `global`."""
        return await self._broadcast(
            events.AgentConnected, agent_id=agent_id, agent_name=agent_name, metadata=metadata
        )

    async def broadcast_agent_disconnected(
        self, agent_id: Id, agent_name: str, metadata: Object | None = None
    ) -> bool:
        """Send `agent.disconnected` to the agent's room and `global`."""
        return await self._broadcast(
            events.AgentDisconnected, agent_id=agent_id, agent_name=agent_name, metadata=metadata
        )
