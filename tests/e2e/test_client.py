"""What a client sees of the deployed service, through the edge."""

import asyncio
import json
import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.e2e.client import Client, connected

Endpoints = dict[str, str]


def token(endpoints: Endpoints, **claims: Any) -> str:
    values = {"sub": "user-1", "exp": int(time.time()) + 600, "token_type": "access", **claims}
    return jwt.encode(values, endpoints["jwt_secret"], algorithm="HS256")


class TestHandshake:
    async def test_is_greeted(self, endpoints: Endpoints) -> None:
        url = f"{endpoints['websocket_url']}?token={token(endpoints)}"
        async with connect(url) as socket:
            greeting = await Client(socket).event("connection.established")
        assert greeting["data"]["user_id"] == "user-1"
        assert greeting["data"]["protocol_version"] == "1.0"
        assert greeting["source"] == "websocket_server"
        assert set(greeting) == {"id", "type", "timestamp", "source", "room", "data"}

    async def test_a_token_in_the_header(self, endpoints: Endpoints) -> None:
        headers = {"Authorization": f"Bearer {token(endpoints)}"}
        async with connected(endpoints["websocket_url"], additional_headers=headers) as client:
            assert await client.ask("ping") == {"status": "pong"}

    @pytest.mark.parametrize(
        "claims", [{"exp": 1}, {"token_type": "refresh"}, {"projects": 5}, {"sub": "a b"}]
    )
    async def test_a_bad_token_is_401(self, endpoints: Endpoints, claims: dict[str, Any]) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with connected(endpoints["websocket_url"], token(endpoints, **claims)):
                pass
        assert refused.value.response.status_code == 401

    async def test_what_is_no_token_is_401(self, endpoints: Endpoints) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with connected(endpoints["websocket_url"], "nonsense"):
                pass
        assert refused.value.response.status_code == 401

    async def test_without_a_token_only_authenticate_is_answered(
        self, endpoints: Endpoints
    ) -> None:
        async with connected(endpoints["websocket_url"]) as client:
            assert (await client.ask("ping"))["code"] == "AUTH_MISSING"
            assert (await client.ask("authenticate", token="bad"))["code"] == "AUTH_FAILED"
            reply = await client.ask("authenticate", token=token(endpoints))
            assert (reply["status"], reply["user_id"]) == ("success", "user-1")
            assert reply["rooms"] == ["global", "user:user-1"]
            assert await client.ask("ping") == {"status": "pong"}

    async def test_without_a_token_in_time_it_is_told_and_closed(
        self, endpoints: Endpoints
    ) -> None:
        started = time.monotonic()
        async with connect(endpoints["websocket_url"]) as socket:
            error = json.loads(await asyncio.wait_for(socket.recv(), 40))
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
        assert error["type"] == "connection.error"
        assert error["data"]["error_code"] == "AUTH_MISSING"
        assert time.monotonic() - started > 10


