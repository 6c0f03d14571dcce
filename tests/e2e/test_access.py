"""Access that ends now, on the deployed service: with JSON and Socket.IO's unmodified clients."""

import asyncio
import json
import time
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
import socketio
from websockets.exceptions import ConnectionClosed, InvalidStatus

from roomcast import EventBroadcaster
from tests.e2e.client import PATIENCE, connected
from tests.e2e.program import program
from tests.e2e.service import promised
from tests.e2e.test_client import Endpoints, token

OPTIONS = [{"transports": ["websocket"]}, {"transports": ["polling"]}]
PROMISE = promised(2.0)
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
            await asyncio.gather(
                node.hear("event", name="connection_established"),
                python.connect(
                    endpoints["site_url"], auth={"token": mine}, wait_timeout=PATIENCE, **options
                ),
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


@pytest.mark.usefixtures("warm")
class TestRevoke:
    @pytest.mark.parametrize("options", OPTIONS)
    async def test_old_tokens_are_out_and_stay_out_and_a_new_one_is_welcome(
        self,
        endpoints: Endpoints,
        broadcaster: EventBroadcaster,
        options: dict[str, list[str]],
    ) -> None:
        user, site = uuid4().hex, endpoints["site_url"]
        old = token(endpoints, sub=user, iat=int(time.time()) - 1)
        ends: asyncio.Queue[Any] = asyncio.Queue()
        python = socketio.AsyncClient()
        python.on("connection_error", ends.put)
        python.on("disconnect", lambda *_: ends.put_nowait("out"))
        url, opening = endpoints["socketio_url"], json.dumps({**options, "auth": {"token": old}})
        async with (
            program("client.mjs", url, opening) as node,
            connected(endpoints["websocket_url"], old) as plain,
        ):
            await asyncio.gather(
                node.hear("event", name="connection_established"),
                python.connect(site, auth={"token": old}, wait_timeout=PATIENCE, **options),
            )
            began = time.monotonic()
            assert await broadcaster.revoke(user, reason="stolen")
            error = await plain.event("connection.error")
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(plain.socket.recv(), PATIENCE)
            told = await node.hear("event", name="connection_error")
            assert await node.hear("disconnect") == "io server disconnect"
            python_told = await asyncio.wait_for(ends.get(), PATIENCE)
            assert await asyncio.wait_for(ends.get(), PATIENCE) == "out"
            assert time.monotonic() - began < PROMISE
        for data in (error["data"], told["args"][0]["data"], python_told["data"]):
            assert (data["error_code"], data["error_message"]) == ("ACCESS_REVOKED", "stolen")
        await self.refused(endpoints, old, options)
        await asyncio.sleep(1)  # a token tells the second in which it was issued
        new = token(endpoints, sub=user, iat=int(time.time()))
        async with (
            connected(endpoints["websocket_url"], new) as plain,
            program("client.mjs", url, json.dumps({**options, "auth": {"token": new}})) as node,
        ):
            await asyncio.gather(
                node.hear("event", name="connection_established"),
                python.connect(site, auth={"token": new}, wait_timeout=PATIENCE, **options),
            )
            await asyncio.sleep(2)  # the order still looks for those with old tokens
            assert (await plain.ask("ping"))["status"] == "pong"
            node.tell(emit=["ping", {}])
            assert (await node.hear("ack"))["status"] == "pong"
            assert python.connected
            await python.disconnect()

    async def refused(self, endpoints: Endpoints, old: str, options: dict[str, list[str]]) -> None:
        """Come back with a token that was revoked, in each way."""
        with pytest.raises(InvalidStatus) as handshake:
            async with connected(endpoints["websocket_url"], old):
                pass
        assert handshake.value.response.status_code == HTTPStatus.UNAUTHORIZED
        async with connected(endpoints["websocket_url"]) as plain:
            assert (await plain.ask("authenticate", token=old))["code"] == "AUTH_FAILED"
        again = json.dumps({**options, "auth": {"token": old}})
        python, errors = socketio.AsyncClient(), asyncio.Queue[Any]()
        python.on("connect_error", errors.put)
        async with program("client.mjs", endpoints["socketio_url"], again) as node:
            with pytest.raises(socketio.exceptions.ConnectionError):
                await python.connect(
                    endpoints["site_url"], auth={"token": old}, wait_timeout=PATIENCE, **options
                )
            assert (await node.hear("connect_error"))["data"]["code"] == "AUTH_FAILED"
        error = await asyncio.wait_for(errors.get(), PATIENCE)
        assert error["data"]["code"] == "AUTH_FAILED"
