"""Rooms of a kind of one's own, and an event of one's own, from a publisher to clients."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from uuid import uuid4

import pytest

from tests.e2e.client import connected
from tests.e2e.program import program
from tests.e2e.service import ROOT
from tests.e2e.test_client import Endpoints, token

OPTIONS = [{"transports": ["websocket"]}, {}]
"""A WebSocket at once, and Socket.IO's default: polling first."""


async def publish(team: str, service: str) -> None:
    """Run the example that publishes, as a program of its own."""
    example = await asyncio.create_subprocess_exec(
        sys.executable, "examples/own_event.py", team, service, cwd=ROOT, env=dict(os.environ)
    )
    assert await example.wait() == 0


@pytest.mark.usefixtures("broadcaster")
class TestTeam:
    @pytest.mark.parametrize("options", OPTIONS)
    async def test_an_event_of_ones_own_reaches_its_room(
        self, endpoints: Endpoints, options: dict[str, list[str]]
    ) -> None:
        team, service = str(uuid4()), uuid4().hex
        mine = token(endpoints, teams=[team])
        opening = json.dumps({**options, "auth": {"token": mine}})
        async with (
            program("client.mjs", endpoints["socketio_url"], opening) as node,
            connected(endpoints["websocket_url"], mine) as plain,
        ):
            await node.hear("event", name="connection_established")
            node.tell(emit=["subscribe", {"room": f"team:{team}"}])
            joined = await node.hear("ack")
            node.tell(emit=["subscribe", {"room": "team:other"}])
            denied = await node.hear("ack")
            assert (await plain.ask("subscribe", room=f"team:{team}"))["status"] == "success"
            for room, code in (("team:b", "ROOM_ACCESS_DENIED"), ("squad:b", "INVALID_ROOM")):
                assert (await plain.ask("subscribe", room=room))["code"] == code
            assert (await plain.ask("subscribe", room="run:7"))["status"] == "success"
            await publish(team, service)
            heard = await node.hear("event", name="deploy.finished")
            event = await plain.event("deploy.finished", service=service)
        assert joined == {"status": "success", "room": f"team:{team}"}
        assert denied["code"] == "ROOM_ACCESS_DENIED"
        assert event["data"] == {"team": team, "service": service, "seconds": 41.5}
        assert (event["room"], event["source"]) == (f"team:{team}", "deploy_service")
        assert "state_key" not in event
        (envelope,) = heard["args"]
        assert envelope["data"] == event["data"]

    async def test_the_claim_rooms(self, endpoints: Endpoints) -> None:
        opened = token(endpoints, rooms=["project:at*", "team:red"])
        async with connected(endpoints["websocket_url"], opened) as client:
            for room in ("project:atlas", "team:red"):
                assert (await client.ask("subscribe", room=room))["status"] == "success"
            for room in ("project:beta", "team:reds", "user:user-2"):
                assert (await client.ask("subscribe", room=room))["code"] == "ROOM_ACCESS_DENIED"

    async def test_the_example_of_a_room(self, endpoints: Endpoints) -> None:
        team = uuid4().hex
        watcher = await asyncio.create_subprocess_exec(
            *(sys.executable, "examples/team_room.py", endpoints["site_url"], team),
            cwd=ROOT,
            env={**os.environ, "ROOMCAST_TOKEN": token(endpoints, teams=[team])},
            stdout=PIPE,
        )
        assert watcher.stdout is not None
        try:
            reply = json.loads(await asyncio.wait_for(watcher.stdout.readline(), 40))
            assert reply == {"status": "success", "room": f"team:{team}"}
            await publish(team, "api")
            event = json.loads(await asyncio.wait_for(watcher.stdout.readline(), 40))
            assert await asyncio.wait_for(watcher.wait(), 40) == 0
        finally:
            if watcher.returncode is None:
                watcher.kill()
        assert event["data"]["service"] == "api"
