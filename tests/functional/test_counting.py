"""Counting in a table that knows DynamoDB's rule for tokens, with failures at every step."""

import json
from collections import Counter as Sum
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from roomcast_backend.aws.errors import AwsError
from roomcast_backend.statistics.reconciliation import names
from roomcast_backend.statistics.stream_counter import batch_name, changes, time_of
from roomcast_backend.stores import counters
from roomcast_backend.stores.census import Census
from roomcast_backend.stores.counters import Counter, CounterStore, members
from tests.fakes.tables import table_settings


class Table:
    """Counters in memory; a token stands for one request, for 10 minutes.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """

    def __init__(self) -> None:
        self.sums: Sum[str] = Sum()
        self.tokens: dict[str, str] = {}
        self.done: set[str] = set()
        self.fails: set[int] = set()
        self.loses: set[int] = set()
        self.calls = 0

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        self.calls += 1
        if self.calls in self.fails:
            raise AwsError("dynamodb", "TransactWriteItems", "InternalServerError", status=500)
        token, actions = request["ClientRequestToken"], json.dumps(request["TransactItems"])
        assert len(token) <= 36
        if self.tokens.setdefault(token, actions) != actions:
            raise AssertionError("another request with the same token")
        if token not in self.done:
            self.done.add(token)
            for action in request["TransactItems"]:
                update = action["Update"]
                part = update["Key"]["part"]["S"]
                name = update["Key"]["counter"]["S"].rpartition("#")[0]
                self.sums[f"{name}/{part}"] += int(
                    update["ExpressionAttributeValues"][":change"]["N"]
                )
        if self.calls in self.loses:
            raise AwsError("dynamodb", "TransactWriteItems", "NoResponse")
        return {}


def record(number: int, room: str, event: str = "INSERT") -> dict[str, Any]:
    return {
        "eventName": event,
        "dynamodb": {
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": 1_700_000_000 + number,
            "Keys": {"room": {"S": f"{room}#000"}, "connection_id": {"S": f"c{number}"}},
        },
    }


def count(table: Table, records: list[dict[str, Any]]) -> None:
    store = CounterStore(table_settings(), client=table)  # type: ignore[arg-type]
    store.add(changes(records), batch=batch_name(records), at=time_of(records))


class TestRepeatedBatches:
    @given(
        rooms=st.integers(1, 300),
        fails=st.sets(st.integers(1, 8), max_size=4),
        loses=st.sets(st.integers(1, 8), max_size=4),
    )
    def test_each_record_counts_once(self, rooms: int, fails: set[int], loses: set[int]) -> None:
        table = Table()
        table.fails, table.loses = fails, loses - fails
        records = [record(number, f"project:p{number}") for number in range(rooms)]
        for _ in range(len(fails) + len(loses) + 1):
            with suppress(AwsError):
                count(table, records)
        assert table.sums["members:project/total"] == rooms
        assert all(table.sums[f"rooms:project/project:p{n}"] == 1 for n in range(rooms))

    def test_the_time_is_the_records(self) -> None:
        records = [record(number, "project:p") for number in (5, 9, 7)]
        assert time_of(records) == 1_700_000_009

    def test_records_without_a_time_have_no_ttl(self) -> None:
        one = record(1, "project:p")
        del one["dynamodb"]["ApproximateCreationDateTime"]
        table = Table()
        count(table, [one])
        assert ":ttl" not in "".join(table.tokens.values())


class TestCensus:
    def test_counts_what_the_streams_count(self, dynamodb: Any) -> None:
        settings = table_settings()
        rows = [
            (settings.connections_table, {"connection_id": {"S": name}})
            for name in ("c1", "c2", "c1#/ws", "#resume:0123")
        ]
        rows += [
            (settings.rooms_table, {"room": {"S": room}, "connection_id": {"S": "c1"}})
            for room in ("global#003", "global#004", "project:p#000", "user:u#000")
        ]
        for table, item in rows:
            dynamodb.put_item(TableName=table, Item=item)
        assert Census(settings, client=dynamodb).count() == {
            Counter(counters.CONNECTIONS): 2,
            members("global"): 2,
            members("project"): 1,
            counters.room_members("project", "project:p"): 1,
            members("user"): 1,
            counters.room_members("user", "user:u"): 1,
        }


class TestClaim:
    def test_one_reconciliation_at_a_time(self, dynamodb: Any) -> None:
        store = CounterStore(table_settings(), client=dynamodb)
        assert store.claim_reconciliation(now=1000, every=60)
        assert not store.claim_reconciliation(now=1059, every=60)
        assert store.claim_reconciliation(now=1060, every=60)

    def test_sums_below_zero_are_told_but_not_shown(self, dynamodb: Any) -> None:
        store = CounterStore(table_settings(), client=dynamodb)
        store.add({Counter(counters.CONNECTIONS): -2}, batch="b", at=1)
        assert store.sums(counters.CONNECTIONS) == {"total": -2}
        assert store.total(Counter(counters.CONNECTIONS)) == 0


def test_only_what_has_rows_is_corrected() -> None:
    assert counters.CONNECTIONS in names()
    assert not {counters.EVENTS, counters.SERVICE} & set(names())
