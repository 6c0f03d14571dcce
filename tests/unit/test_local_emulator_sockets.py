"""A client's socket in the emulator, with a channel that is only a list."""

import asyncio
import json
from typing import Any, ClassVar

import pytest

from local.emulator import sockets
from local.emulator.sockets import MAX_CONCURRENT_FRAMES, ClientSocket, Lifetimes, unacceptable

KB = 1024


class Channel:
    """An ASGI channel: gives what the client sent, keeps what it is sent."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.sent: list[dict[str, Any]] = []
        self.refused: list[tuple[Any, ...]] = []

    async def receive(self) -> dict[str, Any]:
        return self.messages.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def refuse(self, scope: Any, send: Any, *values: Any) -> None:
        self.refused.append(values)

    def client(self, *, idle: float = 600, whole: float = 7200) -> ClientSocket:
        return ClientSocket({}, self.receive, self.send, self.refuse, Lifetimes(idle, whole))


async def sent(channel: Channel) -> list[dict[str, Any]]:
    """Return what the channel was sent, once there is something."""
    async with asyncio.timeout(5):
        while not channel.sent:
            await asyncio.sleep(0)
    return channel.sent


async def reply(body: Any) -> dict[str, Any] | None:
    return {"statusCode": 200, "body": body}


class TestUnacceptable:
    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ({"text": "x" * 32 * KB}, None),
            ({"text": "x" * 32 * KB + "x"}, 1009),
            ({"text": "é" * 16 * KB, "bytes": None}, None),
            ({"text": "é" * 16 * KB + "x"}, 1009),
            ({"text": None, "bytes": b""}, 1003),
        ],
        ids=["32 KB", "a byte more", "32 KB encoded", "a byte more encoded", "binary"],
    )
    def test_frame(self, message: dict[str, Any], code: int | None) -> None:
        assert unacceptable(message) == code


class TestRefusal:
    async def test_keeps_the_functions_status(self) -> None:
        channel = Channel()
        client = channel.client()
        client.record_connect_reply({"statusCode": 401}, "connection", "request")
        await client.send({"type": "websocket.close", "code": 1008})

        assert channel.refused == [(401, "Unauthorized", "connection", "request")]
        assert channel.sent == []

    @pytest.mark.parametrize("name", ["Sec-WebSocket-Protocol", "sec-websocket-protocol"])
    async def test_accepted_client_gets_the_subprotocol(self, name: str) -> None:
        channel = Channel()
        client = channel.client()
        reply = {"statusCode": 200, "headers": {name: "roomcast", "X-Other": "kept back"}}
        client.record_connect_reply(reply, "connection", "request")
        await client.send({"type": "websocket.accept"})

        assert channel.sent == [{"type": "websocket.accept", "subprotocol": "roomcast"}]

    @pytest.mark.parametrize("accepted", [None, {}, {"statusCode": 200}, {"statusCode": "204"}])
    async def test_accepted_client_is_closed_as_asked(self, accepted: Any) -> None:
        channel = Channel()
        client = channel.client()
        client.record_connect_reply(accepted, "connection", "request")
        await client.send({"type": "websocket.close", "code": 1000})

        assert channel.sent == [{"type": "websocket.close", "code": 1000}]


class TestClosing:
    async def test_refused_frame_closes_and_ends_the_session(self) -> None:
        channel = Channel({"type": "websocket.receive", "bytes": b"x"})
        client = channel.client()
        message = await client.receive()

        assert message == {"type": "websocket.disconnect", "code": 1003}
        assert channel.sent == [{"type": "websocket.close", "code": 1003}]

    async def test_nothing_is_sent_to_a_client_that_is_gone(self) -> None:
        channel = Channel({"type": "websocket.disconnect", "code": 1005})
        client = channel.client()
        await client.receive()
        await client.send({"type": "websocket.send", "text": "late"})

        assert channel.sent == []


class TestLifetimes:
    """10 quiet minutes and 2 hours on AWS, here a moment."""

    class Quiet(Channel):
        async def receive(self) -> dict[str, Any]:
            await asyncio.sleep(60)
            raise AssertionError("nobody waits that long")

    CLOSED: ClassVar = {"type": "websocket.disconnect", "code": 1001}

    async def test_a_quiet_connection_is_closed(self) -> None:
        channel = self.Quiet()

        assert await channel.client(idle=0.02).receive() == self.CLOSED
        assert channel.sent == [{"type": "websocket.close", "code": 1001}]

    async def test_a_message_to_the_client_counts_as_well(self) -> None:
        session = self.Quiet().client(idle=0.1)
        receiving = asyncio.create_task(session.receive())
        for _ in range(6):
            await asyncio.sleep(0.03)
            await session.send({"type": "websocket.send", "text": "6"})
        assert not receiving.done()
        assert await receiving == self.CLOSED

    async def test_nothing_prolongs_its_whole_life(self) -> None:
        session = self.Quiet().client(idle=0.1, whole=0.12)
        receiving = asyncio.create_task(session.receive())
        for _ in range(3):
            await asyncio.sleep(0.03)
            await session.send({"type": "websocket.send", "text": "6"})
        assert await asyncio.wait_for(receiving, 0.2) == self.CLOSED


class TestAnswers:
    @pytest.mark.parametrize(
        ("body", "text"), [("plain", "plain"), ({"a": 1}, '{"a": 1}'), ([1], "[1]")]
    )
    async def test_body_is_sent(self, body: Any, text: str) -> None:
        channel = Channel()
        await channel.client().handle_frame(reply(body))

        assert await sent(channel) == [{"type": "websocket.send", "text": text}]

    @pytest.mark.parametrize("body", [None, ""])
    async def test_nothing_is_sent_as_an_empty_frame(self, body: Any) -> None:
        channel = Channel()
        await channel.client().handle_frame(reply(body))

        assert await sent(channel) == [{"type": "websocket.send", "text": ""}]

    async def test_a_function_that_takes_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sockets, "INTEGRATION_SECONDS", 0.01)
        channel = Channel()
        await channel.client().handle_frame(asyncio.sleep(1, {"body": "late"}), "c=", "r")

        assert [json.loads(message["text"]) for message in await sent(channel)] == [
            {"message": "Internal server error", "connectionId": "c=", "requestId": "r"}
        ]

    async def test_flood_of_frames_waits(self) -> None:
        released = asyncio.Event()

        async def slow() -> dict[str, Any] | None:
            await released.wait()
            return None

        client = Channel().client()
        for _ in range(MAX_CONCURRENT_FRAMES):
            await client.handle_frame(slow())
        more = asyncio.create_task(client.handle_frame(slow()))
        await asyncio.sleep(0.01)
        assert not more.done()
        released.set()
        await asyncio.wait_for(more, 1)
