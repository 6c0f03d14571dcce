"""Checks of handshakes and greetings."""

import contextlib
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

from roomcast.cli.doctor import json_client, socketio_client
from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, CheckSkipped, Finding, ok, warning
from roomcast.cli.doctor.frame_socket import SWITCHING_PROTOCOLS, handshake_status, opened
from roomcast.cli.doctor.percentiles import milliseconds
from roomcast.cli.doctor.socketio_client import CONNECT_ERROR, code_of
from roomcast.cli.doctor.target import Target, random_id

SLOW_GREETING: Final = 2.0
"""Seconds. Socket.IO gives up after 20; two tell of cold starts or throttling."""

CONNECTIONS: Final = 5
UNAUTHORIZED: Final = 401
NO_TOKEN: Final = "AUTH_MISSING"  # noqa: S105  an error code
BAD_TOKEN: Final = "AUTH_FAILED"  # noqa: S105  an error code


async def good_token(target: Target) -> Finding:
    """Connect with a good token in both protocols."""
    user = random_id()
    async with json_client.connected(target, user) as client:
        await client.succeed("ping")
    async with socketio_client.in_session(target, user) as session:
        await session.packet(socketio_client.EVENT, "connection_established")
    return ok("JSON and Socket.IO clients with a good token are greeted")


async def bad_token(target: Target) -> Finding:
    """Connect with an invalid, an expired and no token in both protocols."""
    statuses = {}
    for kind, token in _bad_tokens(target).items():
        statuses[kind] = await _refusal(target, kind, token)
        await _expect_refusal(target, BAD_TOKEN, token=token)
    await _expect_refusal(target, NO_TOKEN)
    async with opened(target.deployment.required("websocket_url")) as socket:
        reply = await json_client.JsonClient(socket, target).ask("debug:rooms")
    if reply.get("code") != NO_TOKEN:
        raise CheckFailed(f"a command without a token was answered {json_client.describe(reply)}")
    return _of_statuses(statuses)


def _bad_tokens(target: Target) -> dict[str, str]:
    tokens = {"invalid": "invalid"}
    with contextlib.suppress(CheckSkipped):
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        tokens["expired"] = target.minted(now=hour_ago, lifetime=timedelta(minutes=55))
    return tokens


async def _refusal(target: Target, kind: str, token: str) -> int:
    """Return the status of a handshake with a bad token, which must be refused."""
    status = await handshake_status(target.deployment.required("websocket_url"), token)
    if status == SWITCHING_PROTOCOLS:
        raise CheckFailed(
            f"a handshake with a token that is {kind} was accepted",
            "Anybody may be able to connect: check jwt_secret_arn, jwks_url and `connect`.",
        )
    return status


async def _expect_refusal(target: Target, code: str, **auth: str) -> None:
    async with socketio_client.connected(target) as client:
        packet = await client.begin(**auth)
    if packet.kind != CONNECT_ERROR or code_of(packet) != code:
        raise CheckFailed(f"expected Socket.IO's CONNECT to be refused with {code}")


def _of_statuses(statuses: dict[str, int]) -> Finding:
    for name, status in statuses.items():
        if status != UNAUTHORIZED:
            return warning(
                f"a token that is {name} is refused with HTTP {status} instead of 401",
                "403 and 500 may be API Gateway's own (docs/aws.md, ws-connect-status); "
                "for 5xx read the log of `connect`.",
            )
    return ok(f"tokens that are {' or '.join(statuses)} get 401; without one AUTH_MISSING")


async def greeting(target: Target) -> Finding:
    """Measure the time from the handshake's end to the greeting."""
    times = []
    for _ in range(CONNECTIONS):
        times.append(await _json_greeting(target))
        times.append(await _socketio_greeting(target))
    figures = milliseconds(times)
    text = f"greeted after {figures['p50']:g} ms (p50), {max(times) * 1000:.0f} ms (slowest)"
    if max(times) > SLOW_GREETING:
        return warning(
            text,
            "Cold starts, throttling, or GetConnection answered 429: compare the duration and the "
            "throttles of `open`.",
            **figures,
        )
    return ok(text, **figures)


async def _json_greeting(target: Target) -> float:
    url, token = target.deployment.required("websocket_url"), target.token(random_id())
    async with opened(url, token) as socket:
        begun = monotonic()
        await json_client.JsonClient(socket, target).greeting()
        return monotonic() - begun


async def _socketio_greeting(target: Target) -> float:
    url = socketio_client.address(target.deployment.required("websocket_url"))
    async with opened(url) as socket:
        begun = monotonic()
        await socketio_client.SocketIoClient(socket, target).opening()
        return monotonic() - begun


CHECKS: Final = (
    Check(
        name="handshake",
        proves="A good token connects, in the JSON protocol and with Socket.IO.",
        rows=("ws-route-response",),
        seconds=60,
        run=good_token,
    ),
    Check(
        name="handshake-bad-token",
        proves="An invalid, an expired and no token are refused, each with its status or code.",
        rows=("ws-connect-status",),
        seconds=90,
        run=bad_token,
    ),
    Check(
        name="greeting",
        proves="A client is greeted soon after its handshake.",
        rows=("ws-connect-pending", "conn-get-429", "conn-id-encoding"),
        seconds=120,
        run=greeting,
    ),
)
