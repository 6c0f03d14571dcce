"""An agent that publishes its status.

ROOMCAST_EVENT_BUS=<bus> python examples/agent_service.py
"""

import asyncio
from enum import Enum

from roomcast import EventBroadcaster


class AgentStatus(str, Enum):  # noqa: UP042 - call sites of before Python 3.11 look like this
    """The states of this agent; members are published as their values."""

    BUSY = "busy"
    IDLE = "idle"


class Agent:
    """Does tasks, one after the other."""

    def __init__(self, agent_id: str, name: str) -> None:
        self.id = agent_id
        self.name = name
        self._broadcaster = EventBroadcaster().init()

    async def work_on(self, task: str) -> None:
        """Do one task; publish the status before and after it."""
        await self._report(AgentStatus.BUSY, availability=10, task=task)
        await self._report(AgentStatus.IDLE, availability=100, task=None)

    async def _report(self, status: AgentStatus, availability: int, task: str | None) -> None:
        await self._broadcaster.broadcast_agent_status_changed(
            self.id, self.name, status, availability, metadata={"task": task}
        )


def main() -> None:
    """Let one agent do one task."""
    asyncio.run(Agent("builder-1", "Builder").work_on("compile the parser"))


if __name__ == "__main__":
    main()
