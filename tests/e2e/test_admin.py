"""The routes for admins on the deployed service, through the edge."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.e2e.client import connected
from tests.e2e.test_client import Endpoints, token

ADMIN = "/api/v1/admin"


@pytest.fixture
async def http(endpoints: Endpoints) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token(endpoints, role='admin')}"}
    async with httpx.AsyncClient(
        base_url=endpoints["site_url"], headers=headers, timeout=30
    ) as client:
        yield client


async def test_an_event_reaches_its_room_and_an_order_its_user(
    endpoints: Endpoints, http: httpx.AsyncClient
) -> None:
    user, project = uuid4().hex, str(uuid4())
    mine = token(endpoints, sub=user, projects=[project])
    async with connected(endpoints["websocket_url"], mine) as client:
        await client.ask("subscribe", room=f"project:{project}")
        data = {"project_id": project, "deleted_by": "eva"}
        published = await http.post(
            f"{ADMIN}/events", json={"type": "project.deleted", "data": data}
        )
        event = await client.event("project.deleted", project_id=project)
        order = {"order": "disconnect", "user": user, "reason": "closed"}
        ordered = await http.post(f"{ADMIN}/access", json=order)
        error = await client.event("connection.error")
        with pytest.raises(ConnectionClosed):
            await client.silence(20)
    assert (published.status_code, ordered.status_code) == (202, 202)
    assert event["id"] == published.json()["id"]
    assert (error["data"]["error_code"], error["data"]["error_message"]) == (
        *("ACCESS_REVOKED", "closed"),
    )


async def test_links_are_made_and_deleted(http: httpx.AsyncClient) -> None:
    name = f"octo/{uuid4().hex}"
    made = await http.put(f"{ADMIN}/links", json={"repository": name, "project": "atlas"})
    listed = (await http.get(f"{ADMIN}/links")).json()["repositories"]
    gone = await http.delete(f"{ADMIN}/links", params={"repository": name})
    again = await http.delete(f"{ADMIN}/links", params={"repository": name})
    assert (made.status_code, gone.status_code, again.status_code) == (200, 200, 404)
    assert name in [each["repository"] for each in listed]


async def test_the_queues_of_dead_letters_are_told(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{ADMIN}/dead-letters")
    names = {each["name"] for each in answer.json()["queues"]}
    assert {"open", "broadcast", "access", "pages", "deadline"} <= names
    tried = await http.post(f"{ADMIN}/dead-letters/redrive", json={"queue": "open"})
    assert (tried.status_code, tried.json()["is_complete"]) == (202, True)


async def test_what_is_refused(endpoints: Endpoints, http: httpx.AsyncClient) -> None:
    other = {"Authorization": f"Bearer {token(endpoints)}"}
    bad = await http.post(f"{ADMIN}/events", json={"type": "project.deleted", "data": {}})
    assert bad.status_code == 400
    assert "project_id" in bad.json()["message"]
    assert (await http.get(f"{ADMIN}/links", headers=other)).status_code == 403
    assert (await http.get(f"{ADMIN}/links", headers={"Authorization": ""})).status_code == 401
