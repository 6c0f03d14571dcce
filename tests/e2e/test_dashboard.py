"""The dashboard in a browser: it shows what happens, and tells what does not work."""

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from roomcast import EventBroadcaster
from tests.e2e.gateway import end_connection
from tests.e2e.program import Program, program
from tests.e2e.service import ROOT, promised
from tests.e2e.test_client import Endpoints, token

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
SHIFTED = """new Promise((tell) => {
  let sum = 0;
  const add = (shifts) => shifts.getEntries().forEach((shift) => (sum += shift.value));
  new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => tell(sum), 500);
})"""
"""By how much what was shown has moved, as https://web.dev/articles/cls counts it."""

GOOD_SHIFT = 0.1
"""The same page calls up to this good."""

WITHIN = promised(2.0)
"""Seconds within which an event is to be seen."""


class Site:
    """The page in Chromium."""

    def __init__(self, browser: Program, url: str) -> None:
        self._browser = browser
        self._url = url

    async def open(self, access: str, *projects: str, **how: Any) -> None:
        """Open a link that is signed in."""
        fragment = urlencode([("token", access), *(("project", each) for each in projects)])
        await self.do(open=f"{self._url}/#{fragment}", **how)

    async def open_without_token(self, **how: Any) -> None:
        await self.do(open=self._url, **how)

    async def sees(self, selector: str, text: str) -> str:
        """Wait until an element has the text; return all of its text."""
        self._browser.tell(see=selector, text=text)
        return str(await self._browser.hear("seen"))

    async def do(self, **what: Any) -> None:
        self._browser.tell(**what)
        await self._browser.hear("done")

    async def ask(self, expression: str) -> Any:
        self._browser.tell(ask=expression)
        return await self._browser.hear("answer")

    async def check_access(self) -> None:
        """Assert that axe-core finds nothing serious, and that nothing sticks out of the page."""
        self._browser.tell(axe=True)
        found = await self._browser.hear("axe")
        assert [each for each in found if each["impact"] in ("serious", "critical")] == []
        assert await self.ask("document.documentElement.scrollWidth <= innerWidth")

    @property
    def errors(self) -> list[str]:
        return [kind for kind in self._browser.unasked if kind == "error"]


@pytest.fixture
async def site(endpoints: Endpoints, chromium: str, dashboard: None) -> AsyncIterator[Site]:
    async with program("dashboard_page.mjs", chromium, str(AXE)) as browser:
        shown = Site(browser, endpoints["site_url"])
        yield shown
        assert shown.errors == []


@pytest.fixture
def project() -> str:
    return str(uuid4())


async def fill(broadcaster: EventBroadcaster, project: str) -> None:
    """Publish one of everything that the page shows."""
    await broadcaster.broadcast_project_updated(
        project, "Atlas", "https://github.com/acme/atlas", "active", str(uuid4())
    )
    await broadcaster.broadcast_workflow_progress(
        "nightly", "running", 40, "compile", 5, project, 90, ["checked out", "compiling"]
    )
    await broadcaster.broadcast_pr_created(
        "pr-1", project, "Faster joins", "", "ada", "joins", "https://github.com/x/1", "open"
    )
    await broadcaster.broadcast_issue_updated(
        "issue-1", project, "It leaks", "", "in_progress", "high", None
    )
    await broadcaster.broadcast_ai_suggestion(
        *("s-1", "code", "joins.py", "performance", "Use an index", "The scan is slow."),
        severity="warning",
        confidence=0.87,
        project_id=project,
    )
    await broadcaster.broadcast_agent_status_changed(str(uuid4()), "Grace", "busy", 35)


class TestLive:
    async def test_shows_what_is_and_what_happens(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        await site.open(token(endpoints, projects=[project]), project)
        await site.sees("#connection", "Live")
        await site.sees(f"#project-{project}", "No workflow runs.")
        assert "token" not in await site.ask("location.href + document.referrer")
        await fill(broadcaster, project)
        await site.sees("[data-entity='workflow:nightly']", "40 % · compile")
        await site.sees(f"#project-{project} h2", "Atlas")
        await site.sees("[data-entity='pr:pr-1']", "open")
        await site.sees("[data-entity='issue:issue-1']", "high priority")
        await site.sees("[data-entity='suggestion:s-1']", "87 % confident")
        await site.sees(".agent", "35 % available")  # every function is warm now
        await site.check_access()
        started = time.monotonic()
        await broadcaster.broadcast_workflow_progress(
            "nightly", "running", 60, "test", 5, project_id=project
        )
        await site.sees("[data-entity='workflow:nightly']", "60 % · test")
        assert time.monotonic() - started < WITHIN

    async def test_shows_at_once_what_was_before(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        await fill(broadcaster, project)
        # The project is named by the token alone.
        await site.open(token(endpoints, projects=[project]), width=360, scheme="dark")
        shown = await site.sees("[data-entity='workflow:nightly']", "40 % · compile")
        assert "compiling" in shown
        assert "2 min left" in shown
        await site.check_access()

    async def test_nothing_moves_while_the_projects_come(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        others = [str(uuid4()), str(uuid4())]
        for each in (project, *others):
            await fill(broadcaster, each)
        await site.open(token(endpoints, projects="*"), project, *others, width=360)
        for each in (project, *others):
            await site.sees(f"#project-{each}", "87 % confident")
        assert await site.ask(SHIFTED) < GOOD_SHIFT

    async def test_comes_back_with_what_was_missed(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        await site.open(token(endpoints, projects=[project]), project)
        await site.sees("#connection:not([data-connection=''])", "Live")  # it has been greeted
        await site.sees(f"#project-{project}", "No workflow runs.")
        connection = await site.ask("document.getElementById('connection').dataset.connection")
        end_connection(endpoints, {"data": {"connection_id": connection}})
        await site.sees("#connection", "reconnecting")
        await broadcaster.broadcast_workflow_progress("w", "running", 70, "x", 5, project)
        await site.sees("#connection", "Live again since")
        await site.sees("[data-entity='workflow:w']", "70 %")


class TestAccess:
    async def test_a_project_that_the_token_does_not_open(
        self, site: Site, endpoints: Endpoints, project: str
    ) -> None:
        await site.open(token(endpoints, projects=[]), project)
        await site.sees("[role=alert]", "Your token does not open this project.")
        await site.check_access()

    async def test_a_token_that_the_service_does_not_take(
        self, site: Site, endpoints: Endpoints
    ) -> None:
        wrong = {**endpoints, "jwt_secret": "another secret that has enough bytes"}
        await site.open(token(wrong))
        await site.sees("#connection", "the service does not take this token")

    async def test_signs_in_by_keyboard(
        self, site: Site, endpoints: Endpoints, project: str
    ) -> None:
        await site.open_without_token(width=360)
        await site.check_access()
        await site.do(fill="#token", text="nonsense")
        await site.do(press="Enter")
        await site.sees("[role=alert]", "This is no access token")
        await site.do(fill="#token", text=token(endpoints, projects="*"))
        await site.do(press="Enter")
        await site.sees("#connection", "Live")
        await site.do(fill="#project", text=project)
        await site.do(press="Enter")
        await site.sees(f"#project-{project}", "No workflow runs.")
        await site.check_access()
