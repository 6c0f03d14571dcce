"""A WebSocket server in this process that plays a script for each connection."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

Script = Callable[["EventsService", ServerConnection], Awaitable[None]]


def envelope(event_id: str, **changes: Any) -> dict[str, Any]:
    """Return an event as a client gets it."""
    return {
        "id": event_id,
        "type": "project.deleted",
        "timestamp": "2026-01-31T12:00:01.234Z",
        "source": "project_service",
        "room": "project:123",
        "data": {"project_id": "123", "deleted_by": "42"},
        **changes,
    }


class EventsService:
    """Plays one script for each connection, the last one again for all that follow."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.tokens: list[str] = []
        self.subscribed: list[str] = []
        self.commands: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.why = ""
        self.url = ""

    def refuse(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake with the next status, if one is set."""
        if "Authorization" not in request.headers:
            return None if self.why else connection.respond(503, "full\n")
        self.tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        status = self.statuses.pop(0) if self.statuses else 0
        return connection.respond(status, "no\n") if status else None

    async def play(self, connection: ServerConnection) -> None:
        """Play the script of this connection; to one without a token say why it is refused."""
        if connection.request and "Authorization" not in connection.request.headers:
            assert json.loads(await connection.recv())["action"] == "authenticate"
            refusal = {"status": "error", "code": "AUTH_FAILED", "message": self.why}
            return await connection.send(json.dumps(refusal))
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        await script(self, connection)

    async def reply(self, connection: ServerConnection, **body: Any) -> str:
        """Answer the next command; return the room that it asks for.

        With `since` the answer says that nothing is missing, unless `body` says otherwise.
        """
        command = json.loads(await connection.recv())
        assert command["action"] == "subscribe"
        self.commands.append(command)
        self.subscribed.append(command["room"])
        recovered = {"recovered": True, "replayed": 0} if "since" in command else {}
        answer = {"status": "success", "room": command["room"], **recovered, **body}
        await connection.send(json.dumps(answer | {"id": command["id"]}))
        return str(command["room"])


def sends(*frames: Any, rooms: int = 1, greeting: str = "e0", **reply: Any) -> Script:
    """Return a script that greets, accepts `rooms` rooms, sends frames and then closes."""

    async def script(service: EventsService, connection: ServerConnection) -> None:
        if greeting:
            await connection.send(json.dumps(envelope(greeting, type="connection.established")))
        for _ in range(rooms):
            await service.reply(connection, **reply)
        for frame in frames:
            await connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    return script


def stays(*frames: Any, **reply: Any) -> Script:
    """Return a script that does the same, and stays."""

    async def script(service: EventsService, connection: ServerConnection) -> None:
        await sends(*frames, **reply)(service, connection)
        await connection.wait_closed()

    return script


@asynccontextmanager
async def serving() -> AsyncIterator[Callable[..., Awaitable[EventsService]]]:
    """Start services on ports of their own."""
    servers = []

    async def start(*scripts: Script) -> EventsService:
        service = EventsService(*scripts)
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
