"""The broadcaster against a bus: what arrives there, and what is refused before."""

import inspect
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from roomcast import (
    EVENT_TYPES,
    EventBroadcaster,
    EventTooLarge,
    InvalidEvent,
    NotConfigured,
)
from roomcast.broadcaster import get_broadcaster, init_broadcaster
from roomcast.bus import EventBus
from roomcast.envelope import FRAMING_BYTES, MAX_ENTRY_BYTES, MAX_FRAME_BYTES, Envelope, encode
from roomcast.events import AgentConnected, ConnectionErrored, ProjectDeleted
from roomcast.references import MAX_DATA_BYTES
from tests.fakes.bus_listener import BUS, BusListener
from tests.fakes.events_client import FakeEventsClient
from tests.fakes.payloads import PAYLOADS

PUBLISHABLE = [event_type for event_type, kind in EVENT_TYPES.items() if kind.publishable]

SIGNATURES = {
    "broadcast_project_updated": (
        "project_id, project_name, repository_url, status, updated_by, changes=None"
    ),
    "broadcast_project_deleted": "project_id, deleted_by",
    "broadcast_agent_status_changed": "agent_id, agent_name, status, availability=0, metadata=None",
    "broadcast_agent_connected": "agent_id, agent_name, metadata=None",
    "broadcast_agent_disconnected": "agent_id, agent_name, metadata=None",
    "broadcast_workflow_started": "workflow_id, status, total_steps, project_id=None",
    "broadcast_workflow_progress": (
        "workflow_id, status, progress, current_step, total_steps, project_id=None, "
        "estimated_time_remaining=None, logs=None, errors=None"
    ),
    "broadcast_workflow_completed": (
        "workflow_id, status, progress, total_steps, project_id=None, logs=None, errors=None"
    ),
    "broadcast_workflow_failed": (
        "workflow_id, status, progress, total_steps, project_id=None, logs=None, errors=None"
    ),
    "broadcast_pr_created": (
        "pr_id, project_id, title, description, author, branch, github_url, status"
    ),
    "broadcast_pr_updated": "pr_id, project_id, title, status",
    "broadcast_pr_closed": "pr_id, project_id, title, status",
    "broadcast_issue_created": (
        "issue_id, project_id, title, description, status, priority, assigned_to"
    ),
    "broadcast_issue_updated": (
        "issue_id, project_id, title, description, status, priority, assigned_to"
    ),
    "broadcast_issue_closed": (
        "issue_id, project_id, title, description, status, priority, assigned_to"
    ),
    "broadcast_ai_suggestion": (
        "suggestion_id, target_type, target_id, category, title, description, severity='info', "
        "confidence=1.0, suggested_action=None, metadata=None, project_id=None"
    ),
    "broadcast_ai_analysis_complete": (
        "analysis_id, target_type, target_id, suggestion_count, summary=None, project_id=None"
    ),
}


@pytest.fixture
def bus(aws: None) -> BusListener:
    return BusListener()


@pytest.fixture
def broadcaster(bus: BusListener) -> Iterator[EventBroadcaster]:
    made = EventBroadcaster(BUS)
    yield made
    made.close()


def arguments(event_type: str) -> dict[str, Any]:
    """Return the arguments of a type's announcement; those without a default may be None."""
    method = getattr(EventBroadcaster, method_name(event_type))
    parameters = list(inspect.signature(method).parameters.values())[1:]
    required = {p.name: None for p in parameters if p.default is p.empty}
    return required | PAYLOADS[event_type]


def method_name(event_type: str) -> str:
    return "broadcast_" + event_type.replace(".", "_")


def deleted(project_id: str = "p1") -> ProjectDeleted:
    return ProjectDeleted(project_id=project_id, deleted_by="u1")


