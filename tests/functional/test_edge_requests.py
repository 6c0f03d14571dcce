"""The edge's HTTP routes and its site: between a real client and a fake HTTP API."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientTimeout
from aiohttp.test_utils import TestServer

from infra.site import CHECK, KEEP, content_security
from local.edge.app import SERVER_OPTIONS, build
from local.edge.requests import MAX_BODY_BYTES
from local.edge.upstreams import Upstreams
from tests.fakes.upstream import Upstream, serve


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    directory = tmp_path / "site"
    directory.mkdir()
    (directory / "index.html").write_text("<h1>Roomcast</h1>")
    (directory / "app.js").write_text("start()")
    (directory / "assets").mkdir()
    (directory / "assets/app-1f2e3d.js").write_text("start() ".ljust(10_000))
    (tmp_path / "secret.txt").write_text("out of the site")
    return directory


@pytest.fixture
async def client(upstream: Upstream, site: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serve(upstream) as server:
        app = build(Upstreams(str(server.make_url("/ws")), str(server.make_url("/live"))), site)
        edge = TestServer(app)
        await edge.start_server(**SERVER_OPTIONS)
        async with httpx.AsyncClient(base_url=str(edge.make_url("/"))) as client:
            yield client
        await edge.close()


class TestForwarding:
    @pytest.mark.parametrize(
        "path",
        [
            "/health",
            "/webhooks/github",
            "/api/v1/websocket/stats?detail=rooms",
            "/api/a%2Fb%20c?x=%2B&y=1&y=2",
        ],
    )
    async def test_leads_to_the_http_api_as_asked(
        self, client: httpx.AsyncClient, upstream: Upstream, path: str
    ) -> None:
        await client.get(path)

        assert upstream.requests[0].raw_path == f"/live{path}"

    async def test_body_arrives_byte_for_byte(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        body = b'{ "b":1,\r\n "a" : "\xc3\xa9\\u00e9" }\n\x00\xff'
        await client.post("/webhooks/github", content=body)

        assert upstream.body == body

    async def test_compressed_body_stays_compressed(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        body = gzip.compress(b"{}")
        await client.post("/webhooks/github", content=body, headers={"Content-Encoding": "gzip"})

        assert upstream.body == body
        assert upstream.requests[0].headers["Content-Encoding"] == "gzip"

    async def test_repeated_headers_are_joined_as_by_api_gateway(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        await client.get("/health", headers=[("X-Probe", "one"), ("x-probe", "two")])

        assert upstream.requests[0].headers.getall("X-Probe") == ["one,two"]

    async def test_adds_nothing_of_its_own_to_the_headers(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        await client.post("/webhooks/github", content=b"{}", headers={"X-GitHub-Event": "ping"})

        arrived = upstream.requests[0].headers
        assert arrived["X-GitHub-Event"] == "ping"
        assert arrived["X-Forwarded-For"] == "127.0.0.1"
        assert "Content-Type" not in arrived
        assert arrived["User-Agent"].startswith("python-httpx")

    async def test_answer_is_passed_on(self, client: httpx.AsyncClient, upstream: Upstream) -> None:
        upstream.answer = {
            "status": 401,
            "body": b'{"status":"error"}',
            "headers": {"Content-Type": "application/json", "X-Probe": "yes"},
        }
        answer = await client.post("/webhooks/github")

        assert (answer.status_code, answer.content) == (401, b'{"status":"error"}')
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Probe"] == "yes"

    async def test_redirect_is_the_clients_to_follow(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        upstream.answer = {"status": 302, "headers": {"Location": "/elsewhere"}}

        assert (await client.get("/health")).status_code == 302

    async def test_compressed_answer_stays_compressed(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        body = gzip.compress(b"plain")
        upstream.answer = {"body": body, "headers": {"Content-Encoding": "gzip"}}
        async with client.stream("GET", "/health") as answer:
            assert b"".join([part async for part in answer.aiter_raw()]) == body


class TestPolling:
    @pytest.mark.parametrize("path", ["/ws", "/ws/", "/ws/more", "/socket.io/", "/socket.io/more"])
    @pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
    async def test_leads_to_the_http_api_with_its_query(
        self, client: httpx.AsyncClient, upstream: Upstream, path: str, method: str
    ) -> None:
        query = "EIO=4&transport=polling&t=a%2Fb&sid=c"
        await client.request(method, f"{path}?{query}")

        (request,) = upstream.requests
        assert (request.method, request.raw_path) == (method, f"/live/socket.io/?{query}")

    async def test_so_does_another_transport(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        await client.get("/socket.io/?EIO=4&transport=webtransport")

        assert upstream.requests[0].path == "/live/socket.io/"

    @pytest.mark.parametrize("query", ["", "token=a", "EIO=4&transport=websocket"])
    async def test_websockets_do_not(
        self, client: httpx.AsyncClient, upstream: Upstream, query: str
    ) -> None:
        assert (await client.get(f"/ws/?{query}")).status_code == 426
        assert not upstream.requests

    async def test_packets_arrive_as_they_are(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        body = '42["a"]\x1e42["é"]'.encode()
        await client.post(
            "/socket.io/?transport=polling", content=body, headers={"Content-Type": "text/plain"}
        )

        assert upstream.body == body

    async def test_200_wait_at_once(self, client: httpx.AsyncClient, upstream: Upstream) -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=client.base_url, limits=limits) as many:
            asking = [
                asyncio.create_task(many.get("/ws?transport=polling&wait=1")) for _ in range(200)
            ]
            await _until(lambda: upstream.waiting == 200)
            assert (await client.get("/health")).status_code == 200
            upstream.release.set()
            answers = await asyncio.gather(*asking)

        assert {answer.status_code for answer in answers} == {200}

    async def test_ends_when_the_client_goes_away(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        asking = asyncio.create_task(client.get("/ws?transport=polling&wait=1"))
        await _until(lambda: upstream.waiting == 1)
        asking.cancel()
        await _until(lambda: upstream.given_up == 1)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


class TestLimit:
    async def test_body_of_10_mb_passes(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        answer = await client.post("/webhooks/github", content=b"x" * MAX_BODY_BYTES)

        assert answer.status_code == 200
        assert len(upstream.body) == MAX_BODY_BYTES

    async def test_announced_larger_body_is_refused_unread(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        length = MAX_BODY_BYTES + 1
        writer.write(b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\n")
        writer.write(f"Content-Length: {length}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()

        assert head.startswith(b"HTTP/1.1 413 ")
        assert not upstream.requests

    async def test_unannounced_larger_body_is_refused(
        self, client: httpx.AsyncClient, upstream: Upstream
    ) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b"x" * 1024 * 1024

        answer = await client.post("/webhooks/github", content=chunks())

        assert answer.status_code == 413
        assert answer.json() == {"message": "Request Entity Too Large"}
        assert not upstream.requests


class TestSlowApi:
    async def test_is_504(self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("local.edge.requests.ORIGIN_TIMEOUT", ClientTimeout(sock_read=0.05))
        answer = await client.get("/ws?transport=polling&wait=1")

        assert answer.status_code == 504
        assert answer.json() == {"message": "The HTTP API takes too long"}


class TestAbsentApi:
    async def test_is_502(self, site: Path) -> None:
        app = build(Upstreams("http://127.0.0.1:9/ws", "http://127.0.0.1:9"), site)
        async with TestServer(app) as edge, httpx.AsyncClient() as client:
            answer = await client.get(str(edge.make_url("/health")))

        assert answer.status_code == 502
        assert "is it running?" in answer.json()["message"]


class TestSite:
    @pytest.mark.parametrize(("path", "text"), [("/", "<h1>Roomcast</h1>"), ("/app.js", "start()")])
    async def test_serves_its_files(
        self, client: httpx.AsyncClient, upstream: Upstream, path: str, text: str
    ) -> None:
        assert (await client.get(path)).text == text
        assert not upstream.requests

    async def test_has_the_content_security_policy_of_the_deployed_one(
        self, client: httpx.AsyncClient
    ) -> None:
        policy = (await client.get("/")).headers["Content-Security-Policy"]
        assert policy == content_security("http://127.0.0.1:*")
        assert "unsafe" not in policy

    @pytest.mark.parametrize(
        ("path", "cached"), [("/", CHECK), ("/app.js", CHECK), ("/assets/app-1f2e3d.js", KEEP)]
    )
    async def test_browsers_keep_what_never_changes(
        self, client: httpx.AsyncClient, path: str, cached: str
    ) -> None:
        assert (await client.get(path)).headers["Cache-Control"] == cached

    async def test_is_compressed_for_those_who_take_it(self, client: httpx.AsyncClient) -> None:
        path = "/assets/app-1f2e3d.js"
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
        compressed = await client.get(path, headers={"Accept-Encoding": "gzip"})

        assert "Content-Encoding" not in plain.headers
        assert compressed.headers["Content-Encoding"] == "gzip"
        assert compressed.text == plain.text
        assert compressed.num_bytes_downloaded < len(plain.content) / 10

    @pytest.mark.parametrize("path", ["/absent", "/socket.io", "/apis"])
    async def test_anything_else_is_404(self, client: httpx.AsyncClient, path: str) -> None:
        assert (await client.get(path)).status_code == 404

    @pytest.mark.parametrize("path", [b"/../secret.txt", b"/%2e%2e/secret.txt", b"//secret.txt"])
    async def test_stays_inside_its_directory(self, client: httpx.AsyncClient, path: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

        assert answer.startswith(b"HTTP/1.1 404 ")
