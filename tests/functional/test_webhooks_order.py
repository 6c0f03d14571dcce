"""Deliveries that come late, twice, at the same time, or after a crash."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from roomcast_backend.github.object_order import (
    KEPT_SECONDS,
    WAITS,
    LateDelivery,
    ObjectBusy,
    ObjectOrder,
    ObjectVersion,
)
from tests.fakes.github import example, request
from tests.fakes.webhook_function import REPOSITORY, Webhooks


def at(second: int) -> str:
    return f"2026-01-01T12:00:{second:02d}Z"


def pull_request(action: str, second: int, **changes: Any) -> dict[str, Any]:
    payload = example("pull_request", "opened") | {"action": action}
    state = "closed" if action == "closed" else "open"
    payload["pull_request"] |= {"state": state, "updated_at": at(second), **changes}
    return payload


def issue(action: str, second: int, **changes: Any) -> dict[str, Any]:
    payload = example("issues", "opened") | {"action": action}
    state = "closed" if action == "closed" else "open"
    payload["issue"] |= {"state": state, "updated_at": at(second), **changes}
    return payload


def run(action: str, second: int, attempt: int = 1) -> dict[str, Any]:
    payload = example("workflow_run", "completed") | {"action": action}
    payload["repository"]["full_name"] = REPOSITORY
    payload["workflow_run"] |= {
        "updated_at": at(second),
        "run_attempt": attempt,
        "conclusion": "success" if action == "completed" else None,
    }
    return payload


class Sent:
    """Sends deliveries, each with an id of its own, and tells what is on the bus."""

    def __init__(self, webhooks: Webhooks) -> None:
        self.webhooks = webhooks
        self._count = 0

    def __call__(self, kind: str, *payloads: dict[str, Any]) -> list[str]:
        answers = []
        for payload in payloads:
            self._count += 1
            answers.append(self.webhooks.deliver(kind, payload, f"delivery-{self._count}"))
        return answers

    def types(self) -> list[str]:
        return [envelope.type for envelope in self.webhooks.bus.heard()]


@pytest.fixture
def send(linked: Webhooks) -> Sent:
    return Sent(linked)


MERGED = {"merged": True}


class TestPullRequests:
    def test_a_push_that_comes_after_the_merge(self, send: Sent) -> None:
        answers = send(
            "pull_request",
            pull_request("opened", 0),
            pull_request("closed", 5, **MERGED),
            pull_request("synchronize", 1),
        )
        assert answers == ["accepted", "accepted", "ignored"]
        assert send.types() == ["pr.created", "pr.closed"]

    @pytest.mark.parametrize("make", [pull_request, issue])
    def test_reopened_and_labeled_in_one_second(self, send: Sent, make: Any) -> None:
        kind = "pull_request" if make is pull_request else "issues"
        steps = [make("closed", 5), make("reopened", 6), make("labeled", 6), make("assigned", 6)]
        assert send(kind, *steps) == ["accepted"] * 4
        assert send(kind, make("edited", 5), make("closed", 6)) == ["ignored", "accepted"]
        assert send(kind, make("labeled", 6)) == [
            "ignored"
        ]  # whether before or after, it is closed

    def test_it_is_counted(self, send: Sent, capsys: pytest.CaptureFixture[str]) -> None:
        send("pull_request", pull_request("closed", 5), pull_request("edited", 1))
        assert '"webhooks_late":[1.0]' in capsys.readouterr().out

    def test_a_late_one_stays_late(self, send: Sent) -> None:
        late = request("pull_request", pull_request("edited", 1), delivery="late")
        send("pull_request", pull_request("closed", 5))
        for _ in range(2):
            status, body = send.webhooks.post(late)
            assert (status, body["status"]) == (200, "ignored")

    def test_in_order(self, send: Sent) -> None:
        send(
            "pull_request",
            pull_request("opened", 0),
            pull_request("synchronize", 1),
            pull_request("closed", 5),
            pull_request("reopened", 6),
            pull_request("edited", 7),
            pull_request("closed", 8, **MERGED),
            pull_request("labeled", 9, state="closed", **MERGED),
        )
        assert send.types() == [
            "pr.created",
            "pr.updated",
            "pr.closed",
            "pr.created",
            "pr.updated",
            "pr.closed",
            "pr.updated",
        ]

    def test_a_close_that_comes_after_the_reopening(self, send: Sent) -> None:
        send("pull_request", pull_request("reopened", 6), pull_request("closed", 5))
        assert send.types() == ["pr.created"]

    def test_in_the_same_second_closed_beats_updated(self, send: Sent) -> None:
        send("pull_request", pull_request("closed", 5), pull_request("synchronize", 5))
        assert send.types() == ["pr.closed"]

    def test_in_the_same_second_what_comes_counts(self, send: Sent) -> None:
        send(
            "pull_request",
            pull_request("labeled", 5),
            pull_request("opened", 5),
            pull_request("closed", 5),
            pull_request("unlabeled", 5, state="closed"),
            pull_request("reopened", 5),
        )
        assert send.types() == ["pr.updated", "pr.created", "pr.closed", "pr.updated", "pr.created"]

    def test_objects_are_independent(self, send: Sent) -> None:
        other = pull_request("edited", 1, url="https://api.github.com/repos/a/b/pulls/3")
        send("pull_request", pull_request("closed", 5), other)
        assert send.types() == ["pr.closed", "pr.updated"]

    def test_the_same_object_under_another_name_of_its_repository(self, send: Sent) -> None:
        late = pull_request("synchronize", 1)
        late["pull_request"]["url"] = "https://api.github.com/repos/acme/hello/pulls/2"
        late["repository"]["full_name"] = "acme/hello"
        assert send("pull_request", pull_request("closed", 5), late) == ["accepted", "ignored"]

    def test_the_event_tells_when(self, send: Sent) -> None:
        send("pull_request", pull_request("closed", 5))
        [envelope] = send.webhooks.bus.heard()
        assert envelope.data["updated_at"] == "2026-01-01T12:00:05.000Z"

    def test_without_a_time_it_is_as_old_as_the_pull_request(self, send: Sent) -> None:
        untimed = pull_request("edited", 0)
        del untimed["pull_request"]["updated_at"]
        assert send("pull_request", untimed, pull_request("edited", 1), untimed) == [
            "accepted",
            "accepted",
            "ignored",
        ]


class TestIssues:
    def test_an_edit_that_comes_after_the_close(self, send: Sent) -> None:
        send("issues", issue("opened", 0), issue("closed", 5), issue("edited", 1))
        assert send.types() == ["issue.created", "issue.closed"]

    def test_a_reopened_issue_stays_open(self, send: Sent) -> None:
        send("issues", issue("closed", 5), issue("reopened", 6), issue("closed", 5))
        assert send.types() == ["issue.closed", "issue.updated"]

    @pytest.mark.parametrize("action", ["deleted", "transferred"])
    def test_nothing_comes_after_an_issue_that_left(self, send: Sent, action: str) -> None:
        send("issues", issue("edited", 5), issue(action, 3), issue("labeled", 9))
        assert send.types() == ["issue.updated", "issue.closed"]


class TestWorkflowRuns:
    def test_progress_that_comes_after_the_end(self, send: Sent) -> None:
        send("workflow_run", run("completed", 5), run("in_progress", 6), run("requested", 0))
        assert send.types() == ["workflow.completed"]

    def test_in_order(self, send: Sent) -> None:
        send("workflow_run", run("requested", 0), run("in_progress", 0), run("completed", 0))
        assert send.types() == ["workflow.started", "workflow.progress", "workflow.completed"]

    def test_a_run_that_is_run_again(self, send: Sent) -> None:
        send(
            "workflow_run",
            run("completed", 5),
            run("requested", 7, attempt=2),
            run("completed", 6),
            run("completed", 9, attempt=2),
        )
        assert send.types() == ["workflow.completed", "workflow.started", "workflow.completed"]

    def test_the_tenth_attempt_comes_after_the_ninth(self, send: Sent) -> None:
        send("workflow_run", run("requested", 5, attempt=10), run("completed", 4, attempt=9))
        assert send.types() == ["workflow.started"]


class TestFaults:
    def test_what_was_not_published_can_be_sent_again(self, send: Sent) -> None:
        closed = request("pull_request", pull_request("closed", 5), delivery="closed")
        send.webhooks.bus.fails = True
        assert send.webhooks.post(closed)[0] == 503
        send.webhooks.bus.fails = False
        assert send("pull_request", pull_request("edited", 1)) == ["accepted"]
        assert send.webhooks.post(closed)[0] == 202
        assert send.types() == ["pr.updated", "pr.closed"]

    def test_no_table_nothing_published(self, send: Sent) -> None:
        send.webhooks.break_down("UpdateItem", "events")
        closed = request("pull_request", pull_request("closed", 5))
        assert send.webhooks.post(closed)[0] == 503
        assert send.types() == []

    def test_two_of_one_object_at_the_same_time(self, send: Sent) -> None:
        newer = request("pull_request", pull_request("closed", 5), delivery="newer")
        older = request("pull_request", pull_request("edited", 1), delivery="older")
        send.webhooks.bus.busy.clear()
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(send.webhooks.post, newer)
            time.sleep(0.3)
            second = pool.submit(send.webhooks.post, older)
            threading.Timer(0.2, send.webhooks.bus.busy.set).start()
        assert first.result()[1]["status"] == "accepted"
        assert second.result()[1]["status"] == "ignored"
        assert send.types() == ["pr.closed"]


class ClaimsOnly:
    """A client whose second call does not arrive any more."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._calls = 0
        self.exceptions = dynamodb.exceptions

    def update_item(self, **request: Any) -> Any:
        self._calls += 1
        return self._dynamodb.update_item(**request) if self._calls == 1 else {}