class TestAnnouncements:
    def test_signatures_are_the_protocols(self) -> None:
        found = {}
        for name, method in inspect.getmembers(EventBroadcaster, inspect.iscoroutinefunction):
            if name.startswith("broadcast_"):
                parameters = list(inspect.signature(method).parameters.values())[1:]
                found[name] = ", ".join(str(p.replace(annotation=p.empty)) for p in parameters)
        assert found == SIGNATURES

    @pytest.mark.parametrize("event_type", PUBLISHABLE)
    async def test_arrives(
        self, bus: BusListener, broadcaster: EventBroadcaster, event_type: str
    ) -> None:
        announce = getattr(broadcaster, method_name(event_type))
        assert await announce(**arguments(event_type)) is True
        (heard,) = bus.heard()
        envelope = Envelope.from_detail(heard["detail"])
        expected = EVENT_TYPES[event_type](**PAYLOADS[event_type]).to_envelope()
        assert heard["detail-type"] == envelope.type == event_type
        assert heard["source"] == envelope.source == expected.source
        assert envelope.rooms == expected.rooms
        assert envelope.data.keys() == expected.data.keys()
        assert envelope.data.items() >= PAYLOADS[event_type].items()

    @pytest.mark.parametrize("event_type", PUBLISHABLE)
    async def test_bad_value_is_named_and_nothing_sent(self, event_type: str) -> None:
        client = FakeEventsClient()
        announce = getattr(EventBroadcaster(BUS, client=client.as_boto3), method_name(event_type))
        for field in PAYLOADS[event_type]:
            with pytest.raises(InvalidEvent) as refused:
                await announce(**arguments(event_type) | {field: object()})
            assert list(refused.value.fields) == [field]
        assert client.requests == []

    async def test_progress_is_progress_whatever_the_status(
        self, bus: BusListener, broadcaster: EventBroadcaster
    ) -> None:
        assert await broadcaster.broadcast_workflow_progress("w1", "failed", 60, "test", 5)
        (heard,) = bus.heard()
        assert heard["detail-type"] == "workflow.progress"


class TestPublish:
    async def test_headers_of_ones_own(
        self, bus: BusListener, broadcaster: EventBroadcaster
    ) -> None:
        noon = datetime(2025, 1, 31, 12)
        assert await broadcaster.publish(deleted(), source="me", timestamp=noon, id="delivery-1")
        (heard,) = bus.heard()
        assert heard["source"] == "me"
        detail = heard["detail"]
        assert (len(detail.pop("publisher")), detail.pop("number") > 0) == (12, True)
        assert detail == {
            "id": "delivery-1",
            "type": "project.deleted",
            "timestamp": "2025-01-31T12:00:00.000Z",
            "source": "me",
            "rooms": ["project:p1", "user:u1"],
            "data": {"project_id": "p1", "deleted_by": "u1"},
        }

    async def test_source_of_the_broadcaster(self, bus: BusListener) -> None:
        broadcaster = EventBroadcaster(bus.arn, source="cleanup")
        assert await broadcaster.publish(deleted())
        assert await broadcaster.publish(deleted(), source="me")
        assert [heard["source"] for heard in bus.heard()] == ["cleanup", "me"]

    @pytest.mark.parametrize(
        "headers", [{"source": "aws.events"}, {"timestamp": "noon"}, {"id": "a b"}]
    )
    async def test_bad_header_is_named(
        self, broadcaster: EventBroadcaster, headers: dict[str, str]
    ) -> None:
        with pytest.raises(InvalidEvent) as refused:
            await broadcaster.publish(deleted(), **headers)
        assert list(refused.value.fields) == list(headers)

    async def test_connection_events_are_not_for_publishers(
        self, bus: BusListener, broadcaster: EventBroadcaster
    ) -> None:
        event = ConnectionErrored(error_code="AUTH_FAILED", error_message="no")
        with pytest.raises(InvalidEvent, match="the service sends this event"):
            await broadcaster.publish(event)
        with pytest.raises(InvalidEvent, match="the service sends this event"):
            await broadcaster.publish_many([deleted(), event])
        assert bus.heard() == []

    async def test_what_is_no_event(self, broadcaster: EventBroadcaster) -> None:
        with pytest.raises(TypeError, match="got dict"):
            await broadcaster.publish({"type": "project.deleted"})  # type: ignore[arg-type]


class TestPublishMany:
    @pytest.mark.parametrize(("count", "requests"), [(0, []), (11, [10, 1]), (100, [10] * 10)])
    async def test_in_order_ten_to_a_request(self, count: int, requests: list[int]) -> None:
        client = FakeEventsClient()
        broadcaster = EventBroadcaster(BUS, client=client.as_boto3)
        events = (deleted(f"p{number}") for number in range(count))
        assert await broadcaster.publish_many(events) == [True] * count
        assert list(map(len, client.requests)) == requests
        details = [json.loads(entry["Detail"]) for request in client.requests for entry in request]
        assert [detail["data"]["project_id"] for detail in details] == [
            f"p{number}" for number in range(count)
        ]
        assert len({detail["id"] for detail in details}) == count

    async def test_arrive(self, bus: BusListener, broadcaster: EventBroadcaster) -> None:
        assert await broadcaster.publish_many([deleted(f"p{n}") for n in range(11)]) == [True] * 11
        heard = {event["detail"]["data"]["project_id"] for event in bus.heard()}
        assert heard == {f"p{n}" for n in range(11)}

    async def test_one_bad_event_holds_all_back(self) -> None:
        client = FakeEventsClient()
        broadcaster = EventBroadcaster(BUS, client=client.as_boto3)
        with pytest.raises(InvalidEvent, match="project_id"):
            await broadcaster.publish_many(
                [deleted(), deleted().model_copy(update={"project_id": "a b"})]
            )
        with pytest.raises(EventTooLarge):
            await broadcaster.publish_many([deleted(), padded(MAX_DATA_BYTES + 1)])
        assert client.requests == []


