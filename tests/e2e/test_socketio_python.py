"""python-socketio's two clients: rejected, listening, and coming back by themselves."""

import asyncio
from collections.abc import Iterator
from queue import Queue
from typing import Any
from uuid import uuid4

import pytest
import socketio

from roomcast import EventBroadcaster
from tests.e2e.gateway import end_connection
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_socketio import WAITING

PATIENCE = 20
SESSION = {"namespaces": ["/ws"], **WAITING}
EAGER = {"reconnection_delay": 0.1, "randomization_factor": 0}


class TestAsyncClient:
    async def test_is_told_why_it_is_rejected(self, endpoints: Endpoints) -> None:
        reasons: list[Any] = []
        client = socketio.AsyncClient()
        client.on("connect_error", reasons.append, namespace="/ws")
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(endpoints["site_url"], auth={"token": "bad"}, **SESSION)
        assert [reason["data"]["code"] for reason in reasons] == ["AUTH_FAILED"]

    async def test_comes_back(self, endpoints: Endpoints, broadcaster: EventBroadcaster) -> None:
        project = str(uuid4())
        auth = {"token": token(endpoints, projects=[project])}
        greetings: asyncio.Queue[Any] = asyncio.Queue()
        events: asyncio.Queue[Any] = asyncio.Queue()
        connects: asyncio.Queue[None] = asyncio.Queue()
        client = socketio.AsyncClient(**EAGER)
        client.on("connect", lambda: connects.put_nowait(None), namespace="/ws")
        client.on("connection_established", greetings.put, namespace="/ws")
        client.on("project.deleted", events.put, namespace="/ws")
        await client.connect(endpoints["site_url"], auth=auth, **SESSION)
        try:
            first = await asyncio.wait_for(greetings.get(), PATIENCE)
            end_connection(endpoints, first)
            again = await asyncio.wait_for(greetings.get(), PATIENCE)
            for _ in range(2):  # the greeting can come before the reply to its CONNECT
                await asyncio.wait_for(connects.get(), PATIENCE)
            room = {"room": f"project:{project}"}
            joined = await client.call("subscribe", room, namespace="/ws")
            await broadcaster.broadcast_project_deleted(project, "someone")
            event = await asyncio.wait_for(events.get(), PATIENCE)
            pong = await client.call("ping", namespace="/ws")
        finally:
            await client.disconnect()
        assert first["data"]["connection_id"] != again["data"]["connection_id"]
        assert joined == {"status": "success", **room}
        assert event["room"] == room["room"]
        assert pong == {"status": "pong"}


@pytest.fixture
def client() -> Iterator[socketio.Client]:
    """Yield a client without an event loop; it lives in threads, which end with it."""
    client = socketio.Client(**EAGER)
    yield client
    client.shutdown()


class TestSyncClient:
    def test_is_told_why_it_is_rejected(
        self, endpoints: Endpoints, client: socketio.Client
    ) -> None:
        reasons: list[Any] = []
        client.on("connect_error", reasons.append, namespace="/ws")
        with pytest.raises(socketio.exceptions.ConnectionError):
            client.connect(endpoints["site_url"], auth={"token": "bad"}, **SESSION)
        assert [reason["data"]["code"] for reason in reasons] == ["AUTH_FAILED"]

    def test_comes_back(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster, client: socketio.Client
    ) -> None:
        project = str(uuid4())
        auth = {"token": token(endpoints, projects=[project])}
        greetings: Queue[Any] = Queue()
        events: Queue[Any] = Queue()
        connects: Queue[None] = Queue()
        client.on("connect", lambda: connects.put(None), namespace="/ws")
        client.on("connection_established", greetings.put, namespace="/ws")
        client.on("project.deleted", events.put, namespace="/ws")
        client.connect(endpoints["site_url"], auth=auth, **SESSION)
        first = greetings.get(timeout=PATIENCE)
        end_connection(endpoints, first)
        again = greetings.get(timeout=PATIENCE)
        for _ in range(2):  # the greeting can come before the reply to its CONNECT
            connects.get(timeout=PATIENCE)
        room = {"room": f"project:{project}"}
        joined = client.call("subscribe", room, namespace="/ws")
        broadcaster.sync.broadcast_project_deleted(project, "someone")
        event = events.get(timeout=PATIENCE)
        assert first["data"]["connection_id"] != again["data"]["connection_id"]
        assert joined == {"status": "success", **room}
        assert event["room"] == room["room"]
