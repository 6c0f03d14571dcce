"""Events by type in the counters table: own types up to a limit, tenants, what was there before."""

from typing import Any

import pytest

from roomcast.envelope import Envelope, new_id
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.stores import counters, keys
from roomcast_backend.stores.event_counts import MOST_OWN_TYPES, REST, EventCounts
from tests.fakes.calls import Calls
from tests.fakes.tables import table_settings

ONE = EventCount(events=1, sent=3, gone=1, bytes=900)


@pytest.fixture
def calls() -> Calls:
    return Calls(settled=0)


@pytest.fixture
def counts(dynamodb: Any, calls: Calls) -> EventCounts:
    return EventCounts(table_settings(), client=calls.wrap(dynamodb))


def event(event_type: str, *, tenant: str = "", event_id: str = "") -> Envelope:
    one = Envelope(
        event_id or new_id(), event_type, "2026-01-01T00:00:00Z", "s", ("project:p",), {}
    )
    return one.of(tenant) if tenant else one


class TestTypes:
    def test_add_up_in_one_call_for_each_event(self, counts: EventCounts, calls: Calls) -> None:
        for _ in range(20):
            counts.add(event("pr.created"), ONE)
        assert calls.counted == {"update_item": 20}
        assert counts.read() == {
            "pr.created": EventCount(events=20, sent=60, gone=20, bytes=18_000)
        }

    def test_of_ones_own_are_counted_by_themselves(self, counts: EventCounts) -> None:
        counts.add(event("team.met"), ONE)
        counts.add(event("total"), ONE)
        assert counts.read() == {"team.met": ONE, "total": ONE}

    def test_of_ones_own_take_one_call_once_they_are_known(
        self, counts: EventCounts, calls: Calls
    ) -> None:
        counts.add(event("team.met", event_id="e"), ONE)
        assert calls.counted == {"update_item": 3}
        calls.clear()
        counts.add(event("team.met", event_id="e"), ONE)
        assert calls.counted == {"update_item": 1}

    def test_of_ones_own_beyond_the_limit_are_one_row(
        self, counts: EventCounts, calls: Calls, dynamodb: Any
    ) -> None:
        for number in range(MOST_OWN_TYPES + 10):
            counts.add(event(f"own.{number}"), ONE)
        found = counts.read()
        assert len(found) == MOST_OWN_TYPES + 1
        assert found[REST].events == 10
        counts.add(event("pr.created"), ONE)
        assert counts.read()["pr.created"] == ONE
        calls.clear()
        counts.add(event(f"own.{MOST_OWN_TYPES}"), ONE)
        assert calls.counted == {"update_item": 1}, "the container knows that it has no row"
        another = EventCounts(table_settings(), client=dynamodb)
        another.add(event("own.new"), ONE)
        another.add(event("own.0"), ONE)
        assert another.read()[REST].events == 12
        assert another.read()["own.0"].events == 2

    def test_of_a_tenant_are_its_own(self, counts: EventCounts) -> None:
        counts.add(event("pr.created", tenant="acme"), ONE)
        counts.add(event("team.met", tenant="acme"), ONE)
        counts.add(event("pr.created"), ONE)
        assert counts.read("acme") == {"pr.created": ONE, "team.met": ONE}
        assert counts.read()["pr.created"] == ONE + ONE
        assert counts.read("beta") == {}


class TestEarlier:
    def test_events_without_a_type_are_among_the_rest(
        self, counts: EventCounts, dynamodb: Any
    ) -> None:
        dynamodb.update_item(
            TableName="counters",
            Key={
                "counter": {"S": keys.counter(counters.EVENTS, 3)},
                "part": {"S": counters.TOTAL},
            },
            UpdateExpression="ADD n :n",
            ExpressionAttributeValues={":n": {"N": "7"}},
        )
        counts.add(event("pr.created"), ONE)
        assert counts.read() == {REST: EventCount(events=7), "pr.created": ONE}
