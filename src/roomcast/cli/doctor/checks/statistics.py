"""Checks of the counters, and of what is left of connections that have gone."""

from contextlib import AsyncExitStack
from time import monotonic
from typing import Any, Final

from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, CheckSkipped, Finding, ok
from roomcast.cli.doctor.http_request import request
from roomcast.cli.doctor.json_client import connected
from roomcast.cli.doctor.target import Target, random_id
from roomcast.events import ProjectDeleted

CONNECTIONS: Final = 3
PATIENCE: Final = 30.0
"""Seconds: the counters follow the tables' streams."""

CLEANUP_PATIENCE: Final = 60.0
"""Seconds: a member that is answered 410 is forgotten when it is 15 s old."""

PAUSE: Final = 1.0
HTTP_OK: Final = 200
LAG: Final = "Read the log of `count`, its alarm for lag, and its dead letters."


async def counters(target: Target) -> Finding:
    """Connect and leave, and see a room's counter follow."""
    room = f"project:{random_id()}"
    async with AsyncExitStack() as connections:
        for _ in range(CONNECTIONS):
            client = await connections.enter_async_context(connected(target, random_id()))
            await client.succeed("subscribe", room=room)
        await _until(target, room, CONNECTIONS, PATIENCE)
    await _until(target, room, 0, PATIENCE)
    return ok(f"{CONNECTIONS} connections and their room were counted, and counted off again")


async def cleanup(target: Target) -> Finding:
    """Lose a connection, and see its membership vanish."""
    project = random_id()
    room = f"project:{project}"
    async with connected(target, random_id()) as client:
        await client.succeed("subscribe", room=room)
        await _until(target, room, 1, PATIENCE)
        await client.frames.abort()
    begun = monotonic()
    # A post to the lost connection is answered 410: that finds it when `$disconnect` is not called.
    await _until(target, room, 0, CLEANUP_PATIENCE, publish=project)
    return ok(f"a lost connection's membership was gone after {monotonic() - begun:.0f} s")


async def _until(
    target: Target, room: str, count: int, seconds: float, *, publish: str = ""
) -> None:
    """Wait until the statistics count `count` members of a room, and that many connections."""
    end = monotonic() + target.patience(seconds)
    while True:
        statistics = await _statistics(target)
        members = statistics.get("detail", {}).get(room, 0)
        connections = statistics.get("connections", 0)
        if members == count <= connections:
            return
        if monotonic() > end:
            raise CheckFailed(
                f"a room with {count} members counts {members} after {seconds:g} s, "
                f"of {connections} connections",
                LAG,
            )
        if publish:
            await target.publish(ProjectDeleted(project_id=publish, deleted_by=publish))
        await target.sleep(PAUSE)


async def _statistics(target: Target) -> dict[str, Any]:
    url = target.deployment.stats_url
    if not url:
        raise CheckSkipped("the stack has no StatsUrl")
    headers = {"Authorization": f"Bearer {target.admin_token()}"}
    answer = await request("GET", f"{url}?detail=rooms", headers=headers)
    if answer.status != HTTP_OK:
        raise CheckFailed(f"the statistics answered HTTP {answer.status}", "Read `status`'s log.")
    return answer.json()


CHECKS: Final = (
    Check(
        name="counters",
        proves="The statistics follow connections and memberships, up and down.",
        rows=("stream-order", "stream-at-least-once", "stream-dead-letter", "tx-token-mismatch"),
        seconds=120,
        run=counters,
    ),
    Check(
        name="cleanup",
        proves="A connection that is lost leaves its rooms.",
        rows=("ws-disconnect-best-effort", "post-gone"),
        seconds=150,
        run=cleanup,
    ),
)
