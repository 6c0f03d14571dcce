"""The dashboard's console in a browser: what an administrator watches and does."""

# ruff: noqa: F811  the fixture has the name of what is imported

import json
import re
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from roomcast import EventBroadcaster
from tests.e2e.client import connected
from tests.e2e.gateway import end_connection
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_dashboard import Site, site  # noqa: F401  a fixture
from tests.e2e.test_redrive import Letters, event_letter, letters  # noqa: F401  a fixture

NARROW = 360


async def open_console(site: Site, endpoints: Endpoints, **how: object) -> None:
    """Open the console as an administrator."""
    access = token(endpoints, sub="boss", role="admin")
    fragment = urlencode({"token": access, "view": "console"})
    await site.do(open=f"{endpoints['site_url']}/#{fragment}", **how)
    await site.sees(".console h2", "Watch")


async def watch(site: Site, name: str) -> None:
    """Watch a room, or a user."""
    await site.do(fill="#watch-name", text=name)
    await site.do(press="Enter")


async def show(site: Site, title: str) -> None:
    """Open one of the console's panels."""
    await site.do(click=f".console nav button:text-is('{title}')")


@pytest.fixture
def project() -> str:
    return str(uuid4())


class TestWatch:
    async def test_shows_the_frames_of_a_room(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        await open_console(site, endpoints)
        await watch(site, f"project:{project}")
        await site.sees("#watch-status", f"Watching project:{project}")
        await broadcaster.broadcast_project_deleted(project, "ada")
        shown = await site.sees("[data-type='project.deleted']", '"deleted_by":"ada"')
        assert f'"room":"project:{project}"' in shown
        assert re.search(r"\d B.*\d m?s", shown), "its size and its latency"
        await site.check_access()

    async def test_shows_what_a_user_gets(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        await open_console(site, endpoints, width=NARROW, scheme="dark")
        await site.do(choose="#watch-kind", text="user")
        await watch(site, "ada")
        await site.sees("#watch-status", "Watching user:ada")
        # Its copy comes through the room of the user, though the project's stands before it.
        await broadcaster.broadcast_project_deleted(project, "ada")
        await site.sees("[data-type='project.deleted']", '"room":"user:ada"')
        await site.check_access()

    async def test_comes_back_with_what_was_missed(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        await open_console(site, endpoints)
        await watch(site, f"project:{project}")
        await site.sees("#watch-status", "Watching")
        greeting = json.loads(await site.sees("[data-type='connection.established'] pre", "{"))
        await broadcaster.broadcast_workflow_progress("w", "running", 1, "x", 2, project)
        await site.sees("[data-type='workflow.progress']", '"progress":1')
        end_connection(endpoints, greeting)
        await broadcaster.broadcast_workflow_progress("w", "running", 70, "x", 2, project)
        await site.sees("[data-type='workflow.progress']", '"progress":70')
        await site.sees("#watch-status", f"Watching project:{project}")
        greetings = "document.querySelectorAll('[data-type=\"connection.established\"]').length"
        assert await site.ask(greetings) == 2
        assert "missing" not in await site.ask(
            "document.getElementById('watch-status').textContent"
        )


class TestRefused:
    async def test_by_its_role(self, site: Site, endpoints: Endpoints) -> None:
        access = token(endpoints, sub="ada")
        fragment = urlencode({"token": access, "view": "console"})
        await site.do(open=f"{endpoints['site_url']}/#{fragment}")
        await show(site, "Links")
        await site.sees("#panel-links [role=alert]", "the token's role is not admin")
        await site.check_access()

    async def test_while_offline_keeps_what_was_typed(
        self, site: Site, endpoints: Endpoints
    ) -> None:
        await open_console(site, endpoints)
        await show(site, "Access")
        await site.do(fill="#access-user", text="ada")
        await site.do(press="Enter")
        await site.sees("dialog", "Disconnect ada?")
        await site.do(offline=True)
        await site.do(click="dialog .danger")
        await site.sees("#panel-access [role=alert]", "you are offline")
        assert await site.ask("document.getElementById('access-user').value") == "ada"
        await site.check_access()


class TestPublish:
    async def test_an_event_reaches_its_room(
        self, site: Site, endpoints: Endpoints, project: str
    ) -> None:
        await open_console(site, endpoints)
        await watch(site, f"project:{project}")
        await site.sees("#watch-status", f"Watching project:{project}")
        await show(site, "Publish")
        await site.do(choose="#publish-type", text="project.deleted")
        await site.do(fill="[name=project_id]", text="no id!")
        await site.do(fill="[name=deleted_by]", text="ada")
        await site.do(press="Enter")
        await site.sees("[data-field=project_id] .problem", "expected a UUID, or a short id")
        await site.check_access()
        await site.do(fill="[name=project_id]", text=project)
        await site.do(press="Enter")
        await site.sees("#panel-publish [role=status]", "The bus has the event")
        await show(site, "Watch")
        await site.sees("[data-type='project.deleted']", '"deleted_by":"ada"')


class TestAccess:
    async def test_a_user_is_disconnected_by_keyboard(
        self, site: Site, endpoints: Endpoints
    ) -> None:
        user = f"u-{uuid4()}"
        async with connected(endpoints["websocket_url"], token(endpoints, sub=user)) as client:
            await open_console(site, endpoints)
            await show(site, "Access")
            await site.do(fill="#access-user", text=user)
            await site.do(fill="#access-reason", text="Lost laptop")
            await site.do(press="Enter")
            await site.sees("dialog", f"Disconnect {user}?")
            await site.check_access()
            await site.do(press="Escape")
            assert await site.ask("document.activeElement.id") == "access-reason"
            await site.do(press="Enter")
            await site.sees("dialog", f"Disconnect {user}?")
            await site.do(press="Tab")  # Cancel has the focus
            await site.do(press="Enter")
            await site.sees("#panel-access [role=status]", f"Ordered: Disconnect {user}.")
            told = await client.event("connection.error")
            assert told["data"]["error_code"] == "ACCESS_REVOKED"
            assert told["data"]["error_message"] == "Lost laptop"


class TestLinks:
    async def test_a_repository_is_linked_and_unlinked(
        self, site: Site, endpoints: Endpoints
    ) -> None:
        repository = f"acme/{uuid4()}"
        await open_console(site, endpoints, width=NARROW)
        await show(site, "Links")
        await site.sees("#panel-links h3", "Repositories")
        await site.do(fill="[aria-label=Repository]", text=repository)
        await site.do(fill="[aria-label=Project]", text="atlas")
        await site.do(press="Enter")
        await site.sees("#panel-links td", repository)
        await site.check_access()
        await site.do(click=f"[aria-label='Unlink {repository}']")
        await site.do(click="dialog .danger")
        await site.sees("#panel-links [role=status]", f"{repository} is linked no more.")


class TestDeadLetters:
    async def test_an_event_arrives_after_all(
        self, site: Site, endpoints: Endpoints, letters: Letters, project: str
    ) -> None:
        letter = event_letter(project, "rule")
        access = token(endpoints, projects=[project])
        async with connected(endpoints["websocket_url"], access) as client:
            await client.ask("subscribe", room=f"project:{project}")
            letters.put("broadcast", letter)
            await open_console(site, endpoints, width=NARROW)
            await show(site, "Dead letters")
            await site.sees("[aria-label=broadcast]", f"event {letter['detail']['id']}")
            await site.check_access()
            await site.do(click="[aria-label=broadcast] > button")
            await site.sees("dialog", "of broadcast again?")
            await site.do(click="dialog .danger")
            await site.sees("#panel-dead-letters [role=status]", "handed over again")
            arrived = await client.event("project.deleted")
        assert arrived["id"] == letter["detail"]["id"]


class TestExplain:
    async def test_an_event_that_nobody_knows(self, site: Site, endpoints: Endpoints) -> None:
        await open_console(site, endpoints)
        await show(site, "Explain")
        await site.do(fill="[aria-label='Id of the event']", text=str(uuid4()))
        await site.do(fill="[aria-label='Id of the user']", text="ada")
        await site.do(press="Enter")
        await site.sees("#panel-explain h3", "The event")
        await site.check_access()

    async def test_an_event_of_a_room_that_the_user_has_not_joined(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        user, url = f"u-{uuid4()}", endpoints["websocket_url"]
        async with (
            connected(url, token(endpoints, sub=user, projects=[project])),
            connected(url, token(endpoints, projects=[project])) as member,
        ):
            await member.ask("subscribe", room=f"project:{project}")
            await broadcaster.broadcast_project_deleted(project, "eva")
            event = await member.event("project.deleted")
            await open_console(site, endpoints, width=NARROW)
            await show(site, "Explain")
            await site.do(fill="[aria-label='Id of the event']", text=event["id"])
            await site.do(fill="[aria-label='Id of the user']", text=user)
            await site.do(press="Enter")
            await site.sees("#panel-explain .item .name", f"project:{project}")
            await site.sees("#panel-explain .verdict", "not subscribed")
            await site.check_access()
