"""The story of `roomcast demo`: it is believable, and however long it runs its state is small."""

from collections import defaultdict
from itertools import islice
from random import Random

from roomcast.cli.demo_story import AGENTS, TASKS, Demo
from roomcast.events import Event

PROJECTS = ("atlas", "zeus")
LONG = 3_000


def told(rounds: int = LONG, seed: int = 7) -> list[Event]:
    """Return the events of so many rounds, those of the opening first."""
    demo = Demo(PROJECTS, Random(seed))  # noqa: S311 - a story, no secret
    return [*demo.opening(), *(each for few in islice(demo.rounds(), rounds) for each in few)]


def by_workflow() -> dict[tuple[str, str], list[Event]]:
    found: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in told():
        if event.type.startswith("workflow."):
            found[event.project_id, event.workflow_id].append(event)  # type: ignore[attr-defined]
    return found


class TestDemo:
    def test_the_same_seed_tells_the_same(self) -> None:
        def words(seed: int) -> list[str]:
            return [f"{each.type} {each.rooms()}" for each in told(seed=seed)]

        assert words(1) == words(1)
        assert words(1) != words(2)

    def test_has_everything_that_the_dashboard_shows(self) -> None:
        assert {event.type for event in told()} == {
            *("project.updated", "agent.status_changed", "issue.created", "issue.updated"),
            *("issue.closed", "workflow.started", "workflow.progress", "workflow.completed"),
            *("workflow.failed", "pr.created", "pr.closed", "ai.suggestion"),
            "ai.analysis_complete",
        }

    def test_reaches_the_projects_and_every_agent(self) -> None:
        rooms = {room for event in told() for room in event.rooms()}
        assert {f"project:{each}" for each in PROJECTS} < rooms
        assert {f"agent:{each.lower()}" for each in AGENTS} < rooms
        assert "global" in rooms

    def test_a_workflow_starts_makes_progress_and_ends(self) -> None:
        for events in by_workflow().values():
            before = "workflow.completed"
            progress = 0.0
            for event in events:
                if event.type == "workflow.started":
                    assert before in ("workflow.completed", "workflow.failed")
                    progress = 0
                else:
                    assert before in ("workflow.started", "workflow.progress")
                    assert progress <= event.progress <= 100  # type: ignore[attr-defined]
                    progress = event.progress  # type: ignore[attr-defined]
                before = event.type

    def test_its_entities_are_few_and_each_of_one_project(self) -> None:
        names = {
            (getattr(event, field), event.project_id)  # type: ignore[attr-defined]
            for event in told()
            for field in ("workflow_id", "issue_id", "pr_id", "suggestion_id")
            if hasattr(event, field)
        }
        assert len(names) == len(dict(names)) == 4 * len(TASKS) * len(PROJECTS)

    def test_many_projects_have_names_of_their_own(self) -> None:
        demo = Demo([str(number) for number in range(9)], Random(1))  # noqa: S311 - as above
        names = {each.project_name for each in demo.opening() if each.type == "project.updated"}  # type: ignore[attr-defined]
        assert {"Atlas", "Atlas 2", "Atlas 3"} < names
        assert len(names) == 9
