"""Checks of the edge: the same service behind CloudFront, locally behind its proxy."""

from typing import Final
from urllib.parse import urlsplit, urlunsplit

from roomcast.cli.deployment import Deployment
from roomcast.cli.doctor import json_client, socketio_client
from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, CheckSkipped, Finding, ok, warning
from roomcast.cli.doctor.frame_socket import SWITCHING_PROTOCOLS, handshake_status
from roomcast.cli.doctor.http_request import Answer, request
from roomcast.cli.doctor.target import Target, random_id

HTTP_OK: Final = 200
SUCCESS: Final = range(200, 300)
ORIGIN: Final = "https://doctor.invalid"


async def edge(target: Target) -> Finding:
    """Ask for the health, and connect in both protocols."""
    found = _edge_of(target)
    health = found.required("health_url")
    status = (await request("GET", health)).status
    if status != HTTP_OK:
        raise CheckFailed(f"{health} answered HTTP {status}", "503: a table does not answer.")
    url = found.required("websocket_url")
    async with json_client.connected(target, random_id(), url=url) as client:
        await client.succeed("ping")
    async with socketio_client.connected(target, url=_socketio_url(url)) as session:
        await session.session(token=target.token(random_id()))
    return await _of_methods(found)


async def _of_methods(edge: Deployment) -> Finding:
    """Look at what monitors, browsers and other clients send, which those above do not."""
    surprises = []
    head = (await request("HEAD", edge.required("health_url"))).status
    if head != HTTP_OK:
        surprises.append(f"HEAD /health answers {head}")
    preflight = await request(
        "OPTIONS",
        edge.required("stats_url"),
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    if preflight.status not in SUCCESS:
        surprises.append(f"a browser's preflight request gets {preflight.status}")
    if not _is_engineio(polled := await request("GET", _polling_url(edge))):
        surprises.append(f"long polling is answered HTTP {polled.status} by something else")
    text = "health, WebSocket and Socket.IO work through the edge"
    if surprises:
        return warning(
            f"{text}; but {' and '.join(surprises)}",
            "Monitors that send HEAD, pages of other origins, and Socket.IO clients that do not "
            "choose WebSockets, will fail.",
        )
    return ok(text)


async def failing_handshake(target: Target) -> Finding:
    """Fail two handshakes at one URL, then make a good one there."""
    url = _edge_of(target).required("websocket_url")
    statuses = [await handshake_status(url, token) for token in ("invalid", "invalid")]
    if SWITCHING_PROTOCOLS in statuses:
        raise CheckFailed("a handshake with a bad token was accepted", "See handshake-bad-token.")
    status = await handshake_status(url, target.token(random_id()))
    if status != SWITCHING_PROTOCOLS:
        raise CheckFailed(
            f"after two refused handshakes a good one was answered {status}",
            "CloudFront keeps errors: set error responses with a TTL of 0 "
            "(docs/aws.md, cf-error-cache).",
        )
    return ok(f"two refusals ({statuses[0]}), then a good handshake at the same URL")


def _edge_of(target: Target) -> Deployment:
    if target.edge is None:
        raise CheckSkipped("no edge: its stack is not deployed or cannot be read")
    return target.edge


def _socketio_url(url: str) -> str:
    """Return Socket.IO's default path at the host of a WebSocket URL."""
    return urlunsplit(urlsplit(url)._replace(path="/socket.io/"))


def _polling_url(edge: Deployment) -> str:
    """Return where a Socket.IO client with its default options begins."""
    url = urlsplit(edge.required("health_url"))
    return urlunsplit(url._replace(path="/socket.io/", query="EIO=4&transport=polling"))


def _is_engineio(answer: Answer) -> bool:
    """Tell whether it is Engine.IO's OPEN packet, or its error where polling is off or full."""
    return answer.body.startswith(b"0{") or "code" in answer.json()


CHECKS: Final = (
    Check(
        name="edge",
        proves="Health, WebSocket, Socket.IO and its polling work through the edge.",
        rows=(
            *("ws-path", "http-cors", "http-cors-default", "http-head"),
            *("cf-websocket-headers", "cf-host", "cf-select-origin"),
        ),
        seconds=90,
        run=edge,
    ),
    Check(
        name="edge-failing-handshake",
        proves="A refused handshake is not kept for the next client.",
        rows=("cf-error-cache",),
        seconds=60,
        run=failing_handshake,
    ),
)