class TestCommands:
    async def test_rooms_come_and_go(self, endpoints: Endpoints) -> None:
        async with connected(
            endpoints["websocket_url"], token(endpoints, projects=["atlas"])
        ) as client:
            joined = await client.ask("subscribe", room="project:atlas")
            assert joined == {"status": "success", "room": "project:atlas"}
            assert (await client.ask("subscribe", room="agent:a1"))["status"] == "success"
            rooms = (await client.ask("debug:rooms"))["rooms"]
            assert rooms == ["global", "user:user-1", "agent:a1", "project:atlas"]
            left = await client.ask("unsubscribe", room="project:atlas")
            assert left == {"status": "success", "room": "project:atlas"}
            assert "project:atlas" not in (await client.ask("debug:rooms"))["rooms"]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"action": "subscribe", "room": "project:secret"}, "ROOM_ACCESS_DENIED"),
            ({"action": "subscribe", "room": "user:someone"}, "ROOM_ACCESS_DENIED"),
            ({"action": "subscribe", "room": "lobby"}, "INVALID_ROOM"),
            ({"action": "subscribe", "room": 5}, "INVALID_MESSAGE"),
            ({"action": "dance"}, "INVALID_MESSAGE"),
            ({"action": ["ping"]}, "INVALID_MESSAGE"),
            ({"action": "$connect"}, "INVALID_MESSAGE"),
            ({"action": "$disconnect"}, "INVALID_MESSAGE"),
            ({}, "INVALID_MESSAGE"),
        ],
    )
    async def test_refused_and_the_connection_stays(
        self, endpoints: Endpoints, body: dict[str, Any], code: str
    ) -> None:
        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            reply = await client.send(json.dumps({**body, "id": "x"}))
            assert (reply["status"], reply["code"], reply["id"]) == ("error", code, "x")
            assert await client.ask("ping") == {"status": "pong"}

    @pytest.mark.parametrize("frame", ["nope", "[]", "null", "7", '"ping"', "{", "[" * 900])
    async def test_what_is_no_frame(self, endpoints: Endpoints, frame: str) -> None:
        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            assert (await client.send(frame))["code"] == "INVALID_MESSAGE"
            assert await client.ask("ping") == {"status": "pong"}

    async def test_32_kb_and_a_byte(self, endpoints: Endpoints) -> None:
        frame = '{"action":"ping","pad":"' + "x" * (32 * 1024 - 26) + '"}'
        assert len(frame) == 32 * 1024
        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            assert (await client.send(frame))["status"] == "pong"
            with pytest.raises(ConnectionClosed) as closed:
                await client.send(frame + " ")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009

    async def test_a_binary_frame_closes_as_at_api_gateway(self, endpoints: Endpoints) -> None:
        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await client.send(b"\x00\x01")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003

    async def test_too_many_commands(self, endpoints: Endpoints) -> None:
        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            await client.ask("ping")
            replies: list[dict[str, Any]] = []
            limited: list[dict[str, Any]] = []
            for _ in range(3):  # a slow machine answers so late that some more are due meanwhile
                for _ in range(180):
                    await client.socket.send('{"action":"ping"}')
                replies += [await client.reply() for _ in range(180)]
                limited = [reply for reply in replies if reply.get("code") == "RATE_LIMITED"]
                if limited:
                    break
            codes = [reply.get("code", reply["status"]) for reply in replies]
            assert codes.count("pong") >= 95
            assert limited
            assert all(reply["retry_after_ms"] > 0 for reply in limited)
            await asyncio.sleep(max(reply["retry_after_ms"] for reply in limited) / 1000)
            assert await client.ask("ping") == {"status": "pong"}

    async def test_one_room_too_many(self, endpoints: Endpoints) -> None:
        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            for number in range(48):
                reply = await client.ask("subscribe", room=f"agent:{number}")
                assert reply["status"] == "success", reply
                await asyncio.sleep(0.1)
            assert (await client.ask("subscribe", room="agent:more"))["code"] == "ROOM_LIMIT"


class TestTokenRefresh:
    async def test_a_fresh_token_keeps_what_it_opens_and_leaves_the_rest(
        self, endpoints: Endpoints
    ) -> None:
        user = f"user-{uuid4()}"
        wide = token(endpoints, sub=user, projects="*")
        narrow = token(endpoints, sub=user, projects=["kept"])
        async with connected(endpoints["websocket_url"], wide) as client:
            await client.ask("subscribe", room="project:kept")
            await client.ask("subscribe", room="project:left")
            reply = await client.ask("authenticate", token=narrow)
            assert reply["rooms"] == ["global", f"user:{user}", "project:kept"]
            assert (await client.ask("debug:rooms"))["rooms"] == reply["rooms"]

    async def test_an_expired_connection_can_go_on_with_a_fresh_one(
        self, endpoints: Endpoints
    ) -> None:
        short = token(endpoints, exp=int(time.time()) + 4)
        async with connected(endpoints["websocket_url"], short) as client:
            await asyncio.sleep(4.5)
            assert (await client.ask("ping"))["code"] == "AUTH_FAILED"
            reply = await client.ask("authenticate", token=token(endpoints))
            assert reply["status"] == "success"
            assert await client.ask("ping") == {"status": "pong"}


class TestManyClients:
    async def test_fifty_at_once_are_all_greeted(self, endpoints: Endpoints) -> None:
        async def one(number: int) -> list[str]:
            url, user = endpoints["websocket_url"], f"user-{number}"
            async with connected(url, token(endpoints, sub=user), open_timeout=60) as client:
                rooms: list[str] = (await client.ask("debug:rooms"))["rooms"]
                return rooms

        rooms = await asyncio.gather(*(one(number) for number in range(50)))
        assert rooms == [["global", f"user:user-{number}"] for number in range(50)]
