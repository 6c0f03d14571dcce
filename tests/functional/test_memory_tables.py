"""The tables in memory answer as moto's do, and moto vouches for each form of request."""

from typing import Any

import pytest

from roomcast_backend.aws.errors import AwsError
from tests.fakes import memory_tables
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.vouched_tables import MOST_ROWS, Moto, VouchedTables

KEY = {"room": {"S": "r"}, "event_id": {"S": "e"}}


def update(expression: str, **more: Any) -> dict[str, Any]:
    return {"TableName": "events", "Key": KEY, "UpdateExpression": expression, **more}


STEPS: list[tuple[str, dict[str, Any]]] = [
    (
        "update_item",
        update(
            "SET seq = if_not_exists(seq, :start) + :one, #m = if_not_exists(seq, :start) + :mark",
            ConditionExpression="(attribute_not_exists(#m) OR #m < :old) AND NOT seq = :one",
            ExpressionAttributeNames={"#m": "m:x"},
            ExpressionAttributeValues={
                ":start": {"N": "1800000000000"},
                ":one": {"N": "1"},
                ":mark": {"N": "18000000000000000000000001"},
                ":old": {"N": "5"},
            },
            ReturnValues="ALL_NEW",
        ),
    ),
    (
        "update_item",
        update(
            "SET seq = :one",
            ConditionExpression="attribute_not_exists(seq) OR seq BETWEEN :one AND :two",
            ExpressionAttributeValues={":one": {"N": "1"}, ":two": {"N": "2"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        ),
    ),
    (
        "update_item",
        update(
            "ADD queued :a, n :n",
            ExpressionAttributeValues={":a": {"SS": ["a", "b"]}, ":n": {"N": "2"}},
            ReturnValues="ALL_OLD",
        ),
    ),
    (
        "update_item",
        update(
            "DELETE queued :a SET n = :n REMOVE #m",
            ConditionExpression="contains(queued, :b) AND size(queued) = :two",
            ExpressionAttributeNames={"#m": "m:x"},
            ExpressionAttributeValues={
                ":a": {"SS": ["a"]}, ":b": {"S": "b"}, ":n": {"N": "7"}, ":two": {"N": "2"},
            },
            ReturnValues="ALL_NEW",
        ),
    ),
    (
        "update_item",
        update(
            "SET n = n - :n, #list = :list REMOVE queued",
            ConditionExpression="#m IN (:n, :two) OR NOT n IN (:n, :two)",
            ExpressionAttributeNames={"#m": "m:x", "#list": "list"},
            ExpressionAttributeValues={
                ":n": {"N": "3"}, ":two": {"N": "2"}, ":list": {"L": [{"S": "a"}]},
            },
            ReturnValues="ALL_NEW",
        ),
    ),
    (
        "update_item",
        update(
            "SET #list = list_append(#list, :more)",
            ConditionExpression="n IN (:n, :four)",
            ExpressionAttributeNames={"#list": "list"},
            ExpressionAttributeValues={
                ":n": {"N": "3"}, ":four": {"N": "4"}, ":more": {"L": [{"S": "b"}]},
            },
            ReturnValues="ALL_NEW",
        ),
    ),
    (
        "put_item",
        {"TableName": "events", "Item": {**KEY, "event_id": {"S": "d"}, "p": {"NS": ["1", "22"]}}},
    ),
    (
        "put_item",
        {
            "TableName": "events",
            "Item": KEY,
            "ConditionExpression": "attribute_not_exists(event_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    ),
    (
        "query",
        {
            "TableName": "events",
            "KeyConditionExpression": "room = :room AND event_id >= :low",
            "ExpressionAttributeValues": {":room": {"S": "r"}, ":low": {"S": "a"}},
            "ScanIndexForward": False,
            "Limit": 1,
        },
    ),
    (
        "query",
        {
            "TableName": "events",
            "KeyConditionExpression": "room = :room",
            "FilterExpression": "n > :one",
            "ExpressionAttributeValues": {":room": {"S": "r"}, ":one": {"N": "1"}},
        },
    ),
    ("batch_get_item", {"RequestItems": {"events": {"Keys": [KEY, {**KEY, "room": {"S": "-"}}]}}}),
    ("delete_item", {"TableName": "events", "Key": KEY, "ReturnValues": "ALL_OLD"}),
    ("get_item", {"TableName": "events", "Key": KEY}),
]  # fmt: skip


def answers(tables: Any) -> list[Any]:
    found = []
    for action, request in STEPS:
        try:
            answer = getattr(tables, action)(**request)
        except AwsError as exc:
            answer = {"code": exc.code, "Item": exc.response.get("Item")}
        wanted = ("Attributes", "Items", "Item", "Responses", "LastEvaluatedKey", "code")
        found.append({name: answer[name] for name in wanted if answer.get(name)})
    return found


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_an_answer(moto_dynamodb: Any, step: int) -> None:
    assert answers(MemoryTables())[step] == answers(moto_dynamodb)[step]


class TestVouched:
    @pytest.fixture
    def dynamodb(self, moto: Moto) -> VouchedTables:
        """Return tables that may disagree with moto."""
        return VouchedTables(moto)

    def test_a_request_that_dynamodb_refuses_is_found(self, dynamodb: VouchedTables) -> None:
        request = update(
            "SET a = :used", ExpressionAttributeValues={":used": {"S": "a"}, ":left": {"S": "b"}}
        )
        with pytest.raises(AssertionError, match="no request"):
            dynamodb.update_item(**request)
        assert len(dynamodb.disagreements) == 1

    def test_another_answer_than_motos_is_found(
        self, dynamodb: VouchedTables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(memory_tables, "_projected", lambda row, _request: row)
        dynamodb.put_item(TableName="events", Item={**KEY, "more": {"S": "m"}})
        with pytest.raises(AssertionError, match="more"):
            dynamodb.get_item(TableName="events", Key=KEY, ProjectionExpression="event_id, room")

    def test_a_refusal_for_another_reason_is_found(
        self, dynamodb: VouchedTables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(memory_tables, "condition", lambda _text: lambda *_of: False)
        put = {"TableName": "events", "Item": KEY}
        with pytest.raises(AssertionError, match="ConditionalCheckFailed"):
            dynamodb.put_item(**put, ConditionExpression="attribute_not_exists(no_such_thing)")

    def test_moto_is_asked_once_for_each_form(
        self, dynamodb: VouchedTables, moto: Moto, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        get = moto.get_item

        def noted(**request: Any) -> Any:
            asked.append(request["Key"]["event_id"]["S"])
            return get(**request)

        monkeypatch.setattr(moto, "get_item", noted)
        for name in ("a", "b"):
            key = {**KEY, "event_id": {"S": name}}
            dynamodb.get_item(TableName="events", Key=key, ProjectionExpression="room, asked_once")
        assert asked == ["a"]

    def test_a_refusal_is_compared_too_after_the_form_was_granted(
        self, dynamodb: VouchedTables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put = {"TableName": "events", "ConditionExpression": "attribute_not_exists(refused_later)"}
        dynamodb.put_item(**put, Item=KEY)
        monkeypatch.setattr(memory_tables, "condition", lambda _text: lambda *_of: False)
        with pytest.raises(AssertionError, match="ConditionalCheckFailed"):
            dynamodb.put_item(**put, Item=KEY)

    def test_a_form_that_had_too_many_rows_is_compared_later(
        self, dynamodb: VouchedTables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(MOST_ROWS + 1):
            dynamodb.put_item(TableName="events", Item={**KEY, "event_id": {"S": f"{number}"}})
        get = {"TableName": "events", "Key": KEY, "ProjectionExpression": "room, compared_later"}
        dynamodb.get_item(**get)
        dynamodb.tables["events"].clear()
        dynamodb.put_item(TableName="events", Item={**KEY, "more": {"S": "m"}})
        monkeypatch.setattr(memory_tables, "_projected", lambda row, _request: row)
        with pytest.raises(AssertionError, match="more"):
            dynamodb.get_item(**get)
