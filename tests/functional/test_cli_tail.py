"""`roomcast tail` at a WebSocket server in this process."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import jwt
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from roomcast.backoff import Backoff
from roomcast.cli import stream as streaming
from roomcast.cli.group import CommandFailed
from roomcast.cli.stream import AccessRefused, EventStream

SECRET = "0123456789abcdef0123456789abcdef"
Script = Callable[["Service", ServerConnection], Awaitable[None]]


def envelope(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": "project.deleted",
        "timestamp": "2026-01-31T12:00:01.234Z",
        "source": "project_service",
        "room": "project:123",
        "data": {"project_id": "123", "deleted_by": "42"},
        **changes,
    }


class Service:
    """Plays one script for each connection, the last one again for all that follow."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.tokens: list[str] = []
        self.subscribed: list[str] = []
        self.statuses: list[int] = []
        self.url = ""

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake with the next status, if one is set."""
        self.tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        status = self.statuses.pop(0) if self.statuses else 0
        return connection.respond(status, "no\n") if status else None

    async def play(self, connection: ServerConnection) -> None:
        """Play the script of this connection."""
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        await script(self, connection)

    async def reply(self, connection: ServerConnection, **body: Any) -> str:
        """Answer the next command; return the room that it asks for."""
        command = json.loads(await connection.recv())
        assert command["action"] == "subscribe"
        self.subscribed.append(command["room"])
        answer = {"status": "success", "room": command["room"], **body}
        await connection.send(json.dumps(answer | {"id": command["id"]}))
        return str(command["room"])


def sends(*frames: Any, rooms: int = 1) -> Script:
    """Return a script that accepts `rooms` rooms, sends frames and then closes."""

    async def script(service: Service, connection: ServerConnection) -> None:
        await connection.send(json.dumps(envelope("e0", type="connection.established")))
        for _ in range(rooms):
            await service.reply(connection)
        for frame in frames:
            await connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    return script


def stays(*frames: Any) -> Script:
    """Return a script that does the same, and stays."""

    async def script(service: Service, connection: ServerConnection) -> None:
        await sends(*frames)(service, connection)
        await connection.wait_closed()

    return script


class Watch:
    """A stream and what it tells."""

    def __init__(self, service: Service, *rooms: str) -> None:
        self.notices: list[str] = []
        self._tokens = 0
        self.stream = EventStream(
            url=service.url,
            rooms=rooms or ("project:123",),
            token=self._token,
            notice=self.notices.append,
        )

    async def ids(self, count: int) -> list[str]:
        """Return the ids of the first events that a publisher has sent."""
        found: list[str] = []
        async with asyncio.timeout(10), aclosing(self.stream.envelopes()) as envelopes:
            async for each in envelopes:
                if each["type"] != "connection.established":
                    found.append(each["id"])
                if len(found) == count:
                    break
        return found

    def _token(self) -> str:
        self._tokens += 1
        return f"token-{self._tokens}"


@pytest.fixture
async def serving() -> AsyncIterator[Callable[..., Awaitable[Service]]]:
    """Start services on ports of their own."""
    servers = []

    async def start(*scripts: Script) -> Service:
        service = Service(*scripts)
        server = await serve(
            service.play, "127.0.0.1", 0, process_request=service.refuse, close_timeout=1
        )
        servers.append(server)
        service.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ws"
        return service

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BACKOFF", Backoff(base=0.01, cap=0.1, attempts=0))


class TestStream:
    async def test_events_of_every_room(self, serving: Any) -> None:
        service = await serving(sends(envelope("e1"), envelope("e2"), rooms=2))
        watch = Watch(service, "project:123", "agent:7")
        assert await watch.ids(2) == ["e1", "e2"]
        assert service.subscribed == ["project:123", "agent:7"]
        assert service.tokens == ["token-1"]
        assert watch.notices == ["subscribed to project:123", "subscribed to agent:7"]

    async def test_connects_again_with_a_fresh_token(self, serving: Any) -> None:
        service = await serving(sends(envelope("e1")), sends(envelope("e2")), stays(envelope("e3")))
        watch = Watch(service)
        assert await watch.ids(3) == ["e1", "e2", "e3"]
        assert service.tokens == ["token-1", "token-2", "token-3"]
        assert service.subscribed == ["project:123"] * 3
        lost = [notice for notice in watch.notices if "connecting again in" in notice]
        assert len(lost) == 2

    async def test_an_expired_token_is_told(self, serving: Any) -> None:
        error = {"error_code": "AUTH_FAILED", "error_message": "the token has expired"}
        ended = envelope("e9", type="connection.error", data=error)
        service = await serving(sends(ended), stays(envelope("e1")))
        watch = Watch(service)
        assert await watch.ids(1) == ["e1"]
        assert "the token has expired (AUTH_FAILED)" in watch.notices

    async def test_one_connection_too_many_of_a_user_is_not_made_again(self, serving: Any) -> None:
        error = {"error_code": "CONNECTION_LIMIT", "error_message": "the user has too many"}
        ended = envelope("e9", type="connection.error", data=error)
        service = await serving(sends(ended), stays(envelope("e1")))
        with pytest.raises(AccessRefused, match="CONNECTION_LIMIT"):
            await Watch(service).ids(1)

    async def test_a_torn_connection(self, serving: Any) -> None:
        async def torn(service: Service, connection: ServerConnection) -> None:
            await service.reply(connection)
            connection.transport.abort()

        service = await serving(torn, stays(envelope("e1")))
        assert await Watch(service).ids(1) == ["e1"]

    async def test_a_full_service_is_asked_again(self, serving: Any) -> None:
        service = await serving(sends(envelope("e1")), stays(envelope("e2")))
        service.statuses = [0, 503, 429, 500]
        watch = Watch(service)
        assert await watch.ids(2) == ["e1", "e2"]
        assert len(service.tokens) == 5
        assert any("HTTP 503" in notice for notice in watch.notices)

    async def test_a_heartbeat_and_what_is_no_frame_are_passed_over(self, serving: Any) -> None:
        service = await serving(stays({"action": "ping"}, "{", "[]", b"\xff", envelope("e1")))
        assert await Watch(service).ids(1) == ["e1"]

    async def test_a_subscription_that_came_too_fast_is_repeated(self, serving: Any) -> None:
        async def limited(service: Service, connection: ServerConnection) -> None:
            await service.reply(
                connection, status="error", code="RATE_LIMITED", message="wait", retry_after_ms=20
            )
            await stays(envelope("e1"))(service, connection)

        service = await serving(limited)
        assert await Watch(service).ids(1) == ["e1"]
        assert service.subscribed == ["project:123"] * 2

    async def test_a_refused_room_ends_it(self, serving: Any) -> None:
        async def refusing(service: Service, connection: ServerConnection) -> None:
            await service.reply(
                connection, status="error", code="ROOM_ACCESS_DENIED", message="not yours"
            )
            await connection.wait_closed()

        watch = Watch(await serving(refusing))
        with pytest.raises(AccessRefused, match=r"project:123: not yours \(ROOM_ACCESS_DENIED\)"):
            await watch.ids(1)

    @pytest.mark.parametrize("status", [401, 403])
    async def test_a_refused_token_ends_it_at_any_time(self, serving: Any, status: int) -> None:
        service = await serving(sends(envelope("e1")))
        service.statuses = [0, status]
        with pytest.raises(AccessRefused, match=f"refused the connection: HTTP {status}"):
            await Watch(service).ids(2)

    async def test_a_first_connection_that_fails_ends_it(self) -> None:
        service = Service(stays())
        service.url = "ws://127.0.0.1:1/ws"
        with pytest.raises(CommandFailed, match="cannot connect to ws://127.0.0.1:1/ws"):
            await Watch(service).ids(1)

    async def test_an_address_that_is_none(self) -> None:
        service = Service(stays())
        service.url = "http://127.0.0.1:1/ws"
        with pytest.raises(CommandFailed, match="not a WebSocket address"):
            await Watch(service).ids(1)


class TestWaits:
    async def test_grow_until_an_event_comes(
        self, serving: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The connections are: an event, refused, refused, an event, refused, an event."""
        asked: list[int] = []

        def pause(_rule: Backoff, retry: int) -> float:
            asked.append(retry)
            return 0.0

        monkeypatch.setattr(Backoff, "pause", pause)
        service = await serving(sends(envelope("e1")), sends(envelope("e2")), sends(envelope("e3")))
        service.statuses = [0, 503, 503, 0, 503, 0]
        assert await Watch(service).ids(3) == ["e1", "e2", "e3"]
        assert asked == [0, 1, 2, 0, 1]


