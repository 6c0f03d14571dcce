"""Two tenants with the same ids on the deployed service, with JSON and unmodified Socket.IO."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from roomcast import EventBroadcaster
from tests.e2e.client import Client, connected
from tests.e2e.program import Program, program
from tests.e2e.test_client import Endpoints, token

TENANTS = ("acme", "beta", "")
OPTIONS = [{"transports": ["websocket"]}, {}, {"transports": ["polling"]}]


@dataclass
class House:
    """A JSON and a Socket.IO client of each tenant: of one user id, in one project's room."""

    user: str
    project: str
    tokens: dict[str, str]
    plain: dict[str, Client]
    node: dict[str, Program]


@pytest.fixture(params=OPTIONS, ids=["websocket", "default", "polling"])
async def house(endpoints: Endpoints, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    found = House(uuid4().hex, uuid4().hex, {}, {}, {})
    async with AsyncExitStack() as stack:
        come = (moves_in(found, tenant, endpoints, request.param, stack) for tenant in TENANTS)
        await asyncio.gather(*come)
        yield found


async def moves_in(
    house: House,
    tenant: str,
    endpoints: Endpoints,
    options: dict[str, Any],
    stack: AsyncExitStack,
) -> None:
    """Connect the two clients of a tenant, until the stack is left, and join the room."""
    claims = {"tenant": tenant} if tenant else {}
    mine = token(endpoints, sub=house.user, projects=[house.project], **claims)
    opening = json.dumps({**options, "auth": {"token": mine}})
    plain = await stack.enter_async_context(connected(endpoints["websocket_url"], mine))
    node = await stack.enter_async_context(
        program("client.mjs", endpoints["socketio_url"], opening)
    )
    await node.hear("event", name="connection_established")
    node.tell(emit=["subscribe", {"room": f"project:{house.project}"}])
    joined = {"status": "success", "room": f"project:{house.project}"}
    assert await node.hear("ack") == joined
    assert await plain.ask("subscribe", room=f"project:{house.project}") == joined
    house.tokens[tenant], house.plain[tenant] = mine, plain
    house.node[tenant] = node


async def test_events_reach_the_tenant_that_they_are_for(
    endpoints: Endpoints, broadcaster: EventBroadcaster, house: House
) -> None:
    for tenant in TENANTS:
        of = broadcaster.of(tenant)
        assert await of.broadcast_project_deleted(house.project, f"by-{tenant}")
        assert await of.broadcast_agent_connected(house.user, f"agent-{tenant}")
    for tenant in TENANTS:
        node, plain = house.node[tenant], house.plain[tenant]
        deleted = await plain.event("project.deleted", project_id=house.project)
        assert deleted["data"]["deleted_by"] == f"by-{tenant}"
        assert (deleted["room"], "tenant" in deleted) == (f"project:{house.project}", False)
        connecting = await plain.event("agent.connected", agent_id=house.user)
        assert (connecting["room"], connecting["data"]["agent_name"]) == (
            "global",
            f"agent-{tenant}",
        )
        (heard,) = (await node.hear("event", name="project.deleted"))["args"]
        assert heard == deleted
    others = [frame for plain in house.plain.values() for frame in await plain.silence()]
    assert [each for each in others if each["type"] != "connection.established"] == []
    for tenant in TENANTS:
        reply = await house.plain[tenant].ask(
            "subscribe", room=f"project:{house.project}", state=True
        )
        (entity,) = reply["state"]
        assert entity["data"]["deleted_by"] == f"by-{tenant}"
        room = f"{tenant or 'acme'}!project:{house.project}"
        assert (await house.plain[tenant].ask("subscribe", room=room))["code"] == "INVALID_ROOM"
        url = f"{endpoints['site_url']}/api/v1/rooms/project:{house.project}/state"
        (entity,) = (await asyncio.to_thread(_get, url, house.tokens[tenant]))["state"]
        assert entity["data"]["deleted_by"] == f"by-{tenant}"


async def test_access_ends_for_the_user_of_one_tenant(
    broadcaster: EventBroadcaster, house: House
) -> None:
    assert await broadcaster.of("acme").remove(house.user, f"project:{house.project}")
    error = await house.plain["acme"].event("connection.error")
    assert error["data"]["room"] == f"project:{house.project}"
    assert await broadcaster.of("beta").disconnect(house.user)
    error = await house.plain["beta"].event("connection.error")
    assert error["data"]["error_code"] == "ACCESS_REVOKED"
    rooms = (await house.plain[""].ask("debug:rooms"))["rooms"]
    assert rooms == ["global", f"user:{house.user}", f"project:{house.project}"]
    assert (await house.plain["acme"].ask("debug:rooms"))["rooms"] == rooms[:2]


def _get(url: str, bearer: str) -> Any:
    request = Request(url, headers={"Authorization": f"Bearer {bearer}"})  # noqa: S310
    with urlopen(request, timeout=20) as response:  # noqa: S310
        return json.load(response)
