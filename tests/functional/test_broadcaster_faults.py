"""Transport faults: what is sent again, what is given up, and that nothing is raised."""

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from roomcast import EventBroadcaster, NotConfigured
from roomcast.bus import ROUNDS, EventBus
from roomcast.bus_connection import BusConnection
from roomcast.events import Event, ProjectDeleted, WorkflowStarted
from roomcast.publisher import Publisher
from roomcast.time_limits import TimeLimits
from tests.fakes.bus_listener import BUS
from tests.fakes.events_client import Answer, FakeEventsClient, refusal

UNREACHABLE = EndpointConnectionError(endpoint_url="https://events")
EVENTS: list[Event] = [
    ProjectDeleted(project_id="p1", deleted_by="u1"),
    WorkflowStarted(workflow_id="w1", status="running", total_steps=5),
]
TYPES = [event.type for event in EVENTS]


class Line:
    """A publisher whose client gives prepared answers and whose pauses take no time."""

    def __init__(self, *answers: Answer) -> None:
        self.client = FakeEventsClient(*answers)
        self.pauses: list[float] = []
        bus = EventBus(BUS, client=self.client.as_boto3, sleep=self.pauses.append)
        self.publisher = Publisher(bus)


class TestPartialFailure:
    @pytest.mark.parametrize(
        "code", ["ThrottlingException", "InternalFailure", "InternalException"]
    )
    def test_only_the_failed_entry_is_sent_again(self, code: str) -> None:
        line = Line(["", code])
        assert line.publisher.publish_many(EVENTS) == [True, True]
        assert line.client.sent() == [TYPES, TYPES[1:]]

    def test_same_id_every_time(self) -> None:
        line = Line(["ThrottlingException"], ["ThrottlingException"])
        assert line.publisher.publish(EVENTS[0]) is True
        ids = {json.loads(entry["Detail"])["id"] for (entry,) in line.client.requests}
        assert len(line.client.requests) == ROUNDS
        assert len(ids) == 1

    @pytest.mark.parametrize(
        "code",
        [
            "AccessDeniedException",
            "InvalidArgument",
            "MalformedDetail",
            "NotAuthorizedForSourceException",
            "NotAuthorizedForDetailTypeException",
            "SomethingNew",
        ],
    )
    def test_final_code_is_not_sent_again(self, code: str) -> None:
        line = Line([code, ""])
        assert line.publisher.publish_many(EVENTS) == [False, True]
        assert len(line.client.requests) == 1
        assert line.pauses == []

    def test_is_given_up_after_the_last_round(self) -> None:
        line = Line(*[["ThrottlingException"]] * ROUNDS)
        assert line.publisher.publish(EVENTS[0]) is False
        assert len(line.client.requests) == ROUNDS

    def test_failed_entries_of_many_requests_travel_together(self) -> None:
        half = ["", "ThrottlingException"] * 5
        line = Line(half, half)
        assert line.publisher.publish_many(EVENTS * 10) == [True] * 20
        assert list(map(len, line.client.requests)) == [10, 10, 10]


class TestFailedRequest:
    @pytest.mark.parametrize(
        "fault",
        [
            UNREACHABLE,
            ConnectTimeoutError(endpoint_url="https://events"),
            ReadTimeoutError(endpoint_url="https://events"),
            ConnectionResetError(),
            refusal("ThrottlingException"),
            refusal("InternalException", 500),
            refusal("SomethingNew", 503),
            refusal("SomethingNew", 429),
        ],
    )
    def test_passing_fault_is_outlived(self, fault: Exception) -> None:
        line = Line(fault)
        assert line.publisher.publish_many(EVENTS) == [True, True]
        assert line.client.sent() == [TYPES, TYPES]

    @pytest.mark.parametrize(
        "fault",
        [
            NoCredentialsError(),
            refusal("ResourceNotFoundException"),
            refusal("AccessDeniedException"),
            refusal("ExpiredTokenException"),
        ],
    )
    def test_final_fault_is_not_tried_again(self, fault: Exception) -> None:
        line = Line(fault)
        assert line.publisher.publish_many(EVENTS) == [False, False]
        assert len(line.client.requests) == 1

    def test_ends_its_round(self) -> None:
        line = Line(None, *[UNREACHABLE] * ROUNDS)
        assert line.publisher.publish_many(EVENTS * 15) == [True] * 10 + [False] * 20
        assert len(line.client.requests) == 1 + ROUNDS

    def test_pauses_are_bounded(self) -> None:
        line = Line(*[UNREACHABLE] * ROUNDS)
        assert line.publisher.publish(EVENTS[0]) is False
        assert len(line.pauses) == ROUNDS - 1
        assert all(
            0 <= pause <= bound for pause, bound in zip(line.pauses, (0.2, 0.4), strict=True)
        )

    @pytest.mark.parametrize("answer", [{}, {"Entries": [{"EventId": "1"}]}])
    def test_answer_that_is_too_short(self, answer: dict[str, Any]) -> None:
        line = Line(answer, answer, answer)
        known = "Entries" in answer
        assert line.publisher.publish_many(EVENTS) == [known, known]