class Command:
    """The command as a process of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        endpoints = folder / ".local" / "endpoints.json"
        endpoints.parent.mkdir()
        names = ("stats_url", "event_bus_name", "registry_table", "region", "aws_endpoint_url")
        written = dict.fromkeys(names, "none")
        written |= {"websocket_url": url, "jwt_secret": SECRET}
        endpoints.write_text(json.dumps(written))
        self._folder = folder

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "roomcast", "tail", *arguments),
            cwd=self._folder,
            env=variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


@pytest.fixture
def control_c() -> Iterator[None]:
    """Let processes be interrupted: those that a shell starts in its background cannot be."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class TestCommand:
    @pytest.mark.usefixtures("control_c")
    async def test_prints_until_control_c(self, serving: Any, tmp_path: Path) -> None:
        service = await serving(stays(envelope("e1")))
        process = await Command(tmp_path, service.url).start("project:123")
        assert process.stdout is not None
        async with asyncio.timeout(20):
            greeted = await process.stdout.readline()
            printed = await process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, errors = await process.communicate()
        assert b"connection.established" in greeted
        assert printed.decode() == (
            "12:00:01.234  project.deleted       project:123  "
            '{"project_id":"123","deleted_by":"42"}\n'
        )
        assert errors.decode() == "# subscribed to project:123\n"
        assert process.returncode == 0
        claims = jwt.decode(service.tokens[0], SECRET, algorithms=["HS256"])
        assert (claims["sub"], claims["role"]) == ("roomcast-cli", "admin")

    async def test_json_a_token_of_ones_own_and_no_notices(
        self, serving: Any, tmp_path: Path
    ) -> None:
        service = await serving(sends(envelope("e1")))
        service.statuses = [0, 401]
        process = await Command(tmp_path, service.url).start(
            "project:123", "--json", "--quiet", "--token", "mine"
        )
        async with asyncio.timeout(20):
            output, errors = await process.communicate()
        assert [json.loads(line)["id"] for line in output.splitlines()] == ["e0", "e1"]
        said = errors.decode()
        assert said.startswith(f"Error: {service.url} refused the connection: HTTP 401 ")
        assert "Unauthorized: no. Next: pass another token" in said
        assert process.returncode == 1
        assert set(service.tokens) == {"mine"}

    async def test_an_address_needs_a_token_and_no_service(
        self, serving: Any, tmp_path: Path
    ) -> None:
        service = await serving(sends(envelope("e1")))
        service.statuses = [0, 401]
        command = Command(tmp_path, "ws://127.0.0.1:1")
        async with asyncio.timeout(20):
            without = await command.start("global", "--url", service.url)
            _, errors = await without.communicate()
            process = await command.start("global", "--url", service.url, "--token", "mine")
            output, _ = await process.communicate()
        assert without.returncode == 2
        assert b"--url needs a token" in errors
        assert len(output.splitlines()) == 2

    async def test_a_name_that_is_no_room(self, tmp_path: Path) -> None:
        process = await Command(tmp_path, "ws://127.0.0.1:1").start("project")
        async with asyncio.timeout(20):
            output, errors = await process.communicate()
        assert (process.returncode, output) == (2, b"")
        assert errors.startswith(b"Error: not a room name")
