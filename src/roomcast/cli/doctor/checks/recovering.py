"""Checks of what a client gets that was away: by `since`, and by Socket.IO's recovery."""

from typing import Any, Final

from roomcast.cli.doctor import json_client, socketio_client
from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, Finding, ok
from roomcast.cli.doctor.target import Published, Target, random_id
from roomcast.events import ProjectDeleted

LOG_SECONDS: Final = 2.0
"""How long an event may take from the bus to the replay log before its client comes back."""

LOST: Final = "Read the log of `broadcast`: is the event in it? See docs/PROTOCOL.md, Replay."


async def recovery(target: Target) -> Finding:
    """Break connections off, publish, and come back, in both protocols."""
    await _since(target)
    await _session(target)
    return ok("`since` and Socket.IO's recovery give what was missed, recovered: true")


async def _since(target: Target) -> None:
    project, user = random_id(), random_id()
    room = f"project:{project}"
    async with json_client.connected(target, user) as client:
        await client.succeed("subscribe", room=room)
        seen = await _publish(target, project)
        await client.event(seen.id)
        await client.frames.abort()
    missed = await _publish(target, project)
    await target.sleep(LOG_SECONDS)
    async with json_client.connected(target, user) as client:
        reply = await client.succeed("subscribe", room=room, since=seen.id)
        if reply.get("recovered") is not True:
            raise CheckFailed("`subscribe` with `since` answered recovered: false", LOST)
        await _arrives(client, missed)


async def _arrives(client: json_client.JsonClient, missed: Published) -> None:
    try:
        await client.event(missed.id)
    except CheckFailed:
        raise CheckFailed("the missed event did not come, though recovered: true", LOST) from None


async def _session(target: Target) -> None:
    project, user = random_id(), random_id()
    auth: dict[str, Any] = {"token": target.token(user), "recover": True}
    async with socketio_client.connected(target) as client:
        pid = (await client.session(**auth)).get("pid")
        await client.call("subscribe", room=f"project:{project}")
        seen = await _publish(target, project)
        offset = (await client.event(seen.id))[-1]
        await client.frames.abort()
    missed = await _publish(target, project)
    await target.sleep(LOG_SECONDS)
    async with socketio_client.connected(target) as client:
        body = await client.session(**auth, pid=pid, offset=offset)
        if not pid or body.get("pid") != pid:
            raise CheckFailed("Socket.IO's session was not recovered: another pid came", LOST)
        try:
            await client.event(missed.id)
        except CheckFailed:
            raise CheckFailed("Socket.IO's recovery did not bring the missed event", LOST) from None


async def _publish(target: Target, project: str) -> Published:
    return await target.publish(ProjectDeleted(project_id=project, deleted_by=project))


CHECKS: Final = (
    Check(
        name="recovery",
        proves="A client that comes back after a lost connection gets what it missed.",
        rows=("ws-2-hours", "post-accepted"),
        seconds=120,
        run=recovery,
    ),
)
