"""Deliveries that meet: in progress, given up, failed. Against moto's DynamoDB."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from roomcast_backend.github.deliveries import (
    CLAIM_DELAYS,
    Deliveries,
    DeliveryNotClaimed,
    PublishResult,
)
from tests.fakes.github import example, request
from tests.fakes.webhook_function import Webhooks


class Attempts:
    """Two invocations at one table; a hook runs whenever the second waits for the first."""

    def __init__(self, dynamodb: Any) -> None:
        self._table = dynamodb
        self.waited: list[float] = []
        self.while_waiting: Callable[[], object] = lambda: None
        self.published: list[str] = []

    def deliveries(self, *, milliseconds: int = 10_000) -> Deliveries:
        context: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds)
        records = DynamoDBPersistenceLayer(table_name="idempotency", boto3_client=self._table)
        return Deliveries(records, context=context, sleep=self._sleep)

    def publish(self) -> str:
        self.published.append(f"e{len(self.published) + 1}")
        return self.published[-1]

    def second_meets_first(self, *, milliseconds: int = 10_000) -> list[PublishResult]:
        """Let a second attempt begin while the first publishes; return what it comes to."""
        second: list[PublishResult] = []

        def publish() -> str:
            second.append(self.deliveries().once("d1", self.publish))
            return self.publish()

        self.deliveries(milliseconds=milliseconds).once("d1", publish)
        return second

    def forget(self) -> None:
        """Delete the claim, as the first attempt does when it fails."""
        for item in self._table.scan(TableName="idempotency")["Items"]:
            self._table.delete_item(TableName="idempotency", Key={"id": item["id"]})

    def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.while_waiting()


@pytest.fixture
def attempts(boto3_dynamodb: Any) -> Attempts:
    return Attempts(boto3_dynamodb)


class TestOnce:
    def test_published_once(self, attempts: Attempts) -> None:
        deliveries = attempts.deliveries()
        assert deliveries.once("d1", attempts.publish) == PublishResult("e1")
        assert deliveries.once("d1", attempts.publish) == PublishResult("e1", repeated=True)
        assert attempts.deliveries().once("d2", attempts.publish) == PublishResult("e2")

    def test_a_fault_is_passed_on_and_not_remembered(self, attempts: Attempts) -> None:
        def publish() -> str:
            raise ConnectionError

        deliveries = attempts.deliveries()
        with pytest.raises(ConnectionError):
            deliveries.once("d1", publish)
        assert deliveries.once("d1", attempts.publish) == PublishResult("e1")

    def test_another_attempt_in_progress_is_waited_for_but_not_for_ever(
        self, attempts: Attempts
    ) -> None:
        with pytest.raises(DeliveryNotClaimed, match="in progress"):
            attempts.second_meets_first()
        assert attempts.waited == list(CLAIM_DELAYS)
        assert sum(CLAIM_DELAYS) < 5
        assert attempts.published == []

    def test_the_second_takes_over_when_the_first_fails(self, attempts: Attempts) -> None:
        attempts.while_waiting = attempts.forget
        assert attempts.second_meets_first() == [PublishResult("e1")]
        assert len(attempts.waited) == 1

    def test_the_claim_of_an_invocation_that_died_lapses(self, attempts: Attempts) -> None:
        attempts.while_waiting = lambda: time.sleep(0.06)
        assert attempts.second_meets_first(milliseconds=50) == [PublishResult("e1")]


class TestIds:
    def test_a_delivery_is_the_same_event_in_every_attempt(
        self, linked: Webhooks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The bus takes the event and its answer is lost: nobody notes that it was published."""
        put = linked.bus.put_events

        def lose_the_answer(**entries: Any) -> Any:
            put(**entries)
            return {"Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "no"}]}

        opened = request("issues", example("issues", "opened"), delivery="d1")
        with monkeypatch.context() as lost:
            lost.setattr(linked.bus, "put_events", lose_the_answer)
            assert linked.post(opened)[0] == 503
        status, answer = linked.post(opened)
        assert (status, answer["status"]) == (202, "accepted")
        heard = linked.bus.heard()
        assert len(heard) > 1
        assert {envelope.id for envelope in heard} == {answer["id"]}

    def test_two_deliveries_are_two_events(self, linked: Webhooks) -> None:
        payload = example("issues", "opened")
        ids = {linked.post(request("issues", payload, delivery=f"d{n}"))[1]["id"] for n in range(2)}
        assert len(ids) == 2
