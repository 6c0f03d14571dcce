"""Who is in a room, by real clients: JSON, socket.io-client, python-socketio and HTTP."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import socketio

from tests.e2e.client import PATIENCE, connected
from tests.e2e.program import program
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_socketio import options
from tests.e2e.test_socketio_python import SESSION


def named(endpoints: Endpoints, user: str, project: str) -> str:
    """Return a token of a user for one project."""
    return token(endpoints, sub=user, projects=[project])


class TestPresence:
    async def test_who_comes_and_goes(self, endpoints: Endpoints) -> None:
        project = str(uuid4())
        room = f"project:{project}"
        ada, bob, eve, zoe = (f"{name}-{project[:8]}" for name in ("ada", "bob", "eve", "zoe"))
        url = endpoints["websocket_url"]
        heard: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        async with (
            connected(url, named(endpoints, ada, project)) as plain,
            connected(url, named(endpoints, zoe, project)) as other,
        ):
            joined = await plain.ask("subscribe", room=room, presence=True)
            assert joined["presence"] == {"users": [ada], "count": 1}
            await other.ask("subscribe", room=room)
            while zoe not in (await plain.event("presence.joined"))["data"]["user_ids"]:
                pass
            node = options(auth={"token": named(endpoints, bob, project)})
            async with program("client.mjs", endpoints["socketio_url"], node) as browser:
                await browser.hear("event", name="connection_established")
                browser.tell(emit=["subscribe", {"room": room, "presence": True}])
                in_ack = await browser.hear("ack")
                assert in_ack["presence"] == {"users": sorted([ada, bob, zoe]), "count": 3}
                event = await plain.event("presence.joined", user_ids=[bob])
                assert (event["room"], event["data"]["count"]) == (room, 3)
                client = socketio.AsyncClient()

                async def hear(name: str, event: dict[str, Any]) -> None:
                    await heard.put((name, event["data"]))

                client.on("*", hear, namespace="/ws")
                mine = {"token": named(endpoints, eve, project)}
                await client.connect(endpoints["site_url"], auth=mine, **SESSION)
                body = {"room": room, "presence": True}
                reply = await client.call("subscribe", body, namespace="/ws")
                assert reply["presence"]["count"] == 4
                await plain.event("presence.joined", user_ids=[eve])
                # A second tab of ada's is nothing new, and neither is its end.
                async with connected(url, named(endpoints, ada, project)) as tab:
                    await tab.ask("subscribe", room=room)
            left = await plain.event("presence.left", user_ids=[bob])
            assert left["data"]["count"] == 3
            async with asyncio.timeout(PATIENCE):
                while True:
                    name, data = await heard.get()
                    if name == "presence.left":
                        break
            assert data["user_ids"] == [bob]
            await client.disconnect()
            await plain.event("presence.left", user_ids=[eve])
            silent = await other.silence()
            assert not [each for each in silent if each["type"].startswith("presence.")]
            rest = await plain.silence()
            assert not [each for each in rest if each["type"] == "presence.left"]

    async def test_who_comes_back_within_the_grace_never_left(self, endpoints: Endpoints) -> None:
        project = str(uuid4())
        room, url = f"project:{project}", endpoints["websocket_url"]
        ada, bob = f"ada-{project[:8]}", f"bob-{project[:8]}"
        async with connected(url, named(endpoints, ada, project)) as plain:
            await plain.ask("subscribe", room=room, presence=True)
            async with connected(url, named(endpoints, bob, project)) as first:
                await first.ask("subscribe", room=room)
                joined: set[str] = set()
                while not {ada, bob} <= joined:  # in any order
                    joined |= {*(await plain.event("presence.joined"))["data"]["user_ids"]}
            async with connected(url, named(endpoints, bob, project)) as second:
                await second.ask("subscribe", room=room)
                assert await plain.silence(7) == []

    async def test_over_http(self, endpoints: Endpoints) -> None:
        project = str(uuid4())
        room, ada = f"project:{project}", f"ada-{project[:8]}"
        path = f"/api/v1/rooms/{room}/members"
        async with connected(endpoints["websocket_url"], named(endpoints, ada, project)) as plain:
            await plain.ask("subscribe", room=room, presence=True)
            await plain.event("presence.joined", user_ids=[ada])
            backend = {"Authorization": f"Bearer {token(endpoints, role='admin')}"}
            other = {"Authorization": f"Bearer {token(endpoints, projects=['other'])}"}
            async with httpx.AsyncClient(base_url=endpoints["site_url"]) as http:
                found = (await http.get(path, headers=backend)).json()
                asked: tuple[tuple[str, dict[str, str]], ...] = (
                    (path, {}),
                    (path, other),
                    ("/api/v1/rooms/lobby/members", other),
                    ("/api/v1/rooms/global/members", other),
                )
                statuses = [
                    (await http.get(url, headers=headers)).status_code for url, headers in asked
                ]
        assert found == {"room": room, "users": [ada], "count": 1}
        assert statuses == [401, 403, 400, 404]

    async def test_other_rooms_have_none(self, endpoints: Endpoints) -> None:
        async with connected(endpoints["websocket_url"], token(endpoints)) as plain:
            reply = await plain.ask("subscribe", room="global", presence=True)
        assert reply["code"] == "INVALID_MESSAGE"