def padded(frame: int) -> AgentConnected:
    """Return an event that takes `frame` bytes on its way to a client."""
    event = AgentConnected(agent_id="a1", agent_name="", metadata={"text": "é"})
    used = len(encode(event.to_envelope().for_room("agent:a1")).encode()) + FRAMING_BYTES
    return event.model_copy(update={"metadata": {"text": "é" + "x" * (frame - used)}})


class TestSize:
    async def test_to_the_byte(self, bus: BusListener, broadcaster: EventBroadcaster) -> None:
        assert await broadcaster.publish(padded(MAX_FRAME_BYTES)) is True
        with pytest.raises(EventTooLarge) as refused:
            await broadcaster.publish(padded(MAX_DATA_BYTES + 1))
        assert refused.value.size == refused.value.limit + 1 == MAX_DATA_BYTES + 1
        assert len(bus.heard()) == 1

    async def test_setting_lowers_the_limit(
        self, broadcaster: EventBroadcaster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_EVENT_BYTES", "2000")
        assert await broadcaster.publish(padded(2000)) is True
        with pytest.raises(EventTooLarge, match="limit is 2000"):
            await broadcaster.publish(padded(2001))

    async def test_setting_cannot_raise_the_limit(
        self, broadcaster: EventBroadcaster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_EVENT_BYTES", "10485760")
        with pytest.raises(EventTooLarge):
            await broadcaster.publish(padded(MAX_DATA_BYTES + 1))

    async def test_entry_has_a_limit_of_its_own(
        self, broadcaster: EventBroadcaster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("roomcast.publisher.MAX_ENTRY_BYTES", 1000)
        with pytest.raises(EventTooLarge, match="limit is 1000"):
            await broadcaster.publish(padded(2000))

    async def test_over_the_bus_without_a_bucket_says_what_to_set(
        self, broadcaster: EventBroadcaster
    ) -> None:
        with pytest.raises(EventTooLarge, match="ROOMCAST_DATA_BUCKET"):
            await broadcaster.publish(padded(300 * 1024))

    @pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "9" * 5000])
    async def test_setting_that_is_no_size(
        self,
        broadcaster: EventBroadcaster,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        value: str,
    ) -> None:
        monkeypatch.setenv("ROOMCAST_MAX_EVENT_BYTES", value)
        assert await broadcaster.publish(deleted()) is False
        assert "ROOMCAST_MAX_EVENT_BYTES" in caplog.messages[-1]
        with pytest.raises(NotConfigured, match="ROOMCAST_MAX_EVENT_BYTES"):
            broadcaster.init()


class TestBusName:
    @pytest.fixture(autouse=True)
    def shared(self) -> Iterator[None]:
        get_broadcaster().close()
        yield
        get_broadcaster().close()

    @pytest.mark.parametrize("form", ["name", "ARN"])
    async def test_from_the_environment_at_first_use(
        self, bus: BusListener, monkeypatch: pytest.MonkeyPatch, form: str
    ) -> None:
        broadcaster = get_broadcaster()
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", BUS if form == "name" else bus.arn)
        assert await broadcaster.publish(deleted()) is True
        assert len(bus.heard()) == 1

    async def test_region_of_an_arn_is_enough(
        self, bus: BusListener, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        assert await EventBroadcaster(bus.arn).publish(deleted()) is True

    @pytest.mark.parametrize("name", [None, "", "  "])
    async def test_missing(
        self,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        name: str | None,
    ) -> None:
        monkeypatch.delenv("ROOMCAST_EVENT_BUS", raising=False)
        if name is not None:
            monkeypatch.setenv("ROOMCAST_EVENT_BUS", name)
        broadcaster = get_broadcaster()
        assert await broadcaster.publish_many([]) == []
        assert caplog.messages == []
        assert await broadcaster.publish(deleted()) is False
        assert await broadcaster.publish_many([deleted(), deleted()]) == [False, False]
        assert await broadcaster.broadcast_project_deleted("p1", "u1") is False
        assert broadcaster.sync.publish(deleted()) is False
        (message,) = caplog.messages  # once, not for each event
        assert "set ROOMCAST_EVENT_BUS" in message
        assert caplog.records[0].levelname == "ERROR"
        with pytest.raises(NotConfigured, match="set ROOMCAST_EVENT_BUS"):
            await broadcaster.init()
        with pytest.raises(NotConfigured, match="set ROOMCAST_EVENT_BUS"):
            init_broadcaster()

    async def test_bad_value_is_named_all_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ROOMCAST_EVENT_BUS", raising=False)
        with pytest.raises(InvalidEvent, match="project_id"):
            await get_broadcaster().broadcast_project_deleted("a b", "u1")

    async def test_no_region(
        self, aws: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        assert await EventBroadcaster(BUS).publish(deleted()) is False
        assert "AWS_REGION" in caplog.messages[-1]
        with pytest.raises(NotConfigured, match="AWS_REGION"):
            EventBroadcaster(BUS).init()
        with pytest.raises(NotConfigured, match="AWS_REGION"):
            EventBus(BUS).connect()

    async def test_endpoint_that_is_no_url(
        self, aws: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "not a url")
        assert await EventBroadcaster(BUS).publish(deleted()) is False
        assert "AWS_ENDPOINT_URL" in caplog.messages[-1]
        with pytest.raises(NotConfigured, match="AWS_ENDPOINT_URL"):
            await EventBroadcaster(BUS).init()


class TestOnInvalid:
    @pytest.fixture(params=["argument", "environment"])
    def logging(self, request: pytest.FixtureRequest, bus: BusListener) -> EventBroadcaster:
        if request.param == "argument":
            return EventBroadcaster(BUS, on_invalid="log")
        patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
        patch.setenv("ROOMCAST_ON_INVALID", "log")
        return EventBroadcaster(BUS)

    async def test_log_answers_false_and_names_the_field(
        self, logging: EventBroadcaster, bus: BusListener, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert await logging.broadcast_project_deleted("a b", "u1") is False
        assert await logging.publish(deleted(), id="a b") is False
        assert await logging.publish(padded(MAX_ENTRY_BYTES + 1000)) is False
        wrong: Any = "shut"
        assert logging.sync.broadcast_pr_updated("r1", "p1", "Fix", wrong) is False
        for message, said in zip(
            caplog.messages, ("project_id: ", "id: ", "limit is", "status: "), strict=True
        ):
            assert said in message
        assert bus.heard() == []

    async def test_log_sends_the_others(self, logging: EventBroadcaster, bus: BusListener) -> None:
        bad = deleted().model_copy(update={"project_id": "a b"})
        events = [bad, deleted("p1"), padded(MAX_ENTRY_BYTES + 1000), deleted("p2"), bad]
        assert await logging.publish_many(events) == [False, True, False, True, False]
        assert logging.sync.publish_many(events) == [False, True, False, True, False]
        assert len(bus.heard()) == 4

    async def test_raise_wins_over_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_ON_INVALID", "log")
        with pytest.raises(InvalidEvent):
            await EventBroadcaster(BUS, on_invalid="raise").broadcast_project_deleted("a b", "u1")

    def test_other_choices(self, aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ValueError, match="on_invalid"):
            EventBroadcaster(on_invalid="ignore")  # type: ignore[arg-type]
        monkeypatch.setenv("ROOMCAST_ON_INVALID", "ignore")
        with pytest.raises(NotConfigured, match="ROOMCAST_ON_INVALID"):
            EventBroadcaster(BUS).init()


class TestPartialUpdate:
    async def test_as_call_sites_write_it(
        self, bus: BusListener, broadcaster: EventBroadcaster
    ) -> None:
        class Updates(BaseModel):
            name: str | None = None
            due: datetime | None = None
            budget: Decimal | None = None

        updates = Updates(due=datetime(2026, 1, 31, 12), budget=Decimal("19.90"))
        for changes in (
            updates.model_dump(exclude_unset=True),
            {"due": updates.due, "budget": 19.9},
        ):
            assert await broadcaster.broadcast_project_updated(
                project_id=7,
                project_name=updates.name,
                repository_url=None,
                status=None,
                updated_by=42,
                changes=changes,
            )
        expected = {
            "project_id": "7",
            "updated_by": "42",
            "changes": {"due": "2026-01-31T12:00:00.000Z", "budget": 19.9},
        }
        assert [heard["detail"]["data"] for heard in bus.heard()] == [expected, expected]

    async def test_ids_that_name_no_room(
        self, bus: BusListener, broadcaster: EventBroadcaster
    ) -> None:
        assert await broadcaster.broadcast_workflow_started("order/2026:x", "running", 5)
        assert await broadcaster.broadcast_pr_updated(1234567890123, 7, "Fix", "open")
        data = [heard["detail"]["data"] for heard in bus.heard()]
        assert {each.get("workflow_id") or each["pr_id"] for each in data} == {
            "order/2026:x",
            "1234567890123",
        }
