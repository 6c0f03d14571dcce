"""Publishes typed events together: ten in a request, and a result for each.

ROOMCAST_EVENT_BUS=<bus> python examples/publish_many.py
"""

import asyncio

from roomcast import AgentConnected, Event, WorkflowStarted, get_broadcaster

FLEET = 24


def start_events() -> list[Event]:
    """Return the events of a fleet of agents that starts a workflow together."""
    agents = [
        AgentConnected(agent_id=f"agent-{number}", agent_name=f"Agent {number}")
        for number in range(FLEET)
    ]
    return [*agents, WorkflowStarted(workflow_id="nightly", status="running", total_steps=FLEET)]


async def main() -> int:
    """Publish the events; return how many were accepted."""
    accepted = await get_broadcaster().publish_many(start_events())
    return sum(accepted)


if __name__ == "__main__":
    print(asyncio.run(main()), "accepted")
