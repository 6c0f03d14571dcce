"""The three routes from end to end: publish, and GitHub, to real clients."""

import asyncio
import hashlib
import hmac
import json
import time
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest

from local.emulator.bad_luck import DUPLICATE_AFTER_SECONDS
from roomcast import EventBroadcaster
from roomcast.errors import EventTooLarge, InvalidEvent
from tests.e2e.client import Client, connected
from tests.e2e.test_client import Endpoints, token

REPEATED = DUPLICATE_AFTER_SECONDS + 1.5
"""Seconds after which an event that comes twice would have been delivered again."""


class TestPublish:
    async def test_to_the_project_and_the_user_once_each(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        project, author, reader = str(uuid4()), str(uuid4()), str(uuid4())
        url = endpoints["websocket_url"]
        async with (
            connected(url, token(endpoints, sub=author, projects=[project])) as both,
            connected(url, token(endpoints, sub=reader, projects=[project])) as member,
            connected(url, token(endpoints, sub=reader)) as stranger,
        ):
            await both.ask("subscribe", room=f"project:{project}")
            await member.ask("subscribe", room=f"project:{project}")
            accepted = await broadcaster.broadcast_project_updated(
                project, "Atlas", "https://github.com/o/r", "active", author, {"name": "Atlas"}
            )
            assert accepted is True
            event = await member.event("project.updated")
            copies = [await both.event("project.updated"), *(await both.silence(REPEATED))]
            assert await stranger.silence(0.2) == []
        assert event["source"] == "project_service"
        assert event["room"] == f"project:{project}"
        assert event["data"] == {
            "project_id": project,
            "project_name": "Atlas",
            "repository_url": "https://github.com/o/r",
            "status": "active",
            "updated_by": author,
            "changes": {"name": "Atlas"},
        }
        assert copies == [event]

    async def test_an_agents_status_reaches_everyone(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        agent = str(uuid4())
        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            await broadcaster.broadcast_agent_status_changed(agent, "Ada", "busy", 40)
            event = await client.event("agent.status_changed", agent_id=agent)
        assert event["data"]["agent_id"] == agent

    async def test_many_in_order_of_their_ids(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        project = str(uuid4())
        async with connected(
            endpoints["websocket_url"], token(endpoints, projects=[project])
        ) as client:
            await client.ask("subscribe", room=f"project:{project}")
            for step in range(12):
                await broadcaster.broadcast_workflow_progress(
                    f"w{step}", "running", step, f"step {step}", 12, project_id=project
                )
            events = [await client.event("workflow.progress") for _ in range(12)]
        in_order = sorted(events, key=lambda event: str(event["id"]))
        assert [event["data"]["progress"] for event in in_order] == list(range(12))

    async def test_a_bad_value_is_refused_with_its_field_and_nothing_is_sent(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        agent = str(uuid4())
        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            with pytest.raises(InvalidEvent, match="availability"):
                await broadcaster.broadcast_agent_status_changed(agent, "Ada", "busy", 101)
            with pytest.raises(EventTooLarge):
                await broadcaster.broadcast_agent_status_changed(
                    agent, "Ada", "busy", 1, {"pad": "x" * 1_048_576}
                )
            heard = await client.silence()
        # Others' events may still be on their way through `global`.
        assert [event for event in heard if event["data"].get("agent_id") == agent] == []

    async def test_the_largest_event_arrives(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        async with connected(endpoints["websocket_url"], token(endpoints), max_size=None) as client:
            agent, pad = str(uuid4()), "x" * 130_000
            await client.ask("subscribe", room=f"agent:{agent}")
            assert await broadcaster.broadcast_agent_status_changed(
                agent, "Ada", "busy", 1, {"pad": pad}
            )
            event = await client.event("agent.status_changed", agent_id=agent)
        assert event["data"]["metadata"] == {"pad": pad}


class TestReplay:
    async def test_who_was_away_gets_what_it_missed_and_is_told_that_this_is_all(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        project = str(uuid4())
        room, url = f"project:{project}", endpoints["websocket_url"]
        access = token(endpoints, projects=[project])

        async def publish(step: int) -> None:
            assert await broadcaster.broadcast_workflow_progress(
                f"w{step}", "running", step, f"step {step}", 4, project_id=project
            )

        async with connected(url, access) as client:
            await client.ask("subscribe", room=room)
            await publish(1)
            last = await client.event("workflow.progress")
            async with connected(url, access) as witness:
                await witness.ask("subscribe", room=room)
                await client.socket.close()
                for step in (2, 3):
                    await publish(step)
                for _ in (2, 3):
                    await witness.event("workflow.progress")
        async with connected(url, access) as client:
            reply = await client.ask("subscribe", room=room, since=last["id"])
            missed = [await client.event("workflow.progress") for _ in (2, 3)]
            unknown = await client.ask("subscribe", room=room, since="yesterday")
        assert reply == {"status": "success", "room": room, "recovered": True, "replayed": 2}
        assert [event["data"]["progress"] for event in missed] == [2, 3]
        assert unknown["recovered"] is False


class TestLargeRooms:
    async def test_every_page_of_a_room_and_of_global_is_delivered_once(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        agent = str(uuid4())
        async with AsyncExitStack() as stack:

            async def join(number: int) -> Client:
                opening = connected(
                    endpoints["websocket_url"], token(endpoints, sub=f"u{number}"), open_timeout=60
                )
                client = await stack.enter_async_context(opening)
                if number % 2:
                    await client.ask("subscribe", room=f"agent:{agent}")
                return client

            clients = await asyncio.gather(*(join(number) for number in range(90)))
            # Who joined just now may get a second copy (docs/decisions/0004).
            await asyncio.sleep(3.5)
            assert await broadcaster.broadcast_agent_status_changed(agent, "Ada", "busy", 1)
            events = await asyncio.gather(
                *(client.event("agent.status_changed", agent_id=agent) for client in clients)
            )
            extra = await asyncio.gather(*(client.silence(REPEATED) for client in clients))
        rooms = [event["room"] for event in events]
        assert rooms == ["global", f"agent:{agent}"] * 45
        repeats = [event for heard in extra for event in heard if event["id"] == events[0]["id"]]
        assert repeats == []


class TestGitHub:
    def deliver(
        self, endpoints: Endpoints, payload: dict[str, Any] | bytes, event: str, **changes: str
    ) -> httpx.Response:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        secret = endpoints["github_webhook_secret"].encode()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(uuid4()),
            "X-Hub-Signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
            **changes,
        }
        present = {name: value for name, value in headers.items() if value}
        return httpx.post(endpoints["webhook_url"], content=body, headers=present, timeout=60)

    def issue(self, repository: str, action: str = "opened") -> dict[str, Any]:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return {
            "action": action,
            "repository": {"full_name": repository},
            "issue": {
                "url": f"https://api.github.com/repos/{repository}/issues/{uuid4().int % 10000}",
                "title": "Crash on start",
                "body": "It crashes.",
                "state": "open",
                "labels": [{"name": "priority: high"}],
                "assignee": None,
                "created_at": now,
                "updated_at": now,
            },
        }

    async def test_an_issue_reaches_the_projects_members_once(self, endpoints: Endpoints) -> None:
        project = endpoints["demo_project_id"]
        payload = self.issue(endpoints["demo_repository"])
        async with connected(
            endpoints["websocket_url"], token(endpoints, projects=[project])
        ) as client:
            await client.ask("subscribe", room=f"project:{project}")
            delivery = str(uuid4())
            for _ in range(2):
                answer = await asyncio.to_thread(
                    self.deliver, endpoints, payload, "issues", **{"X-GitHub-Delivery": delivery}
                )
                assert answer.status_code == 202
            event = await client.event("issue.created")
            assert await client.silence() == []
        assert event["source"] == "github_service"
        assert event["data"]["title"] == "Crash on start"
        assert event["data"]["priority"] == "high"

    @pytest.mark.parametrize(
        "signature", ["", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "nonsense"]
    )
    def test_a_bad_signature_is_401(self, endpoints: Endpoints, signature: str) -> None:
        payload = self.issue(endpoints["demo_repository"])
        answer = self.deliver(endpoints, payload, "issues", **{"X-Hub-Signature-256": signature})
        assert answer.status_code == 401

    def test_two_signatures_are_401(self, endpoints: Endpoints) -> None:
        body = json.dumps(self.issue(endpoints["demo_repository"])).encode()
        secret = endpoints["github_webhook_secret"].encode()
        good = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        headers = [
            ("X-GitHub-Event", "issues"),
            ("X-GitHub-Delivery", str(uuid4())),
            ("X-Hub-Signature-256", good),
            ("X-Hub-Signature-256", good),
        ]
        answer = httpx.post(endpoints["webhook_url"], content=body, headers=headers, timeout=60)
        assert answer.status_code == 401

    def test_not_json_is_400(self, endpoints: Endpoints) -> None:
        assert self.deliver(endpoints, b"nope", "issues").status_code == 400

    def test_26_mb_is_413(self, endpoints: Endpoints) -> None:
        assert self.deliver(endpoints, b"x" * 26_000_000, "issues").status_code == 413

    def test_6_mb_is_413(self, endpoints: Endpoints) -> None:
        assert self.deliver(endpoints, b"x" * 6_000_000, "issues").status_code == 413

    def test_what_maps_to_nothing_is_200(self, endpoints: Endpoints) -> None:
        unknown = self.issue("nobody/nothing")
        assert self.deliver(endpoints, unknown, "issues").status_code == 200
        star = {"action": "created", "repository": {"full_name": "a/b"}}
        assert self.deliver(endpoints, star, "star").status_code == 200
        assert self.deliver(endpoints, {"zen": "x"}, "ping").status_code == 200


class TestStatus:
    def test_health(self, endpoints: Endpoints) -> None:
        answer = httpx.get(endpoints["health_url"], timeout=30)
        assert answer.status_code == 200
        assert answer.json()["status"] == "ok"

    def test_health_without_a_body(self, endpoints: Endpoints) -> None:
        answer = httpx.head(endpoints["health_url"], timeout=30)
        assert (answer.status_code, answer.content) == (200, b"")

    def test_a_page_may_ask_for_the_statistics(self, endpoints: Endpoints) -> None:
        page = {"Origin": "https://app.example"}
        asked = {
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        answer = httpx.options(endpoints["stats_url"], headers={**page, **asked}, timeout=30)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == page["Origin"]
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "GET" in answer.headers["access-control-allow-methods"]
        assert "authorization" in answer.headers["access-control-allow-headers"]
        health = httpx.get(endpoints["health_url"], headers=page, timeout=30)
        assert health.headers["access-control-allow-origin"] == page["Origin"]

    @pytest.mark.parametrize(("claims", "code"), [(None, 401), ({"role": "user"}, 403)])
    def test_statistics_are_for_admins(
        self, endpoints: Endpoints, claims: dict[str, str] | None, code: int
    ) -> None:
        headers = {"Authorization": f"Bearer {token(endpoints, **claims)}"} if claims else {}
        assert httpx.get(endpoints["stats_url"], headers=headers, timeout=30).status_code == code

    async def test_connections_are_counted_and_a_vanished_one_leaves_every_room(
        self, endpoints: Endpoints
    ) -> None:
        room = f"agent:{uuid4()}"

        async def members() -> int:
            headers = {"Authorization": f"Bearer {endpoints['admin_token']}"}
            async with httpx.AsyncClient(timeout=30) as http:
                url = f"{endpoints['stats_url']}?detail=rooms"
                answer = await http.get(url, headers=headers)
            assert answer.status_code == 200
            return int(answer.json()["detail"].get(room, 0))

        async def becomes(wanted: int) -> None:
            async with asyncio.timeout(30):
                while await members() != wanted:
                    await asyncio.sleep(0.3)

        async with connected(endpoints["websocket_url"], token(endpoints)) as client:
            await client.ask("subscribe", room=room)
            await becomes(1)
            client.socket.transport.abort()  # no close frame, as when a network goes away
        await becomes(0)


class TestEdge:
    def test_the_start_page(self, endpoints: Endpoints) -> None:
        answer = httpx.get(endpoints["site_url"], timeout=10)
        assert answer.status_code == 200
        assert "Roomcast" in answer.text

    def test_what_is_not_there_is_404(self, endpoints: Endpoints) -> None:
        assert httpx.get(endpoints["site_url"] + "/nothing", timeout=10).status_code == 404
