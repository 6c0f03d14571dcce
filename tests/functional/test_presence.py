"""Who is in a room: the list in replies, who comes, who goes, and what a failure leaves."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from roomcast.rooms import Room
from roomcast_backend.presence.announcements import NotAnnounced
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.memberships import ChangeResult
from roomcast_backend.stores.presence import Person, Standing, standing_until
from tests.fakes.calls import Calls
from tests.fakes.memory_tables import MemoryTables
from tests.functional.presence_world import ROOM, World


@pytest.fixture
def world(dynamodb: Any) -> World:
    return World(dynamodb)


class TestTenants:
    def test_who_is_there_is_told_within_the_tenant(self, world: World) -> None:
        for tenant in ("acme", "beta", ""):
            world.join("eve", f"eve-{tenant}", tenant, presence=True)
        world.follow()
        for tenant in ("acme", "beta", ""):
            world.heard(f"eve-{tenant}")
        reply = world.join("ada", "ada-1", "acme", presence=True)
        assert reply["presence"] == {"users": ["ada", "eve"], "count": 2}
        world.follow()
        assert world.heard("eve-acme") == [("presence.joined", ["ada"])]
        world.join("ada", "ada-2", "beta")
        world.follow()
        world.heard("eve-beta")
        world.say("ada-1", "unsubscribe", room=ROOM)
        world.follow()
        world.after_grace()
        assert world.heard("eve-acme") == [("presence.left", ["ada"])]
        assert [world.heard(each) for each in ("eve-beta", "eve-")] == [[], []]
        for tenant, users in (("acme", ["eve"]), ("beta", ["ada", "eve"]), ("", ["eve"])):
            listed = world.join("eve", f"eve-{tenant}", presence=True)["presence"]
            assert listed == {"users": users, "count": len(users)}

    def test_who_is_there_twice_has_not_left(self, world: World) -> None:
        world.join("eve", "eve", "acme", presence=True)
        world.join("ada", "ada-1", "acme")
        world.join("ada", "ada-2", "acme")
        world.follow()
        world.heard("eve")
        world.say("ada-1", "unsubscribe", room=ROOM)
        world.follow()
        world.after_grace()
        assert world.heard("eve") == []

    def test_a_refusal_has_the_public_name(self, world: World) -> None:
        world.join("ada", "c1", "acme")
        reply = world.say("c1", "subscribe", room="agent:a1", presence=True)
        assert (reply["code"], "acme" in str(reply)) == ("INVALID_MESSAGE", False)


class TestReply:
    def test_lists_who_is_there_and_oneself(self, world: World) -> None:
        world.join("ada", "c1")
        world.follow()
        reply = world.join("bob", "c2", presence=True)
        assert reply["presence"] == {"users": ["ada", "bob"], "count": 2}

    def test_without_presence_there_is_no_list(self, world: World) -> None:
        assert world.join("ada", "c1") == {"status": "success", "room": ROOM}
        assert "presence" not in world.join("ada", "c1", presence=False)

    def test_names_100_users_and_counts_all(self, world: World) -> None:
        for number in range(130):
            world.join(f"u{number:03d}", f"c{number}")
        world.follow()
        listed = world.join("zoe", "c", presence=True)["presence"]
        assert listed["count"] == 131
        assert listed["users"] == [f"u{number:03d}" for number in range(100)]

    def test_of_many_rooms_each_result_has_its_own(self, world: World) -> None:
        world.join("ada", "c1")
        world.follow()
        world.say("c1", "subscribe", room="project:p2")
        reply = world.say("c1", "subscribe", rooms=[ROOM, "agent:a1", "project:p2"], presence=True)
        first, second, third = reply["rooms"]
        assert first["presence"] == third["presence"] == {"users": ["ada"], "count": 1}
        assert (second["code"], second["room"]) == ("INVALID_MESSAGE", "agent:a1")
        assert "presence" in second["message"]

    def test_a_reply_has_room_for_so_much(self, world: World) -> None:
        rooms = [ROOM, "project:p2"]
        users = [f"{number:0128d}" for number in range(100)]
        until = standing_until(world.clock())
        for room in rooms:
            people = {Person(room, user): Standing(present=True, until=until) for user in users}
            world.store.note(people)
        for number in range(30):
            event = world.server.envelope(ROOM, number=number)
            data = {"workflow_id": str(number), "step": "x" * 1000}
            world.server.broadcast(replace(event, type="workflow.progress", data=data))
        one = world.join("zoe", "c", presence=True, state=True)
        assert one["presence"] == {"users": users, "count": 101}
        assert one["state"]
        assert one["next"]
        many = world.say("c", "subscribe", rooms=rooms, presence=True, state=True)
        assert max(len(json.dumps(reply)) for reply in (one, many)) < 32 * 1024
        lists = [result["presence"] for result in many["rooms"]]
        assert [each["count"] for each in lists] == [101, 101]
        assert lists[0]["users"] == users
        assert lists[1]["users"] == users[: len(lists[1]["users"])]
        assert 0 < len(lists[1]["users"]) < 100
        assert len(world.say("c", "state", room=ROOM, after=many["rooms"][0]["next"])["state"]) > 5

    @pytest.mark.parametrize("room", ["global", "agent:a1"])
    def test_a_kind_without_presence_is_refused_and_joins_nothing(
        self, world: World, room: str
    ) -> None:
        world.join("ada", "c1")
        before = world.say("c1", "debug:rooms")
        reply = world.say("c1", "subscribe", room=room, presence=True)
        assert (reply["code"], reply["room"]) == ("INVALID_MESSAGE", room)
        assert "project:" in reply["message"]
        assert world.say("c1", "debug:rooms") == before

    @pytest.mark.parametrize("value", ["yes", 1, [], {}])
    def test_another_value_is_refused(self, world: World, value: object) -> None:
        reply = world.join("ada", "c1", presence=value)
        assert reply["code"] == "INVALID_MESSAGE"
        assert '"presence"' in reply["message"]


class TestArrivals:
    def test_who_asked_is_told_and_nobody_else(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        world.join("bob", "c2")
        world.follow()
        world.heard("c1")
        world.join("eve", "c3")
        world.follow()
        assert world.heard("c1") == [("presence.joined", ["eve"])]
        assert world.heard("c2") == world.heard("c3") == []

    def test_lives_beside_chosen_types(self, world: World) -> None:
        world.join("ada", "c1", presence=True, types=["pr.*"])
        world.join("bob", "c2", types=["presence.*"])
        world.join("eve", "c3")
        world.follow()
        assert world.heard("c1") == [("presence.joined", ["ada", "bob", "eve"])]
        assert world.heard("c2") == []
        row = world.server.connections.get("c1")
        assert row is not None
        assert row.filters[ROOM].presence
        assert not row.filters[ROOM].takes("issue.created")

    def test_a_second_subscribe_ends_it(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        world.join("ada", "c1")
        world.join("eve", "c3")
        world.follow()
        assert world.heard("c1") == []

    def test_a_user_with_two_tabs_comes_once(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        world.join("bob", "c2")
        world.follow()
        world.heard("c1")
        world.join("bob", "c3")
        assert world.follow().events == 0
        assert world.heard("c1") == []

    def test_joining_twice_is_joining_once(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        world.follow()
        world.join("ada", "c1", presence=True, types=["a"])
        assert world.follow().events == 0

    def test_a_crowd_of_one_second_is_one_event(self, world: World) -> None:
        for number in range(40):
            world.join(f"u{number:02d}", f"c{number}")
        world.follow()
        (event,) = world.published
        assert event["user_ids"] == [f"u{number:02d}" for number in range(40)]

    def test_who_has_left_before_it_is_looked_at_never_came(self, world: World) -> None:
        world.join("bob", "c2")
        records = world.records()
        world.say("c2", "unsubscribe", room=ROOM)
        assert world.follow(records).joined == 0
        assert world.follow().checked == 0
        assert world.published == []


class TestDepartures:
    @pytest.fixture(autouse=True)
    def _there(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        world.join("bob", "c2")
        world.follow()
        world.heard("c1")

    def test_a_user_who_leaves_is_told_after_the_grace(self, world: World) -> None:
        world.say("c2", "unsubscribe", room=ROOM)
        world.follow()
        assert world.heard("c1") == []
        assert world.join("eve", "c9", presence=True)["presence"]["count"] == 3
        world.after_grace()
        assert world.heard("c1") == [("presence.left", ["bob"])]
        assert world.join("eve", "c9", presence=True)["presence"]["users"] == ["ada", "eve"]

    def test_a_broken_connection_is_a_departure(self, world: World) -> None:
        world.server.drop("c2")
        world.follow()
        world.after_grace()
        assert world.heard("c1") == [("presence.left", ["bob"])]

    def test_who_comes_back_within_the_grace_is_not_told(self, world: World) -> None:
        world.server.drop("c2")
        world.follow()
        world.join("bob", "c3")
        world.follow()
        world.after_grace()
        assert world.heard("c1") == []

    def test_a_change_of_connections_in_one_batch_is_nothing(self, world: World) -> None:
        world.join("bob", "c3")
        world.server.drop("c2")
        assert world.follow().checked == 0
        world.after_grace()
        assert world.heard("c1") == []

    def test_the_last_of_two_tabs_counts(self, world: World) -> None:
        world.join("bob", "c3")
        world.follow()
        for connection in ("c2", "c3"):
            world.server.drop(connection)
            world.follow()
        first, second = world.checks
        world.departures.check(*first)
        assert world.heard("c1") == []  # its grace began when the other tab was closed
        world.departures.check(*second)
        assert world.heard("c1") == [("presence.left", ["bob"])]

    def test_who_comes_again_is_told_again(self, world: World) -> None:
        world.server.drop("c2")
        world.follow()
        world.after_grace()
        world.join("bob", "c3")
        world.follow()
        assert world.heard("c1") == [("presence.left", ["bob"]), ("presence.joined", ["bob"])]

    def test_a_token_of_another_user_is_one_who_goes_and_one_who_comes(self, world: World) -> None:
        world.server.tokens["eve"] = world.server.principal("eve")
        assert world.say("c2", "authenticate", token="eve")["status"] == "success"
        world.follow()
        world.after_grace()
        assert world.heard("c1") == [("presence.joined", ["eve"]), ("presence.left", ["bob"])]

    def test_who_is_removed_leaves(self, world: World) -> None:
        row = world.server.connections.get("c2")
        assert row is not None
        left = world.server.memberships.leave(row, Room.parse(ROOM), now=int(world.clock.now))
        assert left is ChangeResult.DONE
        world.follow()
        world.after_grace()
        assert world.heard("c1") == [("presence.left", ["bob"])]

    def test_a_note_that_was_lost_ends_by_itself(self, world: World) -> None:
        world.server.drop("c2")
        world.records()  # they never reach the function
        world.clock.advance(5 * 3600 + 1)
        world.server.tokens["good"] = world.server.principal("ada")
        world.server.connect("c8", world.server.principal("ada"), protocol="json")
        assert world.join("ada", "c8", presence=True)["presence"]["users"] == ["ada"]


class TestRepeats:
    def test_a_batch_that_is_repeated_tells_nobody_twice(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        world.join("bob", "c2")
        records = world.records()
        world.follow(records)
        world.follow(records)
        assert world.heard("c1") == [("presence.joined", ["ada", "bob"])]

    @pytest.mark.parametrize("broken", ["put", "_check_later", "note_whose", "note"])
    def test_a_batch_that_was_cut_off_is_made_good(
        self, world: World, broken: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.join("ada", "c1", presence=True)
        world.join("bob", "c2")
        world.follow()
        world.heard("c1")
        world.join("eve", "c3")
        world.server.drop("c2")
        records = world.records()

        def fail(*_args: Any, **_more: Any) -> Any:
            raise RuntimeError(broken)

        with monkeypatch.context() as patched:
            if broken == "_check_later":
                patched.setattr(world.arrivals, broken, fail)
            else:
                patched.setattr(world if broken == "put" else world.store, broken, fail)
            with pytest.raises(RuntimeError):
                world.follow(records)
        world.follow(records)
        world.after_grace()
        assert world.heard("c1") == [("presence.joined", ["eve"]), ("presence.left", ["bob"])]

    def test_what_the_bus_refuses_is_repeated(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        records = world.records()
        world.bus_fails = True
        with pytest.raises(NotAnnounced):
            world.follow(records)
        world.bus_fails = False
        world.follow(records)
        assert world.heard("c1") == [("presence.joined", ["ada"])]

    def test_a_check_that_was_cut_off_is_made_good(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        world.join("bob", "c2")
        world.follow()
        world.heard("c1")
        world.server.drop("c2")
        world.follow()
        (check,) = world.checks
        world.bus_fails = True
        with pytest.raises(NotAnnounced):
            world.departures.check(*check)
        world.bus_fails = False
        world.departures.check(*check)
        world.departures.check(*check)
        assert world.heard("c1") == [("presence.left", ["bob"])]

    def test_who_comes_back_during_the_check_stays(self, world: World) -> None:
        world.join("ada", "c1", presence=True)
        world.join("bob", "c2")
        world.follow()
        world.heard("c1")
        world.server.drop("c2")
        world.follow()
        mark = world.store.mark_left

        def comes_back(person: Any, check: str) -> bool:
            marked = mark(person, check)
            world.join("bob", "c3")
            return marked

        world.store.mark_left = comes_back  # type: ignore[method-assign]
        world.after_grace()
        world.follow()
        assert world.heard("c1") in ([], [("presence.joined", ["bob"])])
        assert world.join("ada", "c1", presence=True)["presence"]["users"] == ["ada", "bob"]

    @pytest.mark.parametrize("seed", range(8))
    def test_in_the_end_every_client_knows_who_is_there(self, world: World, seed: int) -> None:
        """Users come and go at random; batches are late, repeated, and told in any order."""
        crowd = Crowd(world, random.Random(seed))  # noqa: S311  the same each time
        told = set(world.join("zoe", "c", presence=True)["presence"]["users"])
        for _ in range(25):
            crowd.step()
        crowd.follow(repeats=0)
        world.after_grace()
        for kind, who in world.heard("c"):
            told = told | set(who) if kind == "presence.joined" else told - set(who)
        assert told == {"zoe", *crowd.living.values()}
        listed = world.join("zoe", "c", presence=True)["presence"]["users"]
        assert set(listed) == told


class TestCalls:
    def test_who_does_not_ask_pays_no_call(self, dynamodb: Any) -> None:
        calls = Calls(settled=0)
        world = World(calls.wrap(dynamodb))
        world.join("ada", "c1")
        counted = []
        for more in ({"presence": False}, {}, {"presence": True}):
            calls.clear()
            assert world.say("c1", "subscribe", room=ROOM, **more)["status"] == "success"
            counted.append(calls.counted)
        assert counted[0] == counted[1]
        assert counted[2] - counted[0] == {"query": 1}

    def test_a_crowd_of_1000_is_some_100_calls_and_two_events(self, dynamodb: Any) -> None:
        calls = Calls(settled=0)
        world = World(calls.wrap(dynamodb))
        crowd = [f"u{number:04d}" for number in range(1000)]
        key = {"room": {"S": f"{ROOM}#000"}}
        rows = [{**key, "connection_id": {"S": user}, "user": {"S": user}} for user in crowd]
        BatchItems(dynamodb).put(world.server.settings.rooms_table, rows)
        records = world.records()
        world.put = world.keep  # type: ignore[method-assign]
        calls.clear()
        assert world.follow(records).joined == 1000
        assert calls.counted == {"batch_get_item": 30, "batch_write_item": 80, "query": 1}
        assert [len(event["user_ids"]) for event in world.published] == [500, 500]
        assert {event["count"] for event in world.published} == {1000}

    def test_ten_thousand_who_come_at_once_are_twenty_events(self) -> None:
        tables = MemoryTables()
        world = World(tables)
        key = {"room": {"S": f"{ROOM}#000"}}
        crowd = [f"u{number:05d}" for number in range(10_000)]
        rows = [{**key, "connection_id": {"S": user}, "user": {"S": user}} for user in crowd]
        BatchItems(tables).put(world.server.settings.rooms_table, rows)
        records = world.records()
        world.put = world.keep  # type: ignore[method-assign]
        batches = [records[start : start + 1000] for start in range(0, len(records), 1000)]
        assert sum(world.follow(batch).joined for batch in batches) == 10_000
        assert len(world.published) == 20
        told = [user for event in world.published for user in event["user_ids"]]
        assert sorted(told) == crowd
        assert world.published[-1]["count"] == 10_000


class Crowd:
    """Users who come and go; `living` has the user of each connection."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.chance = chance
        self.living: dict[str, str] = {}
        self.batches: list[list[dict[str, Any]]] = []
        self.number = 0

    def step(self) -> None:
        if self.living and self.chance.random() < 0.5:
            gone = self.chance.choice(sorted(self.living))
            self.world.server.drop(gone)
            del self.living[gone]
        else:
            self.number += 1
            connection = f"c{self.number}"
            self.living[connection] = self.chance.choice(["ada", "bob", "eve"])
            self.world.join(self.living[connection], connection)
        self.batches.append(self.world.records())
        if self.chance.random() < 0.5:
            self.follow(repeats=0.3)
        if self.chance.random() < 0.2:
            self.world.after_grace()

    def follow(self, *, repeats: float) -> None:
        for batch in self.batches:
            self.world.follow(batch)
            if self.chance.random() < repeats:
                self.world.follow(self.chance.sample(batch, len(batch)))
        self.batches.clear()
