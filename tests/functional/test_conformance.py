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
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from local.conformance import heartbeat, polling
from local.conformance.gateway import InProcessGateway
from local.conformance.invocations import Invocations, invoke_later
from local.conformance.server import build
from local.settings import ROOT
from roomcast_backend.gateway.posts import Outcome

ENGINE = "/engine.io/"
SOCKET = "/socket.io/"
QUERY = "?EIO=4&transport=websocket"
SEPARATOR = "\x1e"
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


class Poller:
    """A client of HTTP long-polling: Engine.IO's alone on `/engine.io/`."""

    def __init__(self, server: TestServer, http: ClientSession, path: str) -> None:
        self.server = server
        self.http = http
        self.path = path
        self.sid = ""

    async def request(self, method: str = "GET", body: str = "", **query: str) -> tuple[int, str]:
        query = {"EIO": "4", "transport": "polling", **query}
        if self.sid:
            query = {"sid": self.sid, **query}
        address = self.server.make_url(self.path)
        async with self.http.request(method, address, params=query, data=body or None) as answer:
            return answer.status, await answer.text()

    async def begin(self) -> dict[str, Any]:
        status, opening = await self.request()
        assert (status, opening[0]) == (200, "0")
        fields: dict[str, Any] = json.loads(opening[1:])
        self.sid = fields["sid"]
        return fields

    async def get(self) -> list[str]:
        status, body = await self.request()
        assert status == 200, body
        return body.split(SEPARATOR)

    async def post(self, *packets: str) -> int:
        status, body = await self.request("POST", SEPARATOR.join(packets))
        assert (body == "ok") == (status == 200)
        return status

    async def refused(self) -> int:
        """Send a GET that is refused; return Engine.IO's code."""
        status, body = await self.request()
        assert status == 400, body
        code: int = json.loads(body)["code"]
        return code

    def websocket(self) -> connect:
        return connect(url(self.server, f"{self.path}{QUERY}&sid={self.sid}"))

    async def upgrade(self, websocket: ClientConnection) -> None:
        assert await ask(websocket, "2probe") == ["3probe"]
        assert await self.get() == ["6"]
        await websocket.send("5")


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture(params=[ENGINE, SOCKET])
async def poller(server: TestServer, http: ClientSession, request: pytest.FixtureRequest) -> Poller:
    """Return a client of either service that has begun with HTTP."""
    poller = Poller(server, http, request.param)
    await poller.begin()
    return poller


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients be silent for longer than the suites do: this machine may be busy."""
    monkeypatch.setattr(polling, "PING_INTERVAL", 5_000)


@pytest.fixture
async def echo(server: TestServer, http: ClientSession) -> Poller:
    """Return a client of Engine.IO alone, which gets its messages back."""
    poller = Poller(server, http, ENGINE)
    await poller.begin()
    return poller


class TestPollingHandshake:
    async def test_says_what_the_suites_expect(self, poller: Poller) -> None:
        first, poller.sid = poller.sid, ""
        fields = await poller.begin()
        assert fields.pop("sid") != first
        assert fields == {
            "upgrades": ["websocket"],
            "pingInterval": 300,
            "pingTimeout": 200,
            "maxPayload": 1_000_000,
        }

    @pytest.mark.parametrize(
        ("method", "query", "code"),
        [
            ("GET", {"EIO": "abc"}, 5),
            ("GET", {"EIO": ""}, 5),
            ("GET", {"EIO": "3"}, 5),
            ("GET", {"transport": "abc"}, 0),
            ("GET", {"transport": ""}, 0),
            ("GET", {"transport": "websocket"}, 3),
            ("GET", {"sid": "unknown"}, 1),
            ("POST", {}, 2),
            ("PUT", {}, 2),
        ],
    )
    async def test_wrong_ones_are_refused(
        self, poller: Poller, method: str, query: dict[str, str], code: int
    ) -> None:
        poller.sid = ""
        status, body = await poller.request(method, **query)
        assert (status, json.loads(body)["code"]) == (400, code)
        assert json.loads(body)["message"]


@pytest.mark.usefixtures("patient")
class TestPollingMessages:
    @pytest.mark.parametrize(
        "packets",
        [["4hello"], ["4"], ["4one", "4two", "4é\n"], ["4text", "bAQIDBA=="], ["bAA=="] * 3],
    )
    async def test_come_back_together(self, echo: Poller, packets: list[str]) -> None:
        assert await echo.post(*packets) == 200
        assert await echo.get() == packets

    async def test_come_back_once_and_in_order(self, echo: Poller) -> None:
        heard: list[str] = []
        for number in range(5):
            await echo.post(f"4{number}", "3")
            while f"4{number}" not in heard:
                heard += await echo.get()
        assert [packet for packet in heard if packet != "2"] == [f"4{each}" for each in range(5)]

    @pytest.mark.parametrize("body", ["abc", "4hello\x1eabc", "\x1e", "7", "b*"])
    async def test_what_is_no_packet_ends_the_session(self, poller: Poller, body: str) -> None:
        status, refusal = await poller.request("POST", body)
        assert (status, json.loads(refusal)["code"]) == (400, 3)
        assert await poller.refused() == 1

    async def test_events_are_answered(self, server: TestServer, http: ClientSession) -> None:
        poller = Poller(server, http, SOCKET)
        await poller.begin()
        await poller.post('40{"token":"t"}')
        heard: list[str] = []
        while len(heard) < 2:
            heard += await poller.get()
        assert heard[0].startswith('40{"sid":"')
        assert heard[1] == '42["auth",{"token":"t"}]'
        await poller.post('42["message",1]', '427["message-with-ack",2]')
        assert await poller.get() == ['42["message-back",1]', "437[2]"]

    async def test_binary_events_are_refused_by_their_ack(
        self, server: TestServer, http: ClientSession
    ) -> None:
        poller = Poller(server, http, SOCKET)
        await poller.begin()
        attached = '451-7["message-with-ack",{"_placeholder":true,"num":0}]'
        await poller.post("40", attached, "bAQID", '428["message-with-ack",3]')
        connected, refusal, answer = await poller.get()
        assert connected.startswith("40{")
        assert refusal.startswith('437[{"status":"error","code":"INVALID_MESSAGE"')
        assert answer == "438[3]"


@pytest.mark.usefixtures("patient")
class TestPollingRequests:
    async def test_a_second_get_ends_the_session(self, poller: Poller) -> None:
        first = asyncio.create_task(poller.request())
        await asyncio.sleep(0.05)
        assert await poller.refused() == 3
        assert await first == (200, "1")
        assert await poller.refused() == 1

    async def test_a_get_that_is_cancelled_ends_the_session(self, poller: Poller) -> None:
        first = asyncio.create_task(poller.request())
        await asyncio.sleep(0.05)
        first.cancel()
        assert await poller.refused() == 3
        assert await poller.post("4late") == 400

    async def test_close_lets_the_waiting_get_end(self, poller: Poller) -> None:
        waiting = asyncio.create_task(poller.request())
        await asyncio.sleep(0.05)
        assert await poller.post("1") == 200
        assert await waiting == (200, "6")
        assert await poller.refused() == 1
        assert await poller.post("4late") == 400


class TestPollingHeartbeat:
    async def test_comes_while_it_is_answered(self, poller: Poller) -> None:
        begun = monotonic()
        for _ in range(3):
            assert await poller.get() == ["2"]
            assert await poller.post("3") == 200
        assert 0.85 < monotonic() - begun < 2

    @pytest.mark.parametrize("waits", [True, False])
    async def test_silence_ends_the_session(self, poller: Poller, *, waits: bool) -> None:
        if waits:
            assert await poller.get() == ["2"]
        await asyncio.sleep(0.22 if waits else 0.52)
        assert await poller.refused() == 1


@pytest.mark.usefixtures("patient")
class TestUpgrade:
    async def test_releases_the_get_and_takes_over(self, echo: Poller) -> None:
        async with echo.websocket() as websocket:
            waiting = asyncio.create_task(echo.request())
            assert await ask(websocket, "2probe") == ["3probe"]
            assert await waiting == (200, "6")
            assert await ask(websocket, "5", "4hello") == ["4hello"]

    async def test_hands_over_what_was_posted(self, echo: Poller) -> None:
        await echo.post("4before")
        async with echo.websocket() as websocket:
            await echo.upgrade(websocket)
            assert await said(websocket) == "4before"

    async def test_takes_the_namespace_along(self, server: TestServer, http: ClientSession) -> None:
        poller = Poller(server, http, SOCKET)
        await poller.begin()
        await poller.post("40")
        async with poller.websocket() as websocket:
            await poller.upgrade(websocket)
            assert (await said(websocket)).startswith('40{"sid":"')
            assert await said(websocket) == '42["auth",{}]'
            assert await ask(websocket, '42["message",1]') == ['42["message-back",1]']

    async def test_ends_the_requests(self, poller: Poller) -> None:
        async with poller.websocket() as websocket:
            await poller.upgrade(websocket)
            assert await poller.refused() == 1
            assert await poller.post("4late") == 400
            assert websocket.close_code is None

    async def test_is_for_one_websocket(self, echo: Poller) -> None:
        async with echo.websocket() as websocket:
            await echo.upgrade(websocket)
            async with echo.websocket() as second:
                assert await close_code(second) == 1008
            assert await ask(websocket, "4hello") == ["4hello"]

    async def test_of_an_unknown_session_is_closed(self, poller: Poller) -> None:
        poller.sid = "unknown"
        async with poller.websocket() as websocket:
            assert await close_code(websocket) == 1008

    @pytest.mark.parametrize("frame", ["5", "2", "2other", "1"])
    async def test_without_a_probe_ends_the_websocket(self, poller: Poller, frame: str) -> None:
        async with poller.websocket() as websocket:
            await websocket.send(frame)
            assert await close_code(websocket) == 1000
        assert await poller.post("3") == 200

    async def test_goes_on_with_heartbeats(self, echo: Poller) -> None:
        async with echo.websocket() as websocket:
            await echo.upgrade(websocket)
            assert await websocket.recv() == "2"
            assert await close_code(websocket, pong=False) == 1000


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
