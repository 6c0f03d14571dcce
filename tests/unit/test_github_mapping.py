"""From GitHub's payloads to events: every recorded one, and what they do not show."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from roomcast.events import Event
from roomcast_backend.github import mapping
from roomcast_backend.github.payload import InvalidPayload
from tests.fakes.github import example, examples

PULL_REQUEST_TYPES = {"opened": "pr.created", "reopened": "pr.created", "closed": "pr.closed"}
ISSUE_TYPES = {
    "opened": "issue.created",
    "closed": "issue.closed",
    "deleted": "issue.closed",
    "transferred": "issue.closed",
}

OTHER_PULL_REQUEST_ACTIONS = [
    "assigned",
    "auto_merge_disabled",
    "auto_merge_enabled",
    "converted_to_draft",
    "demilestoned",
    "dequeued",
    "edited",
    "enqueued",
    "labeled",
    "locked",
    "milestoned",
    "ready_for_review",
    "review_request_removed",
    "review_requested",
    "synchronize",
    "unassigned",
    "unlabeled",
    "unlocked",
]
OTHER_ISSUE_ACTIONS = [
    "assigned",
    "demilestoned",
    "edited",
    "labeled",
    "locked",
    "milestoned",
    "pinned",
    "reopened",
    "typed",
    "unassigned",
    "unlabeled",
    "unlocked",
    "unpinned",
    "untyped",
]


def event_of(kind: str, payload: dict[str, Any], assigned_to: str | None = None) -> Event:
    delivery = mapping.read(kind, payload)
    assert delivery is not None
    event = delivery.event("123", assigned_to)
    assert event is not None
    return event


def recorded(kind: str) -> list[Any]:
    return [
        pytest.param(payload, id=f"{index}-{payload['action']}")
        for index, payload in enumerate(examples()[kind])
    ]


class TestRead:
    @pytest.mark.parametrize("kind", sorted(set(examples()) - set(mapping.DELIVERIES)))
    def test_other_kinds_map_to_nothing(self, kind: str) -> None:
        assert all(mapping.read(kind, payload) is None for payload in examples()[kind])

    def test_a_kind_of_the_future(self) -> None:
        assert mapping.read("telepathy", {"action": "opened"}) is None

    @pytest.mark.parametrize(
        ("kind", "action", "path", "value"),
        [
            ("pull_request", "opened", "action", None),
            ("pull_request", "opened", "repository", None),
            ("pull_request", "opened", "repository.full_name", 7),
            ("pull_request", "opened", "pull_request", []),
            ("pull_request", "opened", "pull_request.url", None),
            ("pull_request", "opened", "pull_request.title", 7),
            ("pull_request", "opened", "pull_request.title", "\ud800"),
            ("pull_request", "opened", "pull_request.state", "ajar"),
            ("pull_request", "opened", "pull_request.head", {"label": "x"}),
            ("pull_request", "opened", "pull_request.created_at", "yesterday"),
            ("issues", "opened", "issue", None),
            ("issues", "opened", "issue.labels", [{"color": "red"}]),
            ("issues", "opened", "issue.assignees", "octocat"),
            ("issues", "opened", "issue.updated_at", None),
            ("workflow_run", "requested", "workflow_run", "x"),
            ("workflow_run", "requested", "workflow_run.url", ""),
        ],
    )
    def test_a_bad_part_is_named_and_not_repeated(
        self, kind: str, action: str, path: str, value: object
    ) -> None:
        payload = example(kind, action)
        *parents, last = path.split(".")
        part = payload
        for parent in parents:
            part = part[parent]
        part[last] = value
        with pytest.raises(InvalidPayload, match=f"^{path}") as caught:
            mapping.read(kind, payload)
        assert "Codertocat" not in str(caught.value)
        assert "ajar" not in str(caught.value)

    def test_many_bad_parts_stay_a_short_message(self) -> None:
        payload = example("issues", "opened")
        payload["issue"]["labels"] = [{}] * 10_000
        with pytest.raises(InvalidPayload) as caught:
            mapping.read("issues", payload)
        assert len(str(caught.value)) < 500


class TestPullRequest:
    @pytest.mark.parametrize("payload", recorded("pull_request"))
    def test_recorded(self, payload: dict[str, Any]) -> None:
        event = event_of("pull_request", payload)
        theirs = payload["pull_request"]
        assert event.type == PULL_REQUEST_TYPES.get(payload["action"], "pr.updated")
        assert event.rooms() == ("project:123",)
        assert event.data() == {
            "pr_id": str(uuid5(NAMESPACE_URL, theirs["url"])),
            "project_id": "123",
            "title": "Update the README with new information.",
            "description": theirs["body"],
            "author": "Codertocat",
            "branch": "changes",
            "github_url": "https://github.com/Codertocat/Hello-World/pull/2",
            "status": {"closed": "closed", "converted_to_draft": "draft"}.get(
                payload["action"], "open"
            ),
            "created_at": "2019-05-15T15:20:33.000Z",
            "updated_at": theirs["updated_at"].replace("Z", ".000Z"),
        }

    @pytest.mark.parametrize("action", [*OTHER_PULL_REQUEST_ACTIONS, "an action of the future"])
    def test_every_other_action_is_an_update(self, action: str) -> None:
        payload = example("pull_request", "opened") | {"action": action}
        assert event_of("pull_request", payload).type == "pr.updated"

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"state": "open", "draft": False}, "open"),
            ({"state": "open", "draft": True}, "draft"),
            ({"state": "open", "draft": None}, "open"),
            ({"state": "closed", "merged": False}, "closed"),
            ({"state": "closed", "merged": None}, "closed"),
            ({"state": "closed", "merged": True}, "merged"),
            ({"state": "closed", "merged": False, "draft": True}, "closed"),
        ],
    )
    def test_status(self, changes: dict[str, Any], status: str) -> None:
        payload = example("pull_request", "closed")
        payload["pull_request"] |= changes
        assert event_of("pull_request", payload).data()["status"] == status

    def test_one_object_has_one_id(self) -> None:
        opened = event_of("pull_request", example("pull_request", "opened")).data()
        closed = event_of("pull_request", example("pull_request", "closed")).data()
        assert opened["pr_id"] == closed["pr_id"] == "640311e3-8b51-5f1b-b60a-52726b9dc48f"

    def test_what_can_be_null(self) -> None:
        payload = example("pull_request", "opened")
        payload["pull_request"] |= {"user": None, "body": None, "title": None}
        data = event_of("pull_request", payload).data()
        assert (data["author"], data["description"], data["title"]) == ("ghost", None, "")

    def test_a_fork_that_is_gone(self) -> None:
        payload = example("pull_request", "opened")
        payload["pull_request"]["head"]["repo"] = None
        assert event_of("pull_request", payload).data()["branch"] == "changes"

    def test_a_title_is_cut_to_one_line(self) -> None:
        payload = example("pull_request", "opened")
        payload["pull_request"]["title"] = "x" * 100_000
        assert len(event_of("pull_request", payload).data()["title"]) < 2048


class TestIssues:
    @pytest.mark.parametrize("payload", recorded("issues"))
    def test_recorded(self, payload: dict[str, Any]) -> None:
        event = event_of("issues", payload, assigned_to="42")
        theirs = payload["issue"]
        kind = ISSUE_TYPES.get(payload["action"], "issue.updated")
        assert event.type == kind
        assert event.rooms() == ("project:123", "user:42")
        data = event.data()
        assert data.pop("updated_at").replace(".000", "") == theirs["updated_at"]
        assert data == {
            "issue_id": str(uuid5(NAMESPACE_URL, theirs["url"])),
            "project_id": "123",
            "title": theirs["title"],
            "description": theirs["body"],
            "status": "closed" if kind == "issue.closed" else "open",
            "priority": None,
            "assigned_to": "42",
        }

    @pytest.mark.parametrize("action", [*OTHER_ISSUE_ACTIONS, "an action of the future"])
    def test_every_other_action_is_an_update(self, action: str) -> None:
        payload = example("issues", "opened") | {"action": action}
        assert event_of("issues", payload).type == "issue.updated"

    def test_closed(self) -> None:
        payload = example("issues", "opened") | {"action": "closed"}
        payload["issue"] |= {"state": "closed", "labels": [{"name": "in progress"}]}
        event = event_of("issues", payload)
        assert (event.type, event.data()["status"]) == ("issue.closed", "closed")

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"state": "open", "labels": [{"name": "in progress"}]}, "in_progress"),
            ({"state": "open", "labels": [{"name": "blocked"}]}, "blocked"),
            ({"state": "open", "labels": None}, "open"),
            ({"state": "closed", "labels": [{"name": "blocked"}]}, "closed"),
            ({"state": None, "closed_at": "2019-05-15T15:20:33Z"}, "closed"),
            ({"state": None, "closed_at": None}, "open"),
        ],
    )
    def test_status(self, changes: dict[str, Any], status: str) -> None:
        payload = example("issues", "edited")
        payload["issue"] |= changes
        assert event_of("issues", payload).data()["status"] == status

    def test_priority_comes_from_labels(self) -> None:
        payload = example("issues", "labeled")
        payload["issue"]["labels"] = [{"name": "bug"}, {"name": "P1"}]
        assert event_of("issues", payload).data()["priority"] == "high"

    def test_nobody_we_know(self) -> None:
        event = event_of("issues", example("issues", "opened"), assigned_to=None)
        assert event.rooms() == ("project:123",)
        assert event.data()["assigned_to"] is None

    def test_assignees_in_githubs_order(self) -> None:
        payload = example("issues", "assigned")
        payload["issue"]["assignees"] = [{"login": "b"}, None, {"login": "a"}]
        payload["issue"]["assignee"] = {"login": "b"}
        delivery = mapping.read("issues", payload)
        assert delivery is not None
        assert delivery.assignees == ("b", "a")

    def test_without_assignees(self) -> None:
        payload = example("issues", "opened")
        del payload["issue"]["assignees"]
        payload["issue"]["assignee"] = None
        delivery = mapping.read("issues", payload)
        assert delivery is not None
        assert delivery.assignees == ()


class TestWorkflowRun:
    @pytest.mark.parametrize("payload", recorded("workflow_run"))
    def test_recorded(self, payload: dict[str, Any]) -> None:
        event = event_of("workflow_run", payload)
        data = event.data()
        assert data["workflow_id"] == str(uuid5(NAMESPACE_URL, payload["workflow_run"]["url"]))
        assert (data["project_id"], data["total_steps"]) == ("123", 1)
        assert event.rooms() == ("project:123",)
        ended = "completed" if payload["workflow_run"]["conclusion"] == "success" else "failed"
        expected = {
            "requested": ("workflow.started", "pending"),
            "completed": (f"workflow.{ended}", ended),
        }
        assert (event.type, data["status"]) == expected[payload["action"]]

    def test_in_progress(self) -> None:
        payload = example("workflow_run", "requested") | {"action": "in_progress"}
        payload["workflow_run"]["name"] = "CI"
        event = event_of("workflow_run", payload)
        assert event.type == "workflow.progress"
        assert event.data()["status"] == "running"
        assert (event.data()["progress"], event.data()["current_step"]) == (0, "CI")

    @pytest.mark.parametrize("name", ["", None])
    def test_in_progress_without_a_name(self, name: str | None) -> None:
        payload = example("workflow_run", "requested") | {"action": "in_progress"}
        payload["workflow_run"]["name"] = name
        assert event_of("workflow_run", payload).data()["current_step"] == 1

    @pytest.mark.parametrize(
        ("conclusion", "type_and_status"),
        [
            ("success", ("workflow.completed", "completed")),
            ("neutral", ("workflow.completed", "completed")),
            ("skipped", ("workflow.completed", "completed")),
            ("failure", ("workflow.failed", "failed")),
            ("timed_out", ("workflow.failed", "failed")),
            ("startup_failure", ("workflow.failed", "failed")),
            ("action_required", ("workflow.failed", "failed")),
            ("stale", ("workflow.failed", "failed")),
            ("cancelled", ("workflow.failed", "cancelled")),
            (None, ("workflow.failed", "failed")),
            ("a conclusion of the future", ("workflow.failed", "failed")),
        ],
    )
    def test_conclusion(self, conclusion: str | None, type_and_status: tuple[str, str]) -> None:
        payload = example("workflow_run", "completed")
        payload["workflow_run"]["conclusion"] = conclusion
        event = event_of("workflow_run", payload)
        assert (event.type, event.data()["status"]) == type_and_status
        assert event.data()["progress"] == 100

    def test_a_failure_says_what_failed_and_where(self) -> None:
        payload = example("workflow_run", "completed")
        payload["workflow_run"] |= {"name": "CI", "conclusion": "timed_out"}
        url = payload["workflow_run"]["html_url"]
        assert event_of("workflow_run", payload).data()["errors"] == [f"CI: timed_out ({url})"]

    def test_an_action_of_the_future_maps_to_nothing(self) -> None:
        payload = example("workflow_run", "requested") | {"action": "paused"}
        delivery = mapping.read("workflow_run", payload)
        assert delivery is not None
        assert delivery.event("123") is None
