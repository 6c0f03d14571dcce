"""The JavaScript client in Node coming back: by itself, with a fresh token, with what it missed."""

import asyncio
import time
from typing import Any
from uuid import uuid4

import pytest

from roomcast import EventBroadcaster
from tests.e2e.client import connected
from tests.e2e.gateway import end_connection
from tests.e2e.program import Program, program
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_socketio import options

ASKING = options(auth="ask", reconnectionDelay=100)


async def greeted(client: Program) -> dict[str, Any]:
    """Return the event that a client is greeted with."""
    event = await client.hear("event", name="connection_established")
    return dict(event["args"][0])


class TestTokenInTheUrl:
    async def test_connects(self, endpoints: Endpoints) -> None:
        url = f"{endpoints['socketio_url']}?token={token(endpoints, sub='user-7')}"
        async with program("client.mjs", url, options()) as client:
            assert (await greeted(client))["data"]["user_id"] == "user-7"

    async def test_a_bad_one_is_told_of_once(self, endpoints: Endpoints) -> None:
        url = f"{endpoints['socketio_url']}?token=bad"
        async with program("client.mjs", url, options()) as client:
            error = await client.hear("connect_error")
        assert error["data"]["code"] == "AUTH_FAILED"


class TestSilence:
    @pytest.mark.parametrize(
        "said", [{"send": ["subscribe", {"room": "agent:a1"}]}, {"write": "3"}, {"write": "6"}]
    )
    async def test_leaves_the_client_connected(
        self, endpoints: Endpoints, said: dict[str, Any]
    ) -> None:
        """What needs no answer is followed by a command: a disconnect would come between them."""
        opening = options(auth={"token": token(endpoints)})
        async with program("client.mjs", endpoints["socketio_url"], opening) as client:
            await greeted(client)
            client.tell(**said)
            await asyncio.sleep(1)
            client.tell(emit=["ping"])
            assert await client.hear("ack") == {"status": "pong"}
            assert "disconnect" not in client.unasked


class TestReturn:
    @pytest.mark.parametrize("recover", [True, False])
    async def test_only_a_session_that_is_taken_up_has_its_rooms(
        self, endpoints: Endpoints, recover: bool
    ) -> None:
        auth = {"token": token(endpoints), "recover": recover}
        opening = options(auth=auth, reconnectionDelay=100)
        async with program("client.mjs", endpoints["socketio_url"], opening) as client:
            greeting = await greeted(client)
            client.tell(emit=["subscribe", {"room": "agent:a1"}])
            await client.hear("ack", status="success")
            await client.hear("connect", recovered=False)
            end_connection(endpoints, greeting)
            await client.hear("disconnect")
            await client.hear("connect", recovered=recover)
            client.tell(emit=["debug:rooms"])
            rooms = (await client.hear("ack"))["rooms"]
        assert ("agent:a1" in rooms) is recover

    async def test_what_was_delivered_while_it_was_away_comes_once_and_in_order(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        project = str(uuid4())
        room = f"project:{project}"
        access = token(endpoints, projects=[project])
        auth = {"token": access, "recover": True}

        async def publish(step: int) -> None:
            assert await broadcaster.broadcast_workflow_progress(
                f"w{step}", "running", step, f"step {step}", 9, project_id=project
            )

        async with (
            connected(endpoints["websocket_url"], access) as witness,
            program("client.mjs", endpoints["socketio_url"], ASKING) as client,
        ):
            await witness.ask("subscribe", room=room)
            await client.hear("asked")
            client.tell(auth=auth)
            greeting = await greeted(client)
            client.tell(emit=["subscribe", {"room": room}])
            await client.hear("ack", status="success")
            await client.hear("connect", recovered=False)
            end_connection(endpoints, greeting)
            await client.hear("disconnect")
            # It has reconnected, but has no session before it is given its token.
            await client.hear("asked")
            for step in (1, 2, 3):
                await publish(step)
                await witness.event("workflow.progress", progress=step)
            await asyncio.sleep(6)  # until all fan-outs are over nobody knows if that is all
            client.tell(auth=auth)
            await client.hear("connect", recovered=True)
            await publish(4)
            heard = [await client.hear("event", name="workflow.progress") for _ in range(4)]
        assert [event["args"][0]["data"]["progress"] for event in heard] == [1, 2, 3, 4]

    async def test_after_its_token_expired_with_a_fresh_one(
        self, endpoints: Endpoints, broadcaster: EventBroadcaster
    ) -> None:
        user = f"user-{uuid4()}"
        async with program("client.mjs", endpoints["socketio_url"], ASKING) as client:
            await client.hear("asked")
            expires = int(time.time()) + 3
            client.tell(auth={"token": token(endpoints, sub=user, exp=expires)})
            await greeted(client)
            await asyncio.sleep(max(0, expires - time.time()) + 0.1)
            await broadcaster.broadcast_project_deleted("p1", user)
            await client.hear("disconnect")
            await client.hear("asked")
            client.tell(auth={"token": token(endpoints, sub=user)})
            await greeted(client)
            await broadcaster.broadcast_project_deleted("p2", user)
            event = await client.hear("event", name="project.deleted")
        # What came with the expired token was not for it any more.
        assert event["args"][0]["data"]["project_id"] == "p2"
