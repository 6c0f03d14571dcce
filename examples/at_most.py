"""Report progress as often as you like: each page gets one a second, and the end at once.

ROOMCAST_EVENT_BUS=… python examples/at_most.py build-17
"""

import asyncio
import sys

from roomcast import EventBroadcaster

STEPS = 40


async def main(workflow_id: str) -> None:
    broadcaster = EventBroadcaster(at_most={"workflow.progress": 1.0})
    for step in range(STEPS):
        await broadcaster.broadcast_workflow_progress(
            workflow_id, "running", step * 100 // STEPS, f"step {step}", STEPS, project_id="atlas"
        )
        await asyncio.sleep(0.05)
    await broadcaster.broadcast_workflow_completed(
        workflow_id, "completed", 100, STEPS, project_id="atlas"
    )
    broadcaster.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "build-17"))