class Order:
    """The order by itself, with a clock that tests move."""

    def __init__(self, dynamodb: Any) -> None:
        self.dynamodb = dynamodb
        self.time = 1_000.0
        self.waits: list[float] = []
        self.claims = 0

    def publish(self, version: str, publish: Any = lambda: "e1") -> str:
        order = ObjectOrder(
            "events",
            client=self.dynamodb,
            new_claim=self._new_claim,
            remaining_seconds=lambda: 20,
            now=lambda: self.time,
            sleep=self.waits.append,
        )
        return order.publish(ObjectVersion(key="o", version=version), publish)

    def crash(self, version: str) -> None:
        """Let an invocation die while it publishes: it neither confirms nor releases."""
        alive, self.dynamodb = self.dynamodb, ClaimsOnly(self.dynamodb)
        self.publish(version)
        self.dynamodb = alive

    def row(self) -> Any:
        key = {"room": {"S": "#githubo"}, "event_id": {"S": "newest"}}
        return self.dynamodb.get_item(TableName="events", Key=key)["Item"]

    def _new_claim(self) -> str:
        self.claims += 1
        return f"claim-{self.claims}"


@pytest.fixture
def order(boto3_dynamodb: Any) -> Order:
    return Order(boto3_dynamodb)


class TestOrder:
    def test_its_row(self, order: Order) -> None:
        assert order.publish("5") == "e1"
        assert set(order.row()) == {"room", "event_id", "newest", "ttl"}
        assert order.row()["ttl"]["N"] == str(1_000 + KEPT_SECONDS)

    def test_another_one_in_progress_is_waited_for_but_not_for_ever(self, order: Order) -> None:
        def publish() -> str:
            with pytest.raises(ObjectBusy):
                order.publish("6")
            return "e1"

        order.publish("5", publish)
        assert order.waits == list(WAITS)
        assert sum(WAITS) < 5

    def test_what_is_late_already_does_not_wait(self, order: Order) -> None:
        def publish() -> str:
            with pytest.raises(LateDelivery):
                order.publish("1")
            return "e1"

        order.publish("5")
        order.publish("6", publish)
        assert order.waits == []

    def test_a_failure_leaves_nothing(self, order: Order) -> None:
        def publish() -> str:
            raise ConnectionError

        with pytest.raises(ConnectionError):
            order.publish("5", publish)
        assert "claim" not in order.row()
        assert order.publish("1") == "e1"
        assert order.publish("5") == "e1"

    def test_after_a_crash_the_same_can_be_published_and_nothing_older(self, order: Order) -> None:
        order.crash("5")
        with pytest.raises(ObjectBusy):
            order.publish("5")
        order.time += 21
        with pytest.raises(LateDelivery):
            order.publish("4")
        assert order.publish("5") == "e1"
        assert order.publish("6") == "e1"

    def test_who_was_taken_over_confirms_nothing(self, order: Order) -> None:
        def publish() -> str:
            order.time += 21
            assert order.publish("6") == "e1"
            return "e0"

        assert order.publish("5", publish) == "e0"
        assert order.row()["newest"]["S"] == "6"
