"""Every type of event: where it comes from, where it goes and what it carries."""

import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import pytest
from pydantic import ValidationError

from roomcast.errors import EventTooLarge, InvalidEvent, InvalidRoom, RoomcastError
from roomcast.events import (
    EVENT_TYPES,
    AgentConnected,
    Event,
    IssueUpdated,
    PullRequestCreated,
)
from tests.fakes.payloads import PAYLOADS
from tests.unit.test_deliverable import NO_NAMES, NOT_ROOMS, RESERVED

OPTIONAL: dict[str, dict[str, Any]] = {
    "project.updated": {"changes": {}},
    "agent.status_changed": {"availability": 0, "metadata": {}},
    "agent.connected": {"metadata": {}},
    "agent.disconnected": {"metadata": {}},
    "workflow.started": {"project_id": None},
    "workflow.progress": {
        "project_id": None,
        "estimated_time_remaining": None,
        "logs": None,
        "errors": None,
    },
    "workflow.completed": {"project_id": None, "logs": None, "errors": None},
    "workflow.failed": {"project_id": None, "logs": None, "errors": None},
    "pr.created": {"description": None},
    "pr.updated": dict.fromkeys(["description", "author", "branch", "github_url", "created_at"]),
    "pr.closed": dict.fromkeys(["description", "author", "branch", "github_url", "created_at"]),
    "issue.created": {"description": None, "priority": None, "assigned_to": None},
    "issue.updated": {"description": None, "priority": None, "assigned_to": None},
    "issue.closed": {"description": None, "priority": None, "assigned_to": None},
    "ai.suggestion": {
        "severity": "info",
        "confidence": 1.0,
        "suggested_action": None,
        "metadata": {},
        "project_id": None,
    },
    "ai.analysis_complete": {"summary": None, "project_id": None},
    "connection.established": {"protocol_version": "1.0"},
    "connection.error": {"connection_id": None},
}

PARTIAL = {"project.updated": {"project_name", "repository_url", "status"}}
"""What a partial update need not give."""

SOURCES = {
    "project": "project_service",
    "agent": "agent_service",
    "workflow": "workflow_service",
    "pr": "github_service",
    "issue": "github_service",
    "ai": "ai_dock_service",
    "connection": "websocket_server",
    "presence": "websocket_server",
}

# type, what is given beyond the required fields, the rooms it is delivered to
DELIVERED_TO: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("project.updated", {}, ("project:p1", "user:u1")),
    ("project.deleted", {}, ("project:p1", "user:u1")),
    ("agent.status_changed", {}, ("agent:a1", "global")),
    ("agent.connected", {}, ("agent:a1", "global")),
    ("agent.disconnected", {}, ("agent:a1", "global")),
    ("workflow.started", {}, ("global",)),
    ("workflow.started", {"project_id": "p1"}, ("project:p1",)),
    ("workflow.progress", {}, ("global",)),
    ("workflow.progress", {"project_id": "p1"}, ("project:p1",)),
    ("workflow.completed", {}, ("global",)),
    ("workflow.completed", {"project_id": "p1"}, ("project:p1",)),
    ("workflow.failed", {}, ("global",)),
    ("workflow.failed", {"project_id": "p1"}, ("project:p1",)),
    ("pr.created", {}, ("project:p1",)),
    ("pr.updated", {}, ("project:p1",)),
    ("pr.closed", {}, ("project:p1",)),
    ("issue.created", {}, ("project:p1",)),
    ("issue.created", {"assigned_to": "u2"}, ("project:p1", "user:u2")),
    ("issue.updated", {}, ("project:p1",)),
    ("issue.updated", {"assigned_to": "u2"}, ("project:p1", "user:u2")),
    ("issue.closed", {}, ("project:p1",)),
    ("issue.closed", {"assigned_to": "u2"}, ("project:p1", "user:u2")),
    ("ai.suggestion", {}, ("global",)),
    ("ai.suggestion", {"project_id": "p1"}, ("project:p1",)),
    ("ai.analysis_complete", {}, ("global",)),
    ("ai.analysis_complete", {"project_id": "p1"}, ("project:p1",)),
    ("connection.established", {}, ()),
    ("connection.error", {}, ()),
    ("presence.joined", {}, ()),
    ("presence.left", {}, ()),
]


