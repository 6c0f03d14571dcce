"""The check that takes long: connections that are quiet outlive API Gateway's idle limit."""

from time import monotonic
from typing import Final

from websockets.exceptions import ConnectionClosed

from roomcast.cli.doctor import json_client, socketio_client
from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, Finding, ok
from roomcast.cli.doctor.socketio_client import PING, SocketIoClient
from roomcast.cli.doctor.target import Target, random_id

IDLE_SECONDS: Final = 11 * 60.0
"""API Gateway and CloudFront close what is idle for 10 minutes."""

SHORT: Final = "Lower heartbeat_interval, or look at the log and the errors of `heartbeat`."


async def keep_alive(target: Target) -> Finding:
    """Hold one connection of each protocol, and say nothing that nobody asked for."""
    begun = monotonic()
    async with (
        json_client.connected(target, random_id()) as quiet,
        socketio_client.in_session(target, random_id()) as session,
    ):
        try:
            await _listen(session, target)
            await session.call("ping")
            await quiet.succeed("ping")
        except ConnectionClosed:
            after = monotonic() - begun
            raise CheckFailed(f"a quiet connection was closed after {after:.0f} s", SHORT) from None
    return ok(f"quiet connections are still open after {monotonic() - begun:.0f} s")


async def _listen(session: SocketIoClient, target: Target) -> None:
    """Answer pings for the whole time, as Socket.IO clients do."""
    end = monotonic() + target.patience(IDLE_SECONDS)
    while (left := end - monotonic()) > 0:
        for packet in await session.frames.during(min(left, target.patience(1))):
            if packet.kind == PING:
                await session.frames.socket.send("3")


CHECKS: Final = (
    Check(
        name="keep-alive",
        proves="Quiet connections outlive the idle limit of 10 minutes.",
        rows=("ws-idle", "eb-schedule", "cf-idle"),
        seconds=IDLE_SECONDS + 60,
        takes_long=True,
        run=keep_alive,
    ),
)
