"""A Temporal activity that publishes the progress of a workflow after each step.

Register `run_steps` with a worker like any other activity, and set ROOMCAST_EVENT_BUS in the
worker's environment. An event that cannot be sent is logged and does not fail the activity.
"""

from temporalio import activity

from roomcast import get_broadcaster

STEPS = ("checkout", "analyze", "patch", "test")


@activity.defn
async def run_steps(workflow_id: str, project_id: str) -> int:
    """Do the steps of one workflow; return their number."""
    broadcaster = await get_broadcaster()
    for done, step in enumerate(STEPS, start=1):
        activity.heartbeat(step)
        await broadcaster.broadcast_workflow_progress(
            workflow_id=workflow_id,
            status="completed" if done == len(STEPS) else "running",
            progress=100 * done // len(STEPS),
            current_step=step,
            total_steps=len(STEPS),
            project_id=project_id,
            logs=[f"{step} done"],
        )
    return len(STEPS)
