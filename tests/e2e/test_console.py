"""The dashboard's console in a browser: what an administrator watches and does."""

from urllib.parse import urlencode
from uuid import uuid4

import pytest

from roomcast import EventBroadcaster
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_dashboard import Site, site  # noqa: F401  the fixture

NARROW = 360


async def open_console(site: Site, endpoints: Endpoints, **how: object) -> None:  # noqa: F811
    """Open the console as an administrator."""
    access = token(endpoints, sub="boss", role="admin")
    fragment = urlencode({"token": access, "view": "console"})
    await site.do(open=f"{endpoints['site_url']}/#{fragment}", **how)
    await site.sees(".console h2", "Watch")


@pytest.fixture
def project() -> str:
    return str(uuid4())


class TestWatch:
    async def test_shows_the_frames_of_a_room(
        self,
        site: Site,  # noqa: F811
        endpoints: Endpoints,
        broadcaster: EventBroadcaster,
        project: str,
    ) -> None:
        await open_console(site, endpoints)
        await site.do(fill="#watch-name", text=f"project:{project}")
        await site.do(press="Enter")
        await site.sees("#watch-status", f"Watching project:{project}")
        await broadcaster.broadcast_project_deleted(project, "ada")
        shown = await site.sees("[data-type='project.deleted']", '"deleted_by":"ada"')
        assert f'"room":"project:{project}"' in shown
        assert " ms" in shown
        await site.check_access()

    async def test_shows_what_a_user_gets(
        self,
        site: Site,  # noqa: F811
        endpoints: Endpoints,
        broadcaster: EventBroadcaster,
        project: str,
    ) -> None:
        await open_console(site, endpoints, width=NARROW, scheme="dark")
        await site.do(choose="#watch-kind", text="user")
        await site.do(fill="#watch-name", text="ada")
        await site.do(press="Enter")
        await site.sees("#watch-status", "Watching user:ada")
        # Its copy comes through the room of the user, though the project's stands before it.
        await broadcaster.broadcast_project_deleted(project, "ada")
        await site.sees("[data-type='project.deleted']", '"room":"user:ada"')
        await site.check_access()
