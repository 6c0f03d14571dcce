"""Why somebody did not get an event: real clients, the command line and the route."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from roomcast import EventBroadcaster
from tests.e2e.client import connected
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_command_line import command

APART = 4.0
"""Seconds between joining and publishing, so that the service can tell which was first."""

Explain = Callable[[str, str], Awaitable[dict[str, Any]]]


async def explained(endpoints: Endpoints, folder: Path, event_id: str, user: str) -> Any:
    [answer] = await asyncio.to_thread(
        command, endpoints, folder, "explain", event_id, user, "--json"
    )
    return answer


async def settled(explain: Explain, event_id: str, user: str) -> dict[str, Any]:
    """Return the explanation once the fan-out has ended: its last note comes after its posts."""
    async with asyncio.timeout(20):
        while (answer := await explain(event_id, user))["event"]["fan_out"] != "ended":
            await asyncio.sleep(0.2)
    return answer


async def test_why_each_of_them_did_or_did_not_get_it(
    endpoints: Endpoints, broadcaster: EventBroadcaster, tmp_path: Path
) -> None:
    project, url = str(uuid4()), endpoints["websocket_url"]
    room = f"project:{project}"
    names = ("ada", "bob", "cleo", "dan", "eve", "fay")
    ada, bob, cleo, dan, eve, fay = (f"{name}-{project[:8]}" for name in names)
    explain = partial(explained, endpoints, tmp_path)

    def of(user: str, *projects: str) -> str:
        return token(endpoints, sub=user, projects=list(projects))

    async with (
        connected(url, of(ada, project)) as member,
        connected(url, of(bob, project)),
        connected(url, of(cleo, project)) as late,
        connected(url, of(dan, project)) as chooser,
        connected(url, of(eve, str(uuid4()))),
    ):
        assert (await member.ask("subscribe", room=room))["status"] == "success"
        assert (await chooser.ask("subscribe", room=room, types=["pr.*"]))["status"] == "success"
        await asyncio.sleep(APART)
        assert await broadcaster.broadcast_project_deleted(project, "ada")
        event = await member.event("project.deleted")
        answer = await settled(explain, event["id"], ada)
        assert answer["verdict"] == "posted", answer
        assert answer["event"]["type"] == "project.deleted"
        assert answer["rooms"][0] | {"replay_until": ""} == {
            "room": room,
            "may_join": True,
            "left_out": False,
            "seq": event["seq"],
            "replay_until": "",
        }
        await asyncio.sleep(APART)
        assert (await late.ask("subscribe", room=room))["status"] == "success"
        found = {user: await explain(event["id"], user) for user in (bob, cleo, dan, eve, fay)}
        assert {user: each["verdict"] for user, each in found.items()} == {
            bob: "not_subscribed",
            cleo: "joined_later",
            dan: "filtered",
            eve: "not_allowed",
            fay: "not_connected",
        }
        assert found[fay]["rooms"][0]["may_join"] is None
        assert room in found[cleo]["next"]
        # What is advised to the late one brings the event.
        reply = await late.ask("subscribe", room=room, since=event["seq"] - 1)
        assert reply["status"] == "success"
        assert (await late.event("project.deleted"))["id"] == event["id"]
        assert (await explain(str(uuid4()), ada))["verdict"] == "unknown_event"
        await refused_to_others(endpoints, event["id"], ada)


async def refused_to_others(endpoints: Endpoints, event_id: str, user: str) -> None:
    """Nobody but an admin is told, and an admin of a tenant of its own events only."""
    url = endpoints["stats_url"].replace("/websocket/stats", "/explain")
    async with httpx.AsyncClient(params={"event": event_id, "user": user}) as http:
        for claims, status in (({}, 403), ({"role": "admin", "tenant": "acme"}, 200)):
            bearer = {"Authorization": f"Bearer {token(endpoints, **claims)}"}
            answer = await http.get(url, headers=bearer)
            assert answer.status_code == status
        assert answer.json()["verdict"] == "unknown_event"
        assert (await http.get(url)).status_code == 401