def made(event_type: str, **values: Any) -> Event:
    return EVENT_TYPES[event_type](**{**PAYLOADS[event_type], **values})


class TestTypes:
    def test_are_those_of_the_protocol(self) -> None:
        assert list(EVENT_TYPES) == list(PAYLOADS)

    @pytest.mark.parametrize("event_type", PAYLOADS)
    def test_source(self, event_type: str) -> None:
        subject, _, _ = event_type.partition(".")
        assert EVENT_TYPES[event_type].default_source == SOURCES[subject]

    @pytest.mark.parametrize("event_type", PAYLOADS)
    def test_events_of_connections_and_of_presence_are_the_services_own(
        self, event_type: str
    ) -> None:
        own = event_type.startswith(("connection.", "presence."))
        assert EVENT_TYPES[event_type].publishable is not own


class TestRooms:
    @pytest.mark.parametrize(("event_type", "values", "expected"), DELIVERED_TO)
    def test_delivered_to(
        self, event_type: str, values: dict[str, Any], expected: tuple[str, ...]
    ) -> None:
        assert made(event_type, **values).rooms() == expected

    def test_every_type_is_in_the_table(self) -> None:
        assert {event_type for event_type, _, _ in DELIVERED_TO} == set(EVENT_TYPES)


class TestData:
    @pytest.mark.parametrize("event_type", PAYLOADS)
    def test_holds_what_was_given_and_the_defaults(self, event_type: str) -> None:
        data = made(event_type).data()
        for moment in {"created_at", "updated_at"} - OPTIONAL.get(event_type, {}).keys():
            data.pop(moment, None)
        assert data == PAYLOADS[event_type] | OPTIONAL.get(event_type, {})

    @pytest.mark.parametrize("event_type", PAYLOADS)
    def test_every_required_field_is_missed_by_name(self, event_type: str) -> None:
        with pytest.raises(InvalidEvent) as refused:
            EVENT_TYPES[event_type]()
        required = PAYLOADS[event_type].keys() - PARTIAL.get(event_type, set())
        assert refused.value.fields == dict.fromkeys(required, "required")
        assert refused.value.event_type == event_type

    @pytest.mark.parametrize("field", sorted(PARTIAL["project.updated"]))
    def test_what_a_partial_update_does_not_give_is_left_out(self, field: str) -> None:
        data = made("project.updated", **{field: None}, changes={field: None}).data()
        assert data.keys() == {*PAYLOADS["project.updated"], "changes"} - {field}
        assert data["changes"] == {field: None}

    def test_moments_default_to_now(self) -> None:
        before = datetime.now(UTC)
        created, updated = made("pr.created"), made("issue.updated")
        assert isinstance(created, PullRequestCreated)
        assert isinstance(updated, IssueUpdated)
        assert before <= created.created_at <= updated.updated_at <= datetime.now(UTC)
        assert updated.data()["updated_at"].endswith("Z")

    def test_moment_is_written_in_utc(self) -> None:
        event = made("issue.closed", updated_at="2025-01-31T14:00:00+02:00")
        assert event.data()["updated_at"] == "2025-01-31T12:00:00.000Z"


class TestEvent:
    def test_is_frozen(self) -> None:
        event = made("agent.connected")
        with pytest.raises(ValidationError, match="frozen"):
            event.agent_name = "Eve"  # type: ignore[attr-defined]

    def test_metadata_is_the_events_own_copy(self) -> None:
        given: dict[str, Any] = {"tags": []}
        event = made("agent.connected", metadata=given)
        given["tags"].append("late")
        assert event.data()["metadata"] == {"tags": []}


