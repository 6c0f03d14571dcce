"""The dashboard's view Connections in a browser: the service over time, refused, and offline."""

from urllib.parse import urlencode

from roomcast import EventBroadcaster
from tests.e2e.test_client import Endpoints, token
from tests.e2e.test_dashboard import Site, fill, project, site

__all__ = ["project", "site"]


def address(endpoints: Endpoints, access: str, *projects: str) -> str:
    """Return a link to the view that is signed in."""
    chosen = [("token", access), ("view", "connections"), *(("project", it) for it in projects)]
    return f"{endpoints['site_url']}/#{urlencode(chosen)}"


class TestConnections:
    async def test_shows_the_service_over_time(
        self, site: Site, endpoints: Endpoints, broadcaster: EventBroadcaster, project: str
    ) -> None:
        await site.open(token(endpoints, role="admin"), project)
        await site.sees(f"#project-{project}", "No workflow runs.")
        await site.do(click=".views a[href*='view=connections']")
        await site.sees("#since", "The service keeps no history.")
        assert await site.ask("location.hash") == f"#view=connections&project={project}"
        await fill(broadcaster, project)
        await site.sees("#latency", "events: median")
        await site.sees("[data-type='workflow.progress']", "workflow.progress")
        await site.sees(".legend", "events")  # a rate: two readings
        await site.check_access()
        await site.do(click=".chart summary")
        await site.sees(".chart td", "")
        await site.ask("history.back()")
        await site.sees("[data-entity='workflow:nightly']", "40 % · compile")

    async def test_on_a_phone_and_while_the_service_does_not_answer(
        self, site: Site, endpoints: Endpoints, project: str
    ) -> None:
        link = address(endpoints, token(endpoints, role="admin"), project)
        await site.do(open=link, width=360, scheme="dark")
        await site.sees("#since", "The service keeps no history.")
        assert "token" not in await site.ask("location.href")
        await site.check_access()
        await site.do(offline=True)
        await site.sees("[role=alert]", "The service does not answer: what is shown is old.")
        await site.check_access()
        await site.do(offline=False)
        await site.sees(".connections-view:not(.is-old)", "readings failed")

    async def test_a_token_of_another_role(
        self, site: Site, endpoints: Endpoints, project: str
    ) -> None:
        await site.do(open=address(endpoints, token(endpoints, projects=[project]), project))
        await site.sees("[role=alert]", "Your token does not open this view")
        await site.check_access()
        await site.do(click=".views a[href*='project=']")
        await site.sees(f"#project-{project}", "No workflow runs.")
        assert await site.ask("document.querySelectorAll('.views a').length") == 0
