"""Announce events about agents."""

from roomcast import events
from roomcast.broadcasts.base import Broadcasts, Id, Object


class AgentBroadcasts(Broadcasts):
    """A coroutine for each event about agents."""

    async def broadcast_agent_status_changed(
        self,
        agent_id: Id,
        agent_name: str,
        status: str,
        availability: float = 0,
        metadata: Object | None = None,
    ) -> bool:
        """Tell the agent's room and everyone; `availability` runs from 0 to 100."""
        return await self.publish(
            events.AgentStatusChanged(
                agent_id=agent_id,
                agent_name=agent_name,
                status=status,
                availability=availability,
                metadata=metadata,
            )
        )

    async def broadcast_agent_connected(
        self, agent_id: Id, agent_name: str, metadata: Object | None = None
    ) -> bool:
        """Tell the agent's room and everyone."""
        return await self.publish(
            events.AgentConnected(agent_id=agent_id, agent_name=agent_name, metadata=metadata)
        )

    async def broadcast_agent_disconnected(
        self, agent_id: Id, agent_name: str, metadata: Object | None = None
    ) -> bool:
        """Tell the agent's room and everyone."""
        return await self.publish(
            events.AgentDisconnected(agent_id=agent_id, agent_name=agent_name, metadata=metadata)
        )