class TestToEnvelope:
    def test_carries_what_it_is_told(self) -> None:
        event_id = "0197b8a0-0000-7000-8000-00000000000A"
        noon = datetime(2025, 1, 31, 12)
        envelope = made("project.deleted").to_envelope(event_id, noon, "me")
        assert envelope.to_detail() == {
            "id": event_id.lower(),
            "type": "project.deleted",
            "timestamp": "2025-01-31T12:00:00.000Z",
            "source": "me",
            "rooms": ["project:p1", "user:u1"],
            "data": {"project_id": "p1", "deleted_by": "u1"},
        }

    def test_defaults(self) -> None:
        envelope = made("project.deleted").to_envelope()
        assert envelope.source == "project_service"
        assert UUID(envelope.id).version == 7
        assert envelope.timestamp.endswith("Z")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("id", value) for value in ("", "a b", 7, "x" * 129)),
            *(("timestamp", value) for value in ("", "yesterday", 7)),
            *(("source", value) for value in ("", "aws.events", "\ud800", 7, "x" * 257)),
        ],
    )
    def test_bad_header_is_named(self, field: str, value: Any) -> None:
        with pytest.raises(InvalidEvent) as refused:
            made("project.deleted").to_envelope(**{field: value})
        assert list(refused.value.fields) == [field]

    def test_copy_with_a_bad_value_is_refused(self) -> None:
        event = made("agent.connected").model_copy(update={"agent_id": "not an id"})
        with pytest.raises(InvalidEvent, match="agent_id"):
            event.to_envelope()

    def test_metadata_that_was_spoiled_afterwards_is_refused(self) -> None:
        event = made("agent.connected")
        assert isinstance(event, AgentConnected)
        event.metadata["load"] = float("nan")
        with pytest.raises(InvalidEvent, match="metadata"):
            event.to_envelope()


class Deployed(Event):
    """An event of a call site's own."""

    type: ClassVar[str] = "deploy.done"
    default_source: ClassVar[str] = "deploy_service"

    where: Any = ("global",)
    extra: Any = None

    def rooms(self) -> tuple[str, ...]:
        return self.where  # type: ignore[no-any-return]


def named(name: Any) -> Deployed:
    """Return an event of a type of its own."""
    kind = type("Named", (Deployed,), {"type": name, "__annotations__": {"type": ClassVar[str]}})
    event: Deployed = kind()
    return event


class TestOwnEvents:
    def test_good_one(self) -> None:
        envelope = Deployed(where=("project:P1", "global", "global")).to_envelope()
        assert envelope.rooms == ("project:P1", "global")
        assert envelope.type == "deploy.done"

    @pytest.mark.parametrize("name", [*RESERVED, *NO_NAMES])
    def test_bad_type_is_named(self, name: str) -> None:
        with pytest.raises(InvalidEvent) as refused:
            named(name).to_envelope()
        assert list(refused.value.fields) == ["type"]

    @pytest.mark.parametrize("rooms", [*NOT_ROOMS, ("tenant:a",), ()])
    def test_bad_rooms_are_named(self, rooms: Any) -> None:
        with pytest.raises(InvalidEvent) as refused:
            Deployed(where=rooms).to_envelope()
        assert list(refused.value.fields) == ["rooms"]

    @pytest.mark.parametrize("value", ["\ud800", float("nan"), object(), b"\xff"])
    def test_value_without_a_json_form_is_refused(self, value: Any) -> None:
        with pytest.raises(InvalidEvent, match="expected ") as refused:
            Deployed(extra={"a": value}).to_envelope()
        assert list(refused.value.fields) in (["extra"], ["data"])

    def test_payload_of_its_own_has_json_forms(self) -> None:
        class Own(Deployed):
            def data(self) -> dict[str, Any]:
                return {"at": datetime(2026, 1, 1), "ids": {UUID(int=1)}, "n": Decimal("1.5")}

        assert Own().to_envelope().data == {
            "at": "2026-01-01T00:00:00.000Z",
            "ids": [str(UUID(int=1))],
            "n": 1.5,
        }

    @pytest.mark.parametrize("bad", [[1], {1: 2}, {"\ud800": 1}, {"n": {"a": b"x"}}])
    def test_payload_of_its_own_without_one_is_refused(self, bad: Any) -> None:
        class Own(Deployed):
            def data(self) -> dict[str, Any]:
                return bad  # type: ignore[no-any-return]

        with pytest.raises(InvalidEvent) as refused:
            Own().to_envelope()
        assert list(refused.value.fields) in (["data"], ["n"])


class TestErrors:
    @pytest.mark.parametrize(
        "error",
        [
            InvalidEvent("pr.closed", {"title": "required"}),
            EventTooLarge("pr.closed", 11, 10),
            InvalidRoom("nowhere"),
        ],
    )
    def test_survive_the_way_between_processes(self, error: RoomcastError) -> None:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
        assert type(copy) is type(error)
        assert vars(copy) == vars(error)
        assert str(copy) == str(error)
