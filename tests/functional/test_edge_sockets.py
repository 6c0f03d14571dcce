"""The edge's WebSockets: between a real client and a fake WebSocket API."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import BaseTestServer, TestServer
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from local.edge.app import SERVER_OPTIONS, build
from local.edge.upstreams import Upstreams
from tests.fakes.upstream import Upstream, serve


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def edge(upstream: Upstream, tmp_path: Path) -> AsyncIterator[TestServer]:
    async with serve(upstream) as server:
        app = build(Upstreams(str(server.make_url("/ws")), str(server.make_url("/live"))), tmp_path)
        edge = TestServer(app)
        await edge.start_server(**SERVER_OPTIONS)
        yield edge
        await edge.close()


def websocket_url(edge: BaseTestServer, path: str) -> str:
    return str(edge.make_url(path).with_scheme("ws"))


async def eventually(holds: Any) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


class TestHandshake:
    @pytest.mark.parametrize("path", ["/ws", "/socket.io/", "/socket.io/deeper"])
    async def test_leads_to_the_stage_with_its_query(
        self, edge: TestServer, upstream: Upstream, path: str
    ) -> None:
        async with connect(websocket_url(edge, path) + "?EIO=4&token=a%2Bb%20c&x=1&x=2"):
            assert upstream.requests[0].raw_path == "/ws?EIO=4&token=a%2Bb%20c&x=1&x=2"

    async def test_passes_the_headers_that_the_service_reads(
        self, edge: TestServer, upstream: Upstream
    ) -> None:
        headers = {"Authorization": "Bearer abc", "Origin": "https://app.example"}
        async with connect(
            websocket_url(edge, "/ws"), additional_headers=headers, user_agent_header="probe/1"
        ):
            arrived = upstream.requests[0].headers

        assert arrived["Authorization"] == "Bearer abc"
        assert arrived["Origin"] == "https://app.example"
        assert arrived["User-Agent"] == "probe/1"
        assert arrived["Host"] != edge.make_url("/").authority

    async def test_passes_the_chosen_subprotocol_back(
        self, edge: TestServer, upstream: Upstream, caplog: pytest.LogCaptureFixture
    ) -> None:
        names = [Subprotocol("roomcast"), Subprotocol("eyJ.e30.AAAA")]
        async with connect(websocket_url(edge, "/ws"), subprotocols=names) as client:
            assert client.subprotocol == "roomcast"
        (header,) = upstream.requests[0].headers.getall("Sec-WebSocket-Protocol")
        assert header.replace(" ", "") == "roomcast,eyJ.e30.AAAA"
        async with connect(websocket_url(edge, "/ws"), subprotocols=names[1:]) as client:
            assert client.subprotocol is None
        assert "eyJ" not in caplog.text

    @pytest.mark.parametrize("status", [401, 403, 429, 503])
    async def test_refusal_is_the_answer_to_the_client(self, edge: TestServer, status: int) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(websocket_url(edge, f"/ws?status={status}"))

        assert refused.value.response.status_code == status

    async def test_absent_api_is_502(self, tmp_path: Path) -> None:
        app = build(Upstreams("http://127.0.0.1:9/ws", "http://127.0.0.1:9"), tmp_path)
        async with TestServer(app) as edge:
            with pytest.raises(InvalidStatus) as refused:
                await connect(websocket_url(edge, "/ws"))

        assert refused.value.response.status_code == 502
        assert b"is it running?" in (refused.value.response.body or b"")

    async def test_plain_request_is_426(self, edge: TestServer) -> None:
        url = edge.make_url("/socket.io/?transport=websocket")
        async with ClientSession() as client, client.get(url) as answer:
            assert answer.status == 426

    async def test_does_not_compress(self, edge: TestServer) -> None:
        async with connect(websocket_url(edge, "/ws"), compression="deflate") as client:
            assert not client.protocol.extensions


class TestMessages:
    @pytest.mark.parametrize("message", ["", "héllo", "x" * 200_000, b"\x00\xff", b"y" * 200_000])
    async def test_arrive_as_they_are(self, edge: TestServer, message: str | bytes) -> None:
        async with connect(websocket_url(edge, "/ws")) as client:
            await client.send(message)
            assert await client.recv() == message

    async def test_fragments_arrive_as_one_message(
        self, edge: TestServer, upstream: Upstream
    ) -> None:
        async with connect(websocket_url(edge, "/ws")) as client:
            await client.send(["one ", "two ", "three"])
            assert await client.recv() == "one two three"
        assert upstream.lengths == [13]

    async def test_keep_their_order(self, edge: TestServer) -> None:
        async with connect(websocket_url(edge, "/ws")) as client:
            for number in range(500):
                await client.send(str(number))
            assert [await client.recv() for _ in range(500)] == [str(n) for n in range(500)]

    async def test_pings_are_answered_at_the_edge(
        self, edge: TestServer, upstream: Upstream
    ) -> None:
        async with connect(websocket_url(edge, "/ws")) as client:
            pong = await client.ping()
            latency = await asyncio.wait_for(pong, 5)
        assert latency > 0
        assert upstream.frames == []

    async def test_client_that_reads_slowly_is_waited_for(
        self, edge: TestServer, upstream: Upstream
    ) -> None:
        """64 MB do not pile up in the edge: the API's side stops taking more."""
        message, count = "x" * 500_000, 128
        async with connect(websocket_url(edge, "/ws"), max_queue=1) as client:
            sending = asyncio.create_task(send_all(client, message, count))
            await asyncio.sleep(1)
            assert len(upstream.lengths) < count
            async with asyncio.timeout(30):
                for _ in range(count):
                    await client.recv()
            await sending

        assert len(upstream.lengths) == count


async def send_all(client: Any, message: str, count: int) -> None:
    for _ in range(count):
        await client.send(message)


class TestClosing:
    async def test_clients_code_reaches_the_api(self, edge: TestServer, upstream: Upstream) -> None:
        client = await connect(websocket_url(edge, "/ws"))
        await client.close(4001, "bye")

        await eventually(lambda: upstream.closed_with is not None)
        assert upstream.closed_with == 4001
        assert client.close_code == 4001

    async def test_apis_code_and_reason_reach_the_client(self, edge: TestServer) -> None:
        async with connect(websocket_url(edge, "/ws?close=1009")) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(client.recv(), 5)

        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1009, "because")

    async def test_api_that_vanishes_reads_as_going_away(self, edge: TestServer) -> None:
        async with connect(websocket_url(edge, "/ws?vanish=1")) as client:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(client.recv(), 5)

        assert client.close_code == 1001

    async def test_client_that_vanishes_leaves_the_api(
        self, edge: TestServer, upstream: Upstream
    ) -> None:
        client = await connect(websocket_url(edge, "/ws"))
        assert upstream.closed_with is None
        client.transport.abort()

        await eventually(lambda: upstream.closed_with is not None)
        assert upstream.closed_with == 1001

    async def test_message_over_1_mb_closes_with_1009(self, edge: TestServer) -> None:
        async with connect(websocket_url(edge, "/ws")) as client:
            sending = asyncio.create_task(client.send("x" * (1024 * 1024 + 1)))
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(client.recv(), 5)
            await asyncio.wait([sending])

        assert client.close_code == 1009
