"""The rules that the official Engine.IO and Socket.IO suites check, against `make conformance`."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from threading import Barrier
from time import monotonic
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from local.conformance import heartbeat
from local.conformance.gateway import InProcessGateway
from local.conformance.invocations import Invocations, invoke_later
from local.conformance.server import build
from local.settings import ROOT
from roomcast_backend.gateway.posts import Outcome

ENGINE = "/engine.io/"
SOCKET = "/socket.io/"
QUERY = "?EIO=4&transport=websocket"
KB = 1024


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    server = TestServer(await build())
    async with server:
        yield server


def url(server: TestServer, path: str) -> str:
    return str(server.make_url("/").with_scheme("ws")).rstrip("/") + path


@pytest.fixture
async def engine(server: TestServer) -> AsyncIterator[ClientConnection]:
    """Give a client that has been greeted by Engine.IO and knows nothing above it."""
    async with connect(url(server, ENGINE + QUERY)) as client:
        await client.recv()
        yield client


@pytest.fixture
async def raw(server: TestServer) -> AsyncIterator[ClientConnection]:
    """Give a client that has not joined a namespace."""
    async with connect(url(server, SOCKET + QUERY)) as client:
        await client.recv()
        yield client


@pytest.fixture
async def client(raw: ClientConnection) -> ClientConnection:
    """Return a client in the main namespace."""
    await ask(raw, "40", replies=2)
    return raw


async def said(client: ClientConnection) -> str:
    """Return the next frame that is no ping; answer those."""
    async with asyncio.timeout(3):
        while (frame := str(await client.recv())) == "2":
            await client.send("3")
    return frame


async def ask(client: ClientConnection, *frames: str, replies: int = 1) -> list[str]:
    for frame in frames:
        await client.send(frame)
    return [await said(client) for _ in range(replies)]


async def close_code(client: ClientConnection, *, pong: bool = True) -> int | None:
    """Wait until the server closes, answering pings or not; return its code."""
    async with asyncio.timeout(3):
        with suppress(ConnectionClosed):
            while True:
                if await client.recv() == "2" and pong:
                    await client.send("3")
    return client.close_code


class TestEngineHandshake:
    @pytest.mark.parametrize("path", [ENGINE, SOCKET])
    async def test_says_what_the_suites_expect(self, server: TestServer, path: str) -> None:
        async with connect(url(server, path + QUERY)) as client:
            opening = str(await client.recv())

        assert opening[0] == "0"
        fields = json.loads(opening[1:])
        assert fields.pop("sid")
        assert fields == {
            "upgrades": [],
            "pingInterval": 300,
            "pingTimeout": 200,
            "maxPayload": 1_000_000,
        }

    @pytest.mark.parametrize("path", [ENGINE, SOCKET])
    @pytest.mark.parametrize(
        "query",
        [
            "",
            "?transport=websocket",
            "?EIO=abc&transport=websocket",
            "?EIO=3&transport=websocket",
            "?EIO=4",
            "?EIO=4&transport=abc",
            "?EIO=4&transport=polling",
        ],
    )
    async def test_another_protocol_is_refused(
        self, server: TestServer, path: str, query: str
    ) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(server, path + query))

        assert refused.value.response.status_code == 400

    async def test_ids_differ(self, server: TestServer) -> None:
        address = url(server, SOCKET + QUERY)
        async with connect(address) as one, connect(address) as other:
            assert await one.recv() != await other.recv()


class TestHeartbeat:
    async def test_begins_after_the_greeting(
        self, server: TestServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(heartbeat, "PING_INTERVAL", 0)
        async with connect(url(server, ENGINE + QUERY)) as client:
            assert str(await client.recv()).startswith("0")
            assert await client.recv() == "2"

    async def test_comes_every_interval_while_it_is_answered(
        self, engine: ClientConnection
    ) -> None:
        begun = monotonic()
        for _ in range(3):
            assert await engine.recv() == "2"
            await engine.send("3")

        assert 0.85 < monotonic() - begun < 2

    async def test_silence_ends_the_connection(self, engine: ClientConnection) -> None:
        begun = monotonic()
        assert await close_code(engine, pong=False) == 1000
        assert 0.4 < monotonic() - begun < 1.5

    async def test_other_frames_are_no_answer(self, engine: ClientConnection) -> None:
        assert await engine.recv() == "2"
        await engine.send("4still here")
        assert await engine.recv() == "4still here"
        assert await close_code(engine, pong=False) == 1000


class TestEnginePackets:
    @pytest.mark.parametrize("message", ["4hello", "4", "4é\n", "bAQIDBA=="])
    async def test_message_is_echoed(self, engine: ClientConnection, message: str) -> None:
        assert await ask(engine, message) == [message]

    async def test_noop_and_pong_are_taken(self, engine: ClientConnection) -> None:
        assert await ask(engine, "6", "3", "4on") == ["4on"]

    @pytest.mark.parametrize("frame", ["1", "abc", "", "7", "2", "0{}", "5", "b*"])
    async def test_what_no_client_sends_ends_the_connection(
        self, engine: ClientConnection, frame: str
    ) -> None:
        await engine.send(frame)
        assert await close_code(engine) == 1000

    async def test_stays_open_without_a_namespace(self, engine: ClientConnection) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.3):
                await close_code(engine)


class TestConnect:
    @pytest.mark.parametrize(
        ("connecting", "begun", "auth"),
        [
            ("40", "40", '42["auth",{}]'),
            ('40{"token":"123"}', "40", '42["auth",{"token":"123"}]'),
            ("40/custom", "40/custom,", '42/custom,["auth",{}]'),
            ("40/custom,", "40/custom,", '42/custom,["auth",{}]'),
            ('40/custom,{"a":[1]}', "40/custom,", '42/custom,["auth",{"a":[1]}]'),
        ],
    )
    async def test_is_answered_before_the_application_speaks(
        self, raw: ClientConnection, connecting: str, begun: str, auth: str
    ) -> None:
        reply, event = await ask(raw, connecting, replies=2)

        assert reply.startswith(begun)
        assert list(json.loads(reply[len(begun) :])) == ["sid"]
        assert event == auth

    async def test_unknown_namespace_is_refused(self, raw: ClientConnection) -> None:
        refusal = '44/random,{"message":"Invalid namespace"}'
        assert await ask(raw, "40/random") == [refusal]

    async def test_service_namespace_is_unknown_here(self, raw: ClientConnection) -> None:
        assert await ask(raw, "40/ws") == ['44/ws,{"message":"Invalid namespace"}']

    async def test_namespaces_are_joined_side_by_side(self, client: ClientConnection) -> None:
        reply, event = await ask(client, "40/custom", replies=2)
        assert reply.startswith("40/custom,")
        assert event == '42/custom,["auth",{}]'
        assert await ask(client, '42["message",1]') == ['42["message-back",1]']

    async def test_a_second_time_is_answered_with_the_same_session(
        self, raw: ClientConnection
    ) -> None:
        first, event, second = await ask(raw, "40", "40", replies=3)
        if event.startswith("40"):
            event, second = second, event
        assert (first, event) == (second, '42["auth",{}]')
        assert await ask(raw, '42["message",1]') == ['42["message-back",1]']

    async def test_must_come_in_time(self, raw: ClientConnection) -> None:
        begun = monotonic()
        assert await close_code(raw) == 1000
        assert 0.8 < monotonic() - begun < 2

    async def test_refused_one_does_not_count(self, raw: ClientConnection) -> None:
        await ask(raw, "40/random")
        assert await close_code(raw) == 1000

    async def test_in_time_keeps_the_connection(self, client: ClientConnection) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.3):
                await close_code(client)


class TestDisconnect:
    async def test_leaves_the_connection_open(self, client: ClientConnection) -> None:
        await client.send("41")
        assert await client.recv() == "2"

    async def test_ends_one_namespace_only(self, client: ClientConnection) -> None:
        await ask(client, "40/custom", replies=2)
        answer = await ask(client, "41/custom", '42["message","to main"]')
        assert answer == ['42["message-back","to main"]']

    async def test_event_after_it_ends_the_connection(self, client: ClientConnection) -> None:
        await ask(client, "40/custom", replies=2)
        await client.send("41/custom")
        await asyncio.sleep(0.1)
        await client.send('42/custom,["message"]')
        assert await close_code(client) == 1000

    async def test_namespace_can_be_joined_again(self, client: ClientConnection) -> None:
        await client.send("41")
        await asyncio.sleep(0.1)
        reply, event = await ask(client, "40", replies=2)
        assert (reply[:3], event) == ("40{", '42["auth",{}]')


class TestEvents:
    @pytest.mark.parametrize("arguments", ["", ',1,"2",{"3":[true]}', ",null,[]", ',"é\\n"'])
    async def test_come_back_with_all_arguments(
        self, client: ClientConnection, arguments: str
    ) -> None:
        answer = await ask(client, f'42["message"{arguments}]')
        assert answer == [f'42["message-back"{arguments}]']

    async def test_come_back_in_their_namespace(self, client: ClientConnection) -> None:
        await ask(client, "40/custom", replies=2)
        answer = await ask(client, '42/custom,["message",1]')
        assert answer == ['42/custom,["message-back",1]']

    @pytest.mark.parametrize("ack", ["0", "456", "9007199254740991"])
    async def test_are_acked_under_their_number(self, client: ClientConnection, ack: str) -> None:
        answer = await ask(client, f'42{ack}["message-with-ack",1,"2",{{"3":[false]}}]')
        assert answer == [f'43{ack}[1,"2",{{"3":[false]}}]']

    async def test_many_at_once_are_all_acked(self, client: ClientConnection) -> None:
        frames = [f'42{ack}["message-with-ack",{ack}]' for ack in range(50)]
        answers = await ask(client, *frames, replies=50)
        assert sorted(answers) == sorted(f"43{ack}[{ack}]" for ack in range(50))

    async def test_unknown_ones_are_left_alone(self, client: ClientConnection) -> None:
        assert await ask(client, '42["other",1]', '42["message"]') == ['42["message-back"]']

    async def test_binary_ones_are_refused(self, client: ClientConnection) -> None:
        attached = '451-7["message-with-ack",{"_placeholder":true,"num":0}]'
        (answer,) = await ask(client, attached)
        assert answer.startswith('437[{"status":"error","code":"INVALID_MESSAGE"')

    async def test_binary_one_without_ack_is_told_in_its_namespace(
        self, client: ClientConnection
    ) -> None:
        await ask(client, "40/custom", replies=2)
        attached = '451-/custom,["message",{"_placeholder":true,"num":0}]'
        (answer,) = await ask(client, attached)
        assert answer.startswith('42/custom,["connection_error",')

    @pytest.mark.parametrize(
        "frame",
        [
            "4abc",
            "4",
            "42{}",
            "42",
            "42[]",
            "42[1]",
            '42["connect"]',
            '42abc["message-with-ack",1]',
            "42[",
            '42/custom,["message"]',
            "40[]",
            "41{}",
            "43[1]",
            "44{}",
        ],
    )
    async def test_malformed_ones_end_the_connection(
        self, client: ClientConnection, frame: str
    ) -> None:
        await client.send(frame)
        assert await close_code(client) == 1000


class TestGatewayRules:
    async def test_binary_frame_closes_with_1003(self, client: ClientConnection) -> None:
        await client.send(b"\x01\x02")
        assert await close_code(client) == 1003

    @pytest.mark.parametrize("size", [32 * KB + 1, 2 * KB * KB])
    async def test_frame_over_32_kb_closes_with_1009(
        self, engine: ClientConnection, size: int
    ) -> None:
        await engine.send("4" * size)
        assert await close_code(engine) == 1009

    async def test_frame_of_32_kb_passes(self, engine: ClientConnection) -> None:
        largest = "4" * (32 * KB)
        assert await ask(engine, largest) == [largest]

    async def test_posts_are_refused_before_the_handshake_and_after_the_end(self) -> None:
        gateway = InProcessGateway()
        assert not gateway.exists("c1")
        assert await asyncio.to_thread(gateway.post, "c1", b"4") is Outcome.GONE
        gateway.add("c1", web.WebSocketResponse())
        assert gateway.exists("c1#/custom")
        gateway.remove("c1")
        assert await asyncio.to_thread(gateway.post, "c1", b"4") is Outcome.GONE

    async def test_large_posts_are_refused(self) -> None:
        too_large = b"4" * (128 * KB + 1)
        assert InProcessGateway().post("c1", too_large) is Outcome.TOO_LARGE


class TestCommand:
    @pytest.mark.parametrize("port", ["0", "65536", "x"])
    def test_names_a_port_that_is_none(self, port: str) -> None:
        assert f"PORT: expected a number from 1 to 65535, got '{port}'" in run_on(port)

    async def test_names_a_taken_port(self, server: TestServer) -> None:
        complaint = await asyncio.to_thread(run_on, str(server.port))
        assert f"port {server.port} of 127.0.0.1 cannot be used" in complaint
        assert "Traceback" not in complaint


def run_on(port: str) -> str:
    """Run the server where it cannot; return what it complains about."""
    ended = subprocess.run(
        [sys.executable, "-m", "local.conformance"],
        cwd=ROOT,
        env={**os.environ, "PORT": port},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    return ended.stderr


class TestInvocations:
    async def test_what_a_function_invokes_waits_for_its_reply(self) -> None:
        invocations, order, done = Invocations(), [], asyncio.Event()
        loop = asyncio.get_running_loop()

        def following() -> None:
            order.append("following")
            loop.call_soon_threadsafe(done.set)

        def function() -> str:
            invoke_later(following)
            return "reply"

        async with invocations.run(function) as reply:
            await asyncio.sleep(0.05)
            order.append(reply)
        await asyncio.wait_for(done.wait(), 3)
        invocations.close()

        assert order == ["reply", "following"]

    async def test_functions_run_side_by_side(self) -> None:
        invocations, meeting = Invocations(), Barrier(2, timeout=3)

        async def run() -> Any:
            async with invocations.run(meeting.wait) as reply:
                return reply

        assert sorted(await asyncio.gather(run(), run())) == [0, 1]
        invocations.close()
