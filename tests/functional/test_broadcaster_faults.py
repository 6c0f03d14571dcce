"""Transport faults: what is sent again, what is given up, and that nothing is raised."""

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from roomcast import EventBroadcaster
from roomcast.bus import ROUNDS, EventBus
from roomcast.events import Event, ProjectDeleted, WorkflowStarted
from roomcast.publisher import Publisher
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
            "project.deleted delivery-1 was not accepted: MalformedDetail"
        )

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
        monkeypatch.setattr("roomcast.bus.READ_SECONDS", 0.1)
        async with asyncio.timeout(5):
            assert await EventBroadcaster(BUS).publish(EVENTS[0]) is False
        assert "ReadTimeoutError" in caplog.messages[-1]

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
