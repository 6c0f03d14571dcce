"""Checks of single frames and of what comes back."""

import contextlib
from typing import Final

from websockets.exceptions import ConnectionClosed

from roomcast.cli.doctor import json_client, socketio_client
from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.finding import CheckFailed, Finding, ok
from roomcast.cli.doctor.json_client import JsonClient, describe
from roomcast.cli.doctor.socketio_client import NOOP, SocketIoClient
from roomcast.cli.doctor.target import Target, random_id

PONG: Final = "3"
PONGS: Final = 5
SILENCE: Final = 1.0
"""Seconds to wait for what should not come."""

BURST: Final = 10
LARGE_FRAME: Final = 33 * 1024
TOO_BIG: Final = 1009
"""WebSocket's close code for a message that is too big (RFC 6455, 7.4.1)."""

LOG_OF_SUBSCRIBE: Final = "Read the log of `subscribe`."


async def subscribe_reply(target: Target) -> Finding:
    """Send commands, an unknown one among them, in both protocols."""
    room = f"project:{random_id()}"
    async with json_client.connected(target, random_id()) as client:
        for action, body in (("subscribe", {"room": room}), ("unsubscribe", {"room": room})):
            await client.succeed(action, **body)
        await client.succeed("ping")
        unknown = await client.ask("no-such-command")
    if unknown.get("code") != "INVALID_MESSAGE":
        raise CheckFailed(f"an unknown command was answered {describe(unknown)}", LOG_OF_SUBSCRIBE)
    async with socketio_client.in_session(target, random_id()) as session:
        for name in ("subscribe", "unsubscribe"):
            reply = await session.call(name, room=room)
            if reply.get("status") != "success":
                raise CheckFailed(f"the ack of `{name}` said {describe(reply)}", LOG_OF_SUBSCRIBE)
    return ok("`subscribe`, `unsubscribe`, `ping` and an unknown command are answered")


async def subscribe_burst(target: Target) -> Finding:
    """Join ten rooms at once."""
    rooms = {f"project:{random_id()}" for _ in range(BURST)}
    async with json_client.connected(target, random_id()) as client:
        numbers = [await client.command("subscribe", room=room) for room in rooms]
        replies = [await client.reply(number, "subscribe") for number in numbers]
        joined = set((await client.succeed("debug:rooms")).get("rooms", []))
    refused = [describe(reply) for reply in replies if reply.get("status") != "success"]
    if refused:
        raise CheckFailed(f"{len(refused)} of {BURST} commands at once failed: {refused[0]}")
    if not rooms <= joined:
        raise CheckFailed(f"{len(rooms - joined)} of {BURST} joins at once were lost")
    return ok(f"{BURST} commands of one client at once succeed")


async def heartbeat_answer(target: Target) -> Finding:
    """Send Engine.IO's PONG, and read what comes back."""
    async with socketio_client.in_session(target, random_id()) as session:
        for _ in range(PONGS):
            await session.frames.socket.send(PONG)
            await session.packet(NOOP, "answer `6` to a pong")
        await _expect_quiet(session, target)
    return ok(f"{PONGS} pongs were answered with NOOP, and nothing else came")


async def ackless_emit(target: Target) -> Finding:
    """Send an event that asks for no ack."""
    room = f"project:{random_id()}"
    async with socketio_client.in_session(target, random_id()) as session:
        await session.emit("subscribe", room=room)
        await session.packet(NOOP, "answer `6` to an event without an ack")
        await _expect_quiet(session, target)
        rooms = (await session.call("debug:rooms")).get("rooms", [])
    if room not in rooms:
        raise CheckFailed("`subscribe` without an ack did not join the room", LOG_OF_SUBSCRIBE)
    return ok("an event without an ack is done, and answered with NOOP")


async def _expect_quiet(session: SocketIoClient, target: Target) -> None:
    """Fail when a frame comes that is neither a NOOP nor an event of the service."""
    frames = await session.frames.during(target.patience(SILENCE))
    expected = {NOOP, socketio_client.EVENT, socketio_client.PING}
    surplus = {packet.kind for packet in frames} - expected
    if surplus:
        raise CheckFailed(f"packets came that nobody asked for: {', '.join(sorted(surplus))}")


async def empty_frame(target: Target) -> Finding:
    """Send a frame without content, in both protocols."""
    async with json_client.connected(target, random_id()) as client:
        await client.frames.socket.send("")
        reply = await client.frames.next(
            lambda frame: "status" in frame,
            what="reply to an empty frame",
            seconds=target.patience(json_client.REPLY_SECONDS),
        )
        if reply.get("code") != "INVALID_MESSAGE":
            raise CheckFailed(f"an empty frame was answered {describe(reply)}", LOG_OF_SUBSCRIBE)
        await client.succeed("ping")
    async with socketio_client.in_session(target, random_id()) as session:
        await session.frames.socket.send("")
        # NOOP or a close are both right; an empty frame or API Gateway's error frame is not.
        with contextlib.suppress(ConnectionClosed):
            await session.frames.during(target.patience(SILENCE))
    return ok("an empty frame gets INVALID_MESSAGE, and no error of API Gateway")


async def large_frame(target: Target) -> Finding:
    """Send a frame of more than 32 KB."""
    async with json_client.connected(target, random_id()) as client:
        try:
            await client.frames.socket.send("x" * LARGE_FRAME)
            answer = await _refusal(client, target)
        except ConnectionClosed as exc:
            answer = f"close code {exc.rcvd.code if exc.rcvd else 'none'}"
    if answer not in {f"close code {TOO_BIG}", "PAYLOAD_TOO_LARGE"}:
        raise CheckFailed(f"a frame of 33 KB ended in: {answer}")
    return ok(f"a frame of 33 KB is refused: {answer}")


async def _refusal(client: JsonClient, target: Target) -> str:
    reply = await client.frames.next(
        lambda frame: "status" in frame,
        what="reply to a frame of 33 KB",
        seconds=target.patience(json_client.REPLY_SECONDS),
    )
    return describe(reply)


CHECKS: Final = (
    Check(
        name="subscribe-reply",
        proves="Commands of JSON and Socket.IO clients, an unknown one included, get their reply.",
        rows=("ws-route-response-custom",),
        seconds=90,
        run=subscribe_reply,
    ),
    Check(
        name="subscribe-burst",
        proves="Commands of one client at the same time do not break each other.",
        rows=("tx-conflict-single",),
        seconds=60,
        run=subscribe_burst,
    ),
    Check(
        name="heartbeat-answer",
        proves="A pong is answered with `6`, and with nothing that ends a Socket.IO client.",
        rows=("ws-error-frame",),
        seconds=60,
        run=heartbeat_answer,
    ),
    Check(
        name="ackless-emit",
        proves="An event without an ack is answered with `6`, never with an empty frame.",
        rows=("ws-empty-reply", "ws-not-json"),
        seconds=60,
        run=ackless_emit,
    ),
    Check(
        name="empty-frame",
        proves="A frame without content is refused and raises nothing in a function.",
        rows=("ws-missing-body",),
        seconds=60,
        run=empty_frame,
    ),
    Check(
        name="large-frame",
        proves="A frame of 33 KB is refused; the finding says by whom.",
        rows=("ws-frame-32k",),
        seconds=60,
        run=large_frame,
    ),
)
