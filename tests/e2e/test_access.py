"""Access that ends now, on the deployed service: with JSON and Socket.IO's unmodified clients."""

import asyncio
import json
import time
from typing import Any
from uuid import uuid4

import pytest
import socketio
from websockets.exceptions import ConnectionClosed

from roomcast import EventBroadcaster
from tests.e2e.client import PATIENCE, connected
from tests.e2e.program import program
from tests.e2e.test_client import Endpoints, token

OPTIONS = [{"transports": ["websocket"]}, {"transports": ["polling"]}]
PROMISE = 2.0
"""Seconds in which everybody is out, once the function has its interpreter."""


@pytest.fixture
async def warm(broadcaster: EventBroadcaster) -> None:
    """Start the function's interpreter with an order about nobody."""
    assert await broadcaster.disconnect(uuid4().hex)
    await asyncio.sleep(3)


@pytest.mark.usefixtures("warm")
class TestDisconnect:
    @pytest.mark.parametrize("options", OPTIONS)
    async def test_everybody_is_out_in_two_seconds_with_the_reason(
        self,
        endpoints: Endpoints,
        broadcaster: EventBroadcaster,
        options: dict[str, list[str]],
    ) -> None:
        user = uuid4().hex
        mine = token(endpoints, sub=user)
        ends: asyncio.Queue[Any] = asyncio.Queue()
        python = socketio.AsyncClient()
        python.on("connection_error", ends.put)
        python.on("disconnect", lambda *_: ends.put_nowait("out"))
        opening = json.dumps({**options, "auth": {"token": mine}})
        async with (
            program("client.mjs", endpoints["socketio_url"], opening) as node,
            connected(endpoints["websocket_url"], mine) as plain,
            connected(endpoints["websocket_url"], token(endpoints)) as other,
        ):
            await node.hear("event", name="connection_established")
            await python.connect(
                endpoints["site_url"], auth={"token": mine}, wait_timeout=PATIENCE, **options
            )
            began = time.monotonic()
            assert await broadcaster.disconnect(user, reason="closed for good")
            error = await plain.event("connection.error")
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(plain.socket.recv(), PATIENCE)
            told = await node.hear("event", name="connection_error")
            out = await node.hear("disconnect")
            python_told = await asyncio.wait_for(ends.get(), PATIENCE)
            assert await asyncio.wait_for(ends.get(), PATIENCE) == "out"
            took = time.monotonic() - began
            assert (await other.ask("ping"))["status"] == "pong"
        for data in (error["data"], told["args"][0]["data"], python_told["data"]):
            assert data["error_code"] == "ACCESS_REVOKED"
            assert data["error_message"] == "closed for good"
        assert out == "io server disconnect"
        assert took < PROMISE
        async with connected(endpoints["websocket_url"], mine) as again:  # the token stays good
            assert (await again.ask("ping"))["status"] == "pong"


@pytest.mark.usefixtures("warm")
class TestRemove:
    async def test_the_room_is_left_and_the_connection_stays(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        user, project = uuid4().hex, uuid4().hex
        mine, room = token(endpoints, sub=user, projects=[project]), f"project:{project}"
        opening = json.dumps({"auth": {"token": mine}})
        async with (
            program("client.mjs", endpoints["socketio_url"], opening) as node,
            connected(endpoints["websocket_url"], mine) as plain,
        ):
            await node.hear("event", name="connection_established")
            node.tell(emit=["subscribe", {"room": room}])
            await node.hear("ack")
            assert (await plain.ask("subscribe", room=room))["status"] == "success"
            await asyncio.sleep(1)  # the time of an order is in whole seconds
            began = time.monotonic()
            assert await broadcaster.remove(user, room, reason="has left")
            error = await plain.event("connection.error")
            told = await node.hear("event", name="connection_error")
            took = time.monotonic() - began
            await asyncio.sleep(1)
            assert await broadcaster.broadcast_project_deleted(project, "someone")
            assert await plain.silence() == []
            rooms = await plain.ask("debug:rooms")
        for data in (error["data"], told["args"][0]["data"]):
            assert (data["error_code"], data["room"]) == ("ACCESS_REVOKED", room)
        assert took < PROMISE
        assert room not in json.dumps(rooms)