class TestLog:
    def test_names_type_id_and_reason_and_nothing_of_the_payload(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        line = Line(["MalformedDetail"])
        line.publisher.publish(
            ProjectDeleted(project_id="secret", deleted_by="u1"), id="delivery-1"
        )
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert record.getMessage() == (
            "project.deleted delivery-1 was not accepted by bus roomcast-events: MalformedDetail; "
            "EventBridge refuses this event: look at its source and type"
        )

    @pytest.mark.parametrize(
        ("fault", "step"),
        [
            (refusal("ResourceNotFoundException"), "EventBusName"),
            (refusal("AccessDeniedException"), "events:PutEvents"),
            (refusal("ExpiredTokenException"), "credentials"),
            (NoCredentialsError(), "credentials"),
            (UNREACHABLE, "AWS_ENDPOINT_URL"),
            (ReadTimeoutError(endpoint_url="https://events"), "ROOMCAST_READ_TIMEOUT"),
            (refusal("ThrottlingException"), "quota"),
            (refusal("InternalException", 500), "again later"),
            (refusal("SomethingNew"), "again later"),
        ],
    )
    def test_says_what_to_do(
        self, caplog: pytest.LogCaptureFixture, fault: Exception, step: str
    ) -> None:
        assert Line(*[fault] * ROUNDS).publisher.publish(EVENTS[0]) is False
        assert step in caplog.messages[-1]

    def test_is_silent_about_what_was_accepted(self, caplog: pytest.LogCaptureFixture) -> None:
        Line(["ThrottlingException"]).publisher.publish(EVENTS[0])
        assert caplog.records == []


@pytest.fixture
def local_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Lead boto3 to a port of this machine where something listens and nothing answers yet."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        yield listener


class TestRealClient:
    async def test_nobody_listens(
        self, local_endpoint: socket.socket, caplog: pytest.LogCaptureFixture
    ) -> None:
        local_endpoint.close()
        assert await EventBroadcaster(BUS).publish(EVENTS[0]) is False
        assert "EndpointConnectionError" in caplog.messages[-1]

    async def test_connection_is_cut(self, local_endpoint: socket.socket) -> None:
        cut: list[int] = []

        def hang_up() -> None:
            for attempt in range(ROUNDS):
                connection, _ = local_endpoint.accept()
                connection.close()
                cut.append(attempt)

        server = threading.Thread(target=hang_up, daemon=True)
        server.start()
        assert await EventBroadcaster(BUS).publish(EVENTS[0]) is False
        server.join(timeout=5)
        assert len(cut) == ROUNDS

    async def test_nobody_answers(
        self,
        local_endpoint: socket.socket,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setenv("ROOMCAST_READ_TIMEOUT", "0.1")
        async with asyncio.timeout(5):
            assert await EventBroadcaster(BUS).publish(EVENTS[0]) is False
        port = local_endpoint.getsockname()[1]
        assert f"bus {BUS} at http://127.0.0.1:{port}: ReadTimeoutError" in caplog.messages[-1]

    @pytest.mark.parametrize("way", ["argument", "environment"])
    async def test_nobody_answers_and_the_call_has_little_time(
        self, local_endpoint: socket.socket, monkeypatch: pytest.MonkeyPatch, way: str
    ) -> None:
        chosen = {"publish_timeout": 1.0} if way == "argument" else {}
        if way == "environment":
            monkeypatch.setenv("ROOMCAST_PUBLISH_TIMEOUT", "1")
        broadcaster = EventBroadcaster(BUS, **chosen)  # type: ignore[arg-type]
        EventBus(BUS).connect()  # what the first client imports takes no time of the call
        started = time.monotonic()
        assert await broadcaster.publish(EVENTS[0]) is False
        assert time.monotonic() - started < 2.5

    async def test_no_credentials(
        self,
        local_endpoint: socket.socket,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        assert await EventBroadcaster(BUS).publish(EVENTS[0]) is False
        assert "NoCredentialsError" in caplog.messages[-1]

    async def test_no_such_bus(self, aws: None, caplog: pytest.LogCaptureFixture) -> None:
        assert await EventBroadcaster("nowhere").publish(EVENTS[0]) is False
        assert "ResourceNotFoundException" in caplog.messages[-1]


class Describing(FakeEventsClient):
    """A client that accepts every event, and answers what it is given about the bus."""

    def __init__(self, *answers: Exception | None) -> None:
        super().__init__()
        self.described: list[str] = []
        self._known = list(answers)

    def describe_event_bus(self, Name: str) -> dict[str, str]:  # noqa: N803 - boto3's
        self.described.append(Name)
        answer = self._known.pop(0) if self._known else None
        if answer:
            raise answer
        return {"Name": Name}


class TestLook:
    """EventBridge may accept entries for a bus that does not exist; only DescribeEventBus tells."""

    MISSING = refusal("ResourceNotFoundException")

    def broadcaster(self, *answers: Exception | None) -> tuple[EventBroadcaster, Describing]:
        client = Describing(*answers)
        return EventBroadcaster(BUS, client=client.as_boto3), client

    async def test_bus_that_exists_is_looked_for_once(self) -> None:
        broadcaster, client = self.broadcaster()
        assert await broadcaster.publish_many(EVENTS * 20) == [True] * 40
        assert await broadcaster.publish(EVENTS[0])
        await broadcaster.init()
        assert client.described == [BUS]

    async def test_missing_bus_gets_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        broadcaster, client = self.broadcaster(self.MISSING, self.MISSING)
        assert await broadcaster.publish_many(EVENTS) == [False, False]
        assert broadcaster.sync.publish(EVENTS[0]) is False
        assert client.requests == []
        assert len(caplog.messages) == 3
        assert all("set ROOMCAST_EVENT_BUS to the stack's output" in m for m in caplog.messages)

    async def test_bus_that_is_made_later_is_found(self) -> None:
        broadcaster, client = self.broadcaster(self.MISSING)
        assert await broadcaster.publish(EVENTS[0]) is False
        assert await broadcaster.publish(EVENTS[0]) is True
        assert client.described == [BUS, BUS]

    async def test_missing_bus_stays_missing_while_nothing_else_is_known(self) -> None:
        broadcaster, client = self.broadcaster(self.MISSING, refusal("ThrottlingException"))
        assert await broadcaster.publish(EVENTS[0]) is False
        assert await broadcaster.publish(EVENTS[0]) is False
        assert client.requests == []

    async def test_missing_right_is_told_once(self, caplog: pytest.LogCaptureFixture) -> None:
        broadcaster, client = self.broadcaster(refusal("AccessDeniedException"))
        assert await broadcaster.publish_many(EVENTS) == [True, True]
        assert await broadcaster.publish(EVENTS[0]) is True
        assert client.described == [BUS]
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert "events:DescribeEventBus" in record.getMessage()

    @pytest.mark.parametrize("code", ["ThrottlingException", "InternalException", "SomethingNew"])
    async def test_unclear_answer_holds_nothing_back(self, code: str) -> None:
        broadcaster, client = self.broadcaster(refusal(code))
        assert await broadcaster.publish(EVENTS[0]) is True
        assert await broadcaster.publish(EVENTS[0]) is True
        assert client.described == [BUS, BUS]

    async def test_service_without_the_action_is_asked_once(self) -> None:
        broadcaster, client = self.broadcaster(refusal("UnknownOperationException"))
        assert [await broadcaster.publish(EVENTS[0]) for _ in range(2)] == [True, True]
        assert client.described == [BUS]

    async def test_lost_connection_is_a_round(self) -> None:
        broadcaster, client = self.broadcaster(*[UNREACHABLE] * (ROUNDS - 1))
        assert await broadcaster.publish(EVENTS[0]) is True
        assert (len(client.described), len(client.requests)) == (ROUNDS, 1)

    def test_init_says_what_to_do(self, caplog: pytest.LogCaptureFixture) -> None:
        broadcaster, client = self.broadcaster(self.MISSING, UNREACHABLE)
        assert broadcaster.init() is broadcaster
        assert "set ROOMCAST_EVENT_BUS" in caplog.messages[-1]
        broadcaster.init()
        assert "AWS_ENDPOINT_URL" in caplog.messages[-1]
        assert client.requests == []

    async def test_init_does_not_block_the_loop(self) -> None:
        asked, answer = threading.Event(), threading.Event()

        class Slow(Describing):
            def describe_event_bus(self, Name: str) -> dict[str, str]:  # noqa: N803
                asked.set()
                assert answer.wait(timeout=5)
                return super().describe_event_bus(Name)

        client = Slow()
        broadcaster = EventBroadcaster(BUS, client=client.as_boto3)
        beginning = asyncio.ensure_future(_awaited(broadcaster.init()))
        while not asked.is_set():
            await asyncio.sleep(0.001)
        assert not beginning.done()
        answer.set()
        assert await beginning is broadcaster
        assert client.described == [BUS]

    async def test_of_moto(self, aws: None) -> None:
        broadcaster = EventBroadcaster("late")
        assert await broadcaster.publish(EVENTS[0]) is False
        boto3.client("events").create_event_bus(Name="late")
        assert await broadcaster.publish(EVENTS[0]) is True


async def _awaited(broadcaster: EventBroadcaster) -> EventBroadcaster:
    return await broadcaster


class TestTimeLimits:
    class Clock:
        """A clock that a hanging bus moves."""

        now = 0.0

        def __call__(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    @pytest.mark.parametrize("publish", [1.0, 6.0, 20.0])
    def test_bus_that_hangs_holds_a_call_no_longer(self, publish: float) -> None:
        clock = self.Clock()
        limits = TimeLimits.chosen(publish=publish)

        class Hanging(Describing):
            def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
                clock.sleep(limits.request)
                raise ReadTimeoutError(endpoint_url="https://events")

        bus = EventBus(
            BUS, client=Hanging().as_boto3, limits=lambda: limits, sleep=clock.sleep, clock=clock
        )
        assert Publisher(bus).publish(EVENTS[0]) is False
        assert 0 < clock.now <= publish

    def test_what_succeeds_takes_its_time(self) -> None:
        clock = self.Clock()

        class Slow(Describing):
            def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
                clock.sleep(2)
                return super().put_events(Entries)

        bus = EventBus(BUS, client=Slow().as_boto3, sleep=clock.sleep, clock=clock)
        assert Publisher(bus).publish_many(EVENTS * 100) == [True] * 200
        assert clock.now == 40

    def test_short_limit_of_the_call_shortens_the_others(self) -> None:
        limits = TimeLimits.chosen(publish=0.6)
        assert limits.request == pytest.approx(0.3)
        assert TimeLimits.chosen() == TimeLimits(1, 2, 6)

    @pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf"])
    @pytest.mark.parametrize("name", ["CONNECT", "READ", "PUBLISH"])
    def test_setting_that_is_no_time(
        self, aws: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(f"ROOMCAST_{name}_TIMEOUT", value)
        with pytest.raises(NotConfigured, match=f"ROOMCAST_{name}_TIMEOUT"):
            EventBroadcaster(BUS).init()

    @pytest.mark.parametrize("name", ["connect_timeout", "read_timeout", "publish_timeout"])
    @pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
    def test_argument_that_is_no_time(self, name: str, value: float) -> None:
        with pytest.raises(ValueError, match=name):
            EventBroadcaster(BUS, **{name: value})  # type: ignore[arg-type]

    async def test_reach_boto3(self, aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_READ_TIMEOUT", "1.5")
        connection = BusConnection(BUS, None, TimeLimits.chosen(connect=0.5), look=True)
        config: Any = connection._client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (0.5, 1.5)
