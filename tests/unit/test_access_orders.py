"""Orders that end a user's access, from the publisher to the entry on the bus."""

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from click.testing import CliRunner

from roomcast import EventBroadcaster
from roomcast.access import DISCONNECT, NO_REASON, REMOVE, REVOKE, TYPES, Order
from roomcast.cli import main
from roomcast.errors import InvalidEvent
from roomcast.event_names import problem_of_own

UUID = "6F1C0F9E-0000-4000-8000-000000000001"


class TestOrder:
    def test_survives_the_bus(self) -> None:
        order = Order.make(REMOVE, "auth0|1", "project:7", reason="has left", source="admin")
        entry = order.entry()
        assert (entry["DetailType"], entry["Source"]) == ("access.remove", "admin")
        assert Order.read(json.loads(entry["Detail"])) == order

    def test_ids_are_written_as_the_service_knows_them(self) -> None:
        order = Order.make(REMOVE, UUID, f"project:{UUID}")
        assert (order.user_id, order.room) == (UUID.lower(), f"project:{UUID.lower()}")
        assert order.reason == NO_REASON

    @pytest.mark.parametrize(
        ("field", "bad"),
        [
            ("user_id", ""),
            ("user_id", "a b"),
            ("user_id", "a:b"),
            ("user_id", None),
            ("room", "project"),
            ("room", "global"),
            ("room", "user:ada"),
            ("room", None),
            ("reason", "x" * 257),
            ("reason", "a\nb"),
            ("reason", "\ud800"),
            ("source", ""),
            ("id", "a b"),
            ("type", "access.other"),
        ],
    )
    def test_bad_values_are_named(self, field: str, bad: Any) -> None:
        good = json.loads(Order.make(REMOVE, "ada", "project:7").entry()["Detail"])
        with pytest.raises(InvalidEvent) as caught:
            Order.read({**good, field: bad})
        assert set(caught.value.fields) >= {field}

    @pytest.mark.parametrize("detail", [None, [], "x", {}])
    def test_what_is_no_order(self, detail: Any) -> None:
        with pytest.raises(InvalidEvent):
            Order.read(detail)

    @pytest.mark.parametrize("kind", TYPES)
    def test_no_event_can_have_its_type(self, kind: str) -> None:
        assert "kept for the service" in problem_of_own(kind, taken=())


class TestIssuedBefore:
    @pytest.mark.parametrize(
        ("moment", "seconds"),
        [
            (datetime(2026, 11, 26, 12, tzinfo=UTC), 1795694400),
            (datetime(2026, 11, 26, 14, tzinfo=timezone(timedelta(hours=2))), 1795694400),
            (datetime(2026, 11, 26, 12, microsecond=1, tzinfo=UTC), 1795694401),
            (1795694400, 1795694400),
            (1795694399.5, 1795694400),
        ],
    )
    def test_is_written_in_whole_seconds_rounded_up(
        self, moment: Any, seconds: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(time, "time", lambda: 1795694500.0)
        order = Order.make(REVOKE, "ada", issued_before=moment)
        assert order.issued_before == seconds
        assert Order.read(json.loads(order.entry()["Detail"])) == order

    def test_without_it_the_order_names_none(self) -> None:
        assert "issued_before" not in Order.make(REVOKE, "ada").entry()["Detail"]

    @pytest.mark.parametrize(
        ("moment", "problem"),
        [
            (datetime(2026, 1, 1), "with a time zone"),  # noqa: DTZ001  that is the point
            ("2026-01-01T00:00:00Z", "expected a datetime"),
            (True, "expected a datetime"),
            (0, "expected a datetime"),
            (-1, "expected a datetime"),
            (float("nan"), "expected a datetime"),
            (1795694400000, "expected a datetime"),  # milliseconds
            (datetime(2999, 1, 1, tzinfo=UTC), "a time that has come"),
        ],
    )
    def test_a_bad_or_future_time_is_refused(self, moment: Any, problem: str) -> None:
        with pytest.raises(InvalidEvent, match=problem):
            Order.make(REVOKE, "ada", issued_before=moment)

    @pytest.mark.parametrize("bad", [0, -1, 1.5, True, None, "1", 10**13])
    def test_on_the_bus(self, bad: Any) -> None:
        detail = json.loads(Order.make(REVOKE, "ada").entry()["Detail"])
        with pytest.raises(InvalidEvent, match="whole epoch seconds"):
            Order.read({**detail, "issued_before": bad})

    def test_other_orders_have_none(self) -> None:
        with pytest.raises(InvalidEvent, match=r"access\.revoke only"):
            Order.make(DISCONNECT, "ada", issued_before=1)


class TestBroadcaster:
    async def test_orders(self) -> None:
        broadcaster = EventBroadcaster("memory:", source="admin")
        assert await broadcaster.disconnect("ada", reason="closed")
        assert await broadcaster.remove("ada", "project:7")
        assert broadcaster.sync.disconnect("bob")
        assert broadcaster.sync.remove("bob", "project:7", reason="has left")
        events = broadcaster.bus.events
        assert [(event.type, event.user_id) for event in events] == [
            (DISCONNECT, "ada"), (REMOVE, "ada"), (DISCONNECT, "bob"), (REMOVE, "bob")
        ]  # fmt: skip
        assert [event.reason for event in events] == ["closed", NO_REASON, NO_REASON, "has left"]
        assert {event.source for event in events} == {"admin"}

    async def test_revokes(self) -> None:
        broadcaster = EventBroadcaster("memory:")
        assert await broadcaster.revoke("ada", reason="lost")
        assert await broadcaster.revoke("ada", datetime(2026, 1, 1, tzinfo=UTC))
        assert broadcaster.sync.revoke("bob", issued_before=1767225600)
        found = [dict(event) for event in broadcaster.bus.events]
        assert {each["type"] for each in found} == {REVOKE}
        assert [each["user_id"] for each in found] == ["ada", "ada", "bob"]
        assert [each.get("issued_before") for each in found] == [None, 1767225600, 1767225600]
        assert found[0]["reason"] == "lost"
        with pytest.raises(InvalidEvent, match="issued_before"):
            await broadcaster.revoke("ada", time.time() + 60)

    async def test_a_bad_order_is_raised_also_where_events_are_logged(self) -> None:
        broadcaster = EventBroadcaster("memory:", on_invalid="log")
        with pytest.raises(InvalidEvent, match="user_id: expected the id of a user"):
            await broadcaster.disconnect("a b")
        with pytest.raises(InvalidEvent, match="disconnect the user instead"):
            broadcaster.sync.remove("ada", "global")


class TestCommands:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["kick", "a b"],
            ["remove", "ada", "global"],
            ["remove", "ada", "nowhere"],
            ["revoke", "a b"],
            ["revoke", "ada", "--issued-before", "2026-01-01T00:00:00"],
            ["revoke", "ada", "--issued-before", "2999-01-01T00:00:00Z"],
        ],
    )
    def test_say_what_is_wrong(self, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "bus")
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code != 0
        assert "was not sent" in result.output

    def test_a_time_that_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "bus")
        result = CliRunner().invoke(main, ["revoke", "ada", "--issued-before", "noon"])
        assert result.exit_code != 0
        assert "expected a time such as" in result.output

    @pytest.mark.parametrize("command", ["kick", "remove", "revoke"])
    def test_help_tells_what_happens(self, command: str) -> None:
        result = CliRunner().invoke(main, [command, "--help"])
        assert result.exit_code == 0
        assert "ACCESS_REVOKED" in result.output
        assert f"roomcast {command} ada" in result.output
