"""Orders that end a user's access, from the publisher to the entry on the bus."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from roomcast import EventBroadcaster
from roomcast.access import DISCONNECT, NO_REASON, REMOVE, Order
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

    @pytest.mark.parametrize("kind", [DISCONNECT, REMOVE])
    def test_no_event_can_have_its_type(self, kind: str) -> None:
        assert "kept for the service" in problem_of_own(kind, taken=())


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

    async def test_a_bad_order_is_raised_also_where_events_are_logged(self) -> None:
        broadcaster = EventBroadcaster("memory:", on_invalid="log")
        with pytest.raises(InvalidEvent, match="user_id: expected the id of a user"):
            await broadcaster.disconnect("a b")
        with pytest.raises(InvalidEvent, match="disconnect the user instead"):
            broadcaster.sync.remove("ada", "global")


class TestCommands:
    @pytest.mark.parametrize(
        "arguments", [["kick", "a b"], ["remove", "ada", "global"], ["remove", "ada", "nowhere"]]
    )
    def test_say_what_is_wrong(self, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "bus")
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code != 0
        assert "was not sent" in result.output

    @pytest.mark.parametrize("command", ["kick", "remove"])
    def test_help_tells_what_happens(self, command: str) -> None:
        result = CliRunner().invoke(main, [command, "--help"])
        assert result.exit_code == 0
        assert "ACCESS_REVOKED" in result.output
        assert f"roomcast {command} ada" in result.output
