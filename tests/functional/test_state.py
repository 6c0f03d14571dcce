"""The state of rooms: what is kept of events, and what clients are told of it."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from roomcast.envelope import Envelope
from roomcast.references import DataReference
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway import connections_api
from roomcast_backend.gateway.paced_posts import MOST_EVENTS
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.lifecycle.greeting import NotGreeted
from roomcast_backend.model.room_log import Placed
from roomcast_backend.model.room_state import FORGET_SECONDS
from roomcast_backend.state import current
from roomcast_backend.state.telling import REPLY_BYTES
from roomcast_backend.stores import keys
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.room_states import BACKOFF, RoomStates, Row
from tests.fakes import states
from tests.fakes.clock import FakeClock
from tests.fakes.data import FakeData
from tests.fakes.documented import check_reply
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.socketio_server import USER, Server
from tests.fakes.tables import table_settings

ROOM = "project:p1"
OTHER = "project:p2"
MINE = f"user:{USER}"


class Page:
    """A JSON client of a server, and events that a page of it shows."""

    def __init__(self, tables: Any) -> None:
        self.server = Server(tables)
        self.server.connect("j1", self.server.principal(), protocol="json")
        self.say("ping")
        self.number = 0

    def say(self, action: str, **body: Any) -> dict[str, Any]:
        frame = json.dumps({"action": action, **body})
        reply: dict[str, Any] = json.loads(self.server.say(frame, "j1"))
        check_reply(action, reply)
        return reply

    def event(self, type: str, *rooms: str, **data: Any) -> Envelope:
        self.number += 1
        self.server.clock.advance(3)
        envelope = self.server.envelope(*(rooms or (ROOM,)), number=self.number)
        return replace(envelope, type=type, data=data)

    def publish(self, type: str, *rooms: str, **data: Any) -> Envelope:
        envelope = self.event(type, *rooms, **data)
        self.server.broadcast(envelope)
        return envelope

    def workflows(self, names: Iterable[object], *rooms: str, text: str = "") -> None:
        for name in names:
            self.publish("workflow.progress", *rooms, workflow_id=str(name), step=text)

    def heard(self) -> list[dict[str, Any]]:
        return [event for event in map(json.loads, self.server.heard("j1")) if "data" in event]

    def row(self, entity: str, room: str = ROOM) -> dict[str, Any]:
        row: dict[str, Any] = self.server.dynamodb.tables["events"][keys.state(room), entity]
        return row


@pytest.fixture
def page() -> Page:
    return Page(MemoryTables())


def envelope_of(frame: str) -> dict[str, Any]:
    """Return the envelope of a Socket.IO event, `42/ws,["type",{…}]`."""
    envelope: dict[str, Any] = json.loads(frame.partition(",")[2])[1]
    return envelope


def names(reply: dict[str, Any]) -> list[str]:
    return [event["entity"] for event in reply["state"]]


class TestSubscribe:
    def test_brings_the_newest_of_each_entity(self, page: Page) -> None:
        page.publish("pr.created", pr_id="1", title="A", author="ada")
        updated = page.publish("pr.updated", pr_id="1", title="B", author=None)
        page.publish("workflow.progress", workflow_id="w", progress=5)
        reply = page.say("subscribe", room=ROOM, state=True)
        assert names(reply) == ["pr:1", "workflow:w"]
        pull_request = reply["state"][0]
        assert pull_request["data"] == {"pr_id": "1", "title": "B", "author": "ada"}
        assert (pull_request["id"], pull_request["type"]) == (updated.id, "pr.updated")
        assert pull_request["room"] == ROOM
        assert "replayed" not in pull_request
        assert "next" not in reply

    def test_without_it_all_is_as_before(self, page: Page) -> None:
        page.workflows("a")
        plain = {"status": "success", "room": ROOM}
        assert page.say("subscribe", room=ROOM) == plain
        assert page.say("subscribe", room=ROOM, state=False) == plain
        assert page.say("subscribe", room=ROOM, state=None) == plain

    @pytest.mark.parametrize("value", ["yes", 1, 0, [], {"a": 1}, "x" * 500])
    def test_another_value_is_refused_and_joins_nothing(self, page: Page, value: object) -> None:
        for body in ({"room": ROOM}, {"rooms": [ROOM]}):
            reply = page.say("subscribe", **body, state=value)
            assert reply["code"] == "INVALID_MESSAGE"
            assert 'expected "state" to be true or "replay", got' in reply["message"]
            assert len(reply["message"]) < 200
        assert page.server.members(ROOM) == []

    def test_nobody_gets_the_state_of_a_room_that_is_not_open(self, page: Page) -> None:
        page.workflows("a", "project:secret")
        reply = page.say("subscribe", room="project:secret", state=True)
        assert (reply["code"], "state" in reply) == ("ROOM_ACCESS_DENIED", False)

    def test_an_empty_room(self, page: Page) -> None:
        assert page.say("subscribe", room=ROOM, state=True)["state"] == []

    def test_honours_the_chosen_types(self, page: Page) -> None:
        page.workflows("a")
        page.publish("pr.created", pr_id="1")
        reply = page.say("subscribe", room=ROOM, state=True, types=["pr.*"])
        assert names(reply) == ["pr:1"]
        assert names(page.say("state", room=ROOM)) == ["pr:1"]
        page.say("subscribe", room=ROOM, state="replay", types=["pr.*"])
        assert [event["entity"] for event in page.heard()] == ["pr:1"]

    def test_cures_what_replay_cannot(self, page: Page) -> None:
        page.workflows("ab")
        reply = page.say("subscribe", room=ROOM, state=True, since="long gone")
        assert (reply["recovered"], reply["replayed"]) == (False, 0)
        assert names(reply) == ["workflow:a", "workflow:b"]

    def test_over_socketio_in_the_ack(self, page: Page) -> None:
        page.workflows("a")
        page.server.connect("c1")
        page.server.begin()
        reply = page.server.ask("subscribe", room=ROOM, state=True)
        assert names(reply) == ["workflow:a"]
        assert names(page.server.ask("state", room=ROOM)) == ["workflow:a"]

    def test_events_of_ones_own_with_a_key(self, page: Page) -> None:
        for service in ("api", "web"):
            event = page.event("deploy.started", service=service)
            page.server.broadcast(replace(event, state_key=f"deploy:{service}"))
        page.publish("deploy.noted", service="api")
        reply = page.say("subscribe", room=ROOM, state=True)
        assert names(reply) == ["deploy:api", "deploy:web"]
        assert "state_key" not in json.dumps(reply)

    def test_many_rooms(self, page: Page) -> None:
        page.workflows("a", ROOM)
        page.workflows("b", OTHER)
        reply = page.say("subscribe", rooms=[ROOM, "lobby", OTHER, ROOM], state=True)
        first, refused, second, again = reply["rooms"]
        assert (names(first), names(second)) == (["workflow:a"], ["workflow:b"])
        assert "state" not in refused
        assert "state" not in again

    def test_a_superseded_command_has_none(self, page: Page) -> None:
        page.workflows("a")
        page.say("unsubscribe", room=ROOM)
        late = json.dumps({"action": "subscribe", "room": ROOM, "state": True, "since": 5})
        at = int(page.server.clock.now * 1000) - 5000
        reply = json.loads(page.server.dispatcher.answer("j1", late, at=at))
        assert reply == {"status": "success", "room": ROOM, "recovered": False, "replayed": 0}


class TestPages:
    def test_a_reply_has_room_for_so_much(self, page: Page) -> None:
        count = 60
        page.workflows(range(100, 100 + count), text="x" * 1000)
        reply = page.say("subscribe", room=ROOM, state=True)
        assert len(json.dumps(reply)) < 32 * 1024
        found = names(reply)
        while "next" in reply:
            reply = page.say("state", room=ROOM, after=reply["next"])
            assert len(json.dumps(reply)) < 32 * 1024
            found += names(reply)
        assert sorted(found) == [f"workflow:{number}" for number in range(100, 100 + count)]
        assert len(set(found)) == count

    def test_what_is_larger_than_a_page_is_there_by_reference(self, page: Page) -> None:
        page.publish("pr.created", pr_id="1", description="x" * REPLY_BYTES)
        page.workflows("a")
        reply = page.say("subscribe", room=ROOM, state=True)
        large, small = reply["state"]
        assert large["data"] == {}
        assert large["data_ref"]["url"].startswith("https://data.example.com/data/")
        assert small["data"]["workflow_id"] == "a"

    def test_rooms_share_what_a_reply_has_room_for(self, page: Page) -> None:
        page.workflows(range(30), ROOM, text="x" * 1000)
        page.workflows(range(5), OTHER, text="x" * 1000)
        reply = page.say("subscribe", rooms=[ROOM, OTHER], state=True)
        assert len(json.dumps(reply)) < 32 * 1024
        first, second = reply["rooms"]
        assert first["next"]
        rest = page.say("state", room=OTHER, after=second.get("next", ""))
        assert len(set(names(second)) | set(names(rest))) == 5

    def test_rooms_do_not_take_more_than_that_for_a_large_entity(self, page: Page) -> None:
        for room in (ROOM, OTHER, MINE):
            page.publish("pr.created", room, pr_id=room, text="x" * (REPLY_BYTES * 3 // 4))
        reply = page.say("subscribe", rooms=[ROOM, OTHER, MINE], state=True)
        assert len(json.dumps(reply)) < 32 * 1024
        first, *others = reply["rooms"]
        assert names(first) == [f"pr:{ROOM}"]
        for each in others:
            assert (each["state"], each["next"]) == ([], "")
            assert names(page.say("state", room=each["room"], after="")) == [f"pr:{each['room']}"]

    def test_ten_thousand_entities(self, page: Page) -> None:
        store = RoomStates(page.server.settings, client=page.server.dynamodb)
        event = page.event("workflow.progress", workflow_id="w", progress=5)
        names_of_all = {f"workflow:{number:05d}" for number in range(10_000)}
        for number, name in enumerate(sorted(names_of_all)):
            place = Placed(ROOM, number, order=number)
            now = int(page.server.clock.now)
            store.note(name, event, [place], known={}, now=now)
        reply = page.say("subscribe", room=ROOM, state=True)
        found = names(reply)
        while "next" in reply:
            reply = page.say("state", room=ROOM, after=reply["next"])
            found += names(reply)
        assert len(found) == 10_000
        assert set(found) == names_of_all
        assert page.say("subscribe", room=ROOM, state=True, types=["pr.*"])["state"] == []

    def test_only_of_a_room_that_the_connection_is_in(self, page: Page) -> None:
        page.workflows("a")
        assert page.say("state", room=ROOM)["code"] == "ROOM_ACCESS_DENIED"
        page.say("subscribe", room=ROOM)
        assert names(page.say("state", room=ROOM)) == ["workflow:a"]
        page.say("unsubscribe", room=ROOM)
        assert page.say("state", room=ROOM)["code"] == "ROOM_ACCESS_DENIED"

    @pytest.mark.parametrize("body", [{}, {"room": 5}, {"room": ROOM, "after": 5},
                                      {"room": ROOM, "after": "x" * 2000},
                                      {"room": ROOM, "after": "é" * 600},
                                      {"room": ROOM, "after": "\ud800"}])  # fmt: skip
    def test_bad_input(self, page: Page, body: dict[str, Any]) -> None:
        page.say("subscribe", room=ROOM)
        assert page.say("state", **body)["code"] == "INVALID_MESSAGE"

    def test_any_other_text_goes_on_somewhere(self, page: Page) -> None:
        page.say("subscribe", room=ROOM)
        page.workflows("a")
        assert names(page.say("state", room=ROOM, after="zzz")) == []
        assert names(page.say("state", room=ROOM, after="\u0000")) == ["workflow:a"]


class TestReplay:
    def test_entities_come_as_events_before_the_reply(self, page: Page) -> None:
        page.publish("pr.created", pr_id="2", title="A")
        page.publish("pr.created", pr_id="1", title="B")
        reply = page.say("subscribe", room=ROOM, state="replay")
        assert reply == {"status": "success", "room": ROOM, "entities": 2}
        events = page.heard()
        assert [event["data"]["pr_id"] for event in events] == ["2", "1"]  # as they were logged
        assert all(event["replayed"] is True for event in events)

    def test_live_events_are_not_marked(self, page: Page) -> None:
        page.say("subscribe", room=ROOM, state="replay")
        page.workflows("a")
        (event,) = page.heard()
        assert not {"replayed", "entity", "left_out"} & event.keys()

    def test_more_than_one_answer_posts(self, page: Page) -> None:
        page.workflows(range(1000, 1000 + MOST_EVENTS + 3))
        reply = page.say("subscribe", room=ROOM, state="replay")
        assert reply["entities"] == MOST_EVENTS
        rest = page.say("state", room=ROOM, after=reply["next"])
        told = {event["entity"] for event in (*page.heard(), *rest["state"])}
        assert len(told) == MOST_EVENTS + 3

    def test_counts_as_commands(self, page: Page) -> None:
        page.workflows(range(100))
        page.say("subscribe", room=ROOM, state="replay")
        page.server.clock.advance(-1)
        replies = [page.server.dispatcher.answer("j1", '{"action":"ping"}') for _ in range(15)]
        assert "RATE_LIMITED" in replies[-1]

    def test_of_many_rooms(self, page: Page) -> None:
        page.workflows("a", ROOM)
        page.workflows("b", OTHER)
        reply = page.say("subscribe", rooms=[ROOM, OTHER], state="replay")
        assert reply["entities"] == 2
        assert len(page.heard()) == 2

    def test_a_client_that_leaves_meanwhile_is_told_where_it_would_go_on(self, page: Page) -> None:
        page.workflows("abc")
        page.server.gateway.open.discard("j1")
        reply = page.say("subscribe", room=ROOM, state="replay")
        assert (reply["entities"], reply["next"]) == (0, "")


class TestAutomaticRooms:
    def test_with_the_greeting(self, page: Page) -> None:
        page.publish("agent.status_changed", "global", agent_id="a", status="busy")
        page.publish("issue.updated", MINE, issue_id="1", title="Mine")
        page.server.connect("c1")
        page.server.begin(state=True)
        page.server.greeter.open(page.server.greeted[-1])
        greeting, *events = page.server.heard()
        assert "connection_established" in greeting
        assert ["agent:a" in event or "issue:1" in event for event in events] == [True, True]
        assert all('"replayed":true' in event for event in events)

    def test_what_is_left_is_said_with_the_greeting(self, page: Page) -> None:
        self.crowd(page)
        page.publish("issue.updated", MINE, issue_id="1", title="Mine")
        page.server.connect("c1")
        page.server.begin(state=True)
        page.server.greeter.open(page.server.greeted[-1])
        greeting, first, *others = map(envelope_of, page.server.heard())
        assert first["entity"] == "issue:1"
        assert len(others) == MOST_EVENTS - 1
        rest = page.say("state", room="global", after=greeting["data"]["next"]["global"])
        assert len({event["entity"] for event in others} | set(names(rest))) == MOST_EVENTS + 5

    def test_what_is_left_is_said_in_the_reply_to_authenticate(self, page: Page) -> None:
        self.crowd(page)
        reply = self.authenticate(page)
        told = [json.loads(event)["entity"] for event in page.server.heard("p1")]
        rest = page.say("state", room="global", after=reply["next"]["global"])
        assert len(told) == MOST_EVENTS
        assert len({*told, *names(rest)}) == MOST_EVENTS + 5

    def test_where_all_is_told_nothing_is_left(self, page: Page) -> None:
        page.publish("agent.status_changed", "global", agent_id="a", status="busy")
        assert "next" not in self.authenticate(page)

    def test_a_state_that_is_posted_in_part_comes_again(self, page: Page) -> None:
        for name in "abc":
            page.publish("agent.status_changed", "global", agent_id=name, status="busy")
        page.server.connect("c1")
        page.server.begin(state=True)
        session = page.server.greeted[-1]
        throttled = [Outcome.THROTTLED] * connections_api.BACKOFF.attempts
        page.server.gateway.fail("c1", Outcome.SENT, Outcome.SENT, *throttled)
        with pytest.raises(NotGreeted):
            page.server.greeter.open(session)
        assert page.server.heard() == []
        assert page.server.greeter.open(session)
        assert len(page.server.heard()) == 4

    def test_a_client_that_leaves_meanwhile_is_forgotten(self, page: Page) -> None:
        page.publish("agent.status_changed", "global", agent_id="a", status="busy")
        page.server.connect("c1")
        page.server.begin(state=True)
        session = page.server.greeted[-1]
        page.server.gateway.fail("c1", Outcome.SENT, Outcome.GONE)
        page.server.gateway.open.discard("c1")
        assert not page.server.greeter.open(session)
        assert page.server.connections.get(session) is None

    def crowd(self, page: Page) -> None:
        for number in range(MOST_EVENTS + 5):
            page.publish("agent.status_changed", "global", agent_id=f"{number}", status="busy")

    def authenticate(self, page: Page) -> dict[str, Any]:
        page.server.connect("p1", protocol="json")
        row = page.server.connections.get("p1")
        assert row is not None
        page.server.connections.put(replace(row, wants_state=True))
        reply: dict[str, Any] = json.loads(
            page.server.say('{"action":"authenticate","token":"good"}', "p1")
        )
        check_reply("authenticate", reply)
        return reply

    def test_nobody_else_is_told(self, page: Page) -> None:
        page.publish("agent.status_changed", "global", agent_id="a", status="busy")
        page.server.connect("c1")
        page.server.begin()
        page.server.greeter.open(page.server.greeted[-1])
        assert len(page.server.heard()) == 1

    def test_with_the_first_token(self, page: Page) -> None:
        page.publish("agent.status_changed", "global", agent_id="a", status="busy")
        self.authenticate(page)
        (event,) = map(json.loads, page.server.heard("p1"))
        assert (event["entity"], event["replayed"]) == ("agent:a", True)

    def test_a_state_that_cannot_be_read_is_told_when_open_is_repeated(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page.publish("agent.status_changed", "global", agent_id="a", status="busy")
        page.server.connect("c1")
        page.server.begin(state=True)
        session = page.server.greeted[-1]
        with monkeypatch.context() as patch:
            patch.setattr(RoomLog, "head", _unavailable)
            with pytest.raises(AwsError):
                page.server.greeter.open(session)
        assert page.server.greeter.open(session)
        assert "agent:a" in page.server.heard()[-1]


class TestKeeping:
    def test_a_fan_out_that_ends_before_it_is_repeated_and_keeps_it(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page.say("subscribe", room=ROOM)
        event = page.event("pr.created", pr_id="1", title="A")
        with monkeypatch.context() as patch:
            patch.setattr(RoomStates, "note", _unavailable)
            with pytest.raises(AwsError):
                page.server.broadcast(event)
        assert len(page.heard()) == 1  # nobody waits for it
        assert not page.server.broadcast(event).repeated
        assert names(page.say("state", room=ROOM)) == ["pr:1"]

    def test_a_row_that_cannot_be_read_is_no_failure(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page.publish("pr.created", pr_id="1", title="A", author="ada")
        monkeypatch.setattr(RoomStates, "read", _unavailable)
        page.publish("pr.updated", pr_id="1", title="B")
        reply = page.say("subscribe", room=ROOM, state=True)
        assert reply["state"][0]["data"] == {"pr_id": "1", "title": "B", "author": "ada"}

    def test_an_event_in_several_rooms_is_kept_in_each(self, page: Page) -> None:
        page.publish("project.updated", ROOM, MINE, project_id="p1", status="ok")
        assert names(page.say("subscribe", room=ROOM, state=True)) == ["project:p1"]
        assert names(page.say("state", room=MINE)) == ["project:p1"]

    def test_side_by_side_all_are_kept(self) -> None:
        tables, clock = MemoryTables(), FakeClock()
        store = RoomStates(table_settings(), client=tables, sleep=clock.sleep)
        event = Envelope("e", "pr.updated", "t", "s", (ROOM,), {})

        def note(number: int) -> None:
            told = replace(event, id=f"e{number}", data={f"field{number}": number})
            place = Placed(ROOM, number, order=number)
            store.note("pr:1", told, [place], known={ROOM: Row()}, now=int(clock.now))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(note, range(1, 60)))
        (state,), _ = store.page(ROOM, rows=10)
        assert len(state.fields) == 59
        assert state.event.id == "e59"

    def test_a_row_that_changes_all_the_time_is_an_error(self) -> None:
        class Losing(RoomStates):
            def _put(self, *_args: Any) -> Row:
                return Row()

        store = Losing(table_settings(), client=MemoryTables(), sleep=FakeClock().sleep)
        event = Envelope("e", "pr.updated", "t", "s", (ROOM,), {})
        with pytest.raises(AwsError, match="changes all the time"):
            store.note("pr:1", event, [Placed(ROOM, 1, order=1)], known={}, now=1)
        assert BACKOFF.attempts > 10

    def test_rooms_of_other_kinds_are_not_kept(self) -> None:
        tables = MemoryTables()
        page = Page(tables)
        chosen = table_settings(room_state="agent,user")
        page.server.fan_out._states = states.keeper(chosen, tables, page.server.clock, FakeData())
        page.workflows("a", ROOM)
        page.workflows("b", ROOM, MINE)
        kept = {key[0] for key in tables.tables["events"] if key[0].startswith(keys.STATE)}
        assert kept == {keys.state(MINE)}

    @pytest.mark.parametrize(("setting", "kept"), [("all", True), ("none", False),
                                                   ("project", True), ("team, project", True),
                                                   ("agent", False)])  # fmt: skip
    def test_the_setting(self, setting: str, kept: bool) -> None:
        store = RoomStates(table_settings(room_state=setting), client=MemoryTables())
        assert store.keeps(ROOM) is kept

    def test_a_service_that_keeps_none(self) -> None:
        tables = MemoryTables()
        page = Page(tables)
        page.workflows("a")
        page.server.teller._current._states._kept = {"agent"}  # type: ignore[attr-defined]
        reply = page.say("subscribe", room=ROOM, state=True)
        assert reply == {"status": "success", "room": ROOM}
        assert page.say("state", room=ROOM)["code"] == "INVALID_MESSAGE"

    def test_of_a_large_event_its_data_is_kept(self, page: Page) -> None:
        data = FakeData()
        keeper = states.keeper(page.server.settings, page.server.dynamodb, page.server.clock, data)
        whole = page.event("pr.created", pr_id="1", title="A", description="x" * 200_000)
        event = data.refer(whole)
        assert keeper.wants(event)
        keeping = keeper.read(event)
        assert keeping is not None
        keeper.note(keeping, [Placed(ROOM, 5, order=5)], now=page.server.clock.now)
        assert '"description":' in page.row("pr:1")["state"]["S"]

    def test_of_a_large_event_whose_data_is_gone_nothing_is_kept(self, page: Page) -> None:
        gone = replace(page.event("pr.created"), reference=DataReference.of(b"{}"), data={})
        keeper = states.keeper(
            page.server.settings, page.server.dynamodb, page.server.clock, FakeData()
        )
        assert keeper.read(gone) is None

    def test_an_entity_of_ever_new_fields_stays_small_enough_for_its_row(self, page: Page) -> None:
        for batch in range(4):
            fields = {f"{batch}-{number}" + "x" * 80: number for number in range(1500)}
            page.publish("pr.updated", pr_id="1", **fields)
        assert len(page.row("pr:1")["state"]["S"]) < 400 * 1000
        (told,) = page.say("subscribe", room=ROOM, state=True)["state"]
        assert len(json.dumps(told)) < REPLY_BYTES
        assert told["left_out"]

    def test_a_long_name_is_hashed(self, page: Page) -> None:
        page.workflows(["w" * 600, "v" * 600])
        reply = page.say("subscribe", room=ROOM, state=True)
        assert sorted(names(reply)) == ["workflow:" + "v" * 600, "workflow:" + "w" * 600]
        assert len(keys.entity("w" * 600)) < 100

    def test_rows_outlive_what_is_told(self, page: Page) -> None:
        page.publish("pr.closed", pr_id="1")
        ttl = int(page.row("pr:1")["ttl"]["N"])
        assert names(page.say("subscribe", room=ROOM, state=True)) == ["pr:1"]
        page.server.clock.now = ttl - FORGET_SECONDS + 1
        page.server.connect("j2", page.server.principal(), protocol="json")
        frame = json.dumps({"action": "subscribe", "room": ROOM, "state": True})
        assert json.loads(page.server.say(frame, "j2"))["state"] == []


class TestUnderWay:
    def test_an_entry_whose_row_is_not_written_yet_is_told(self, page: Page) -> None:
        log, event = page.server.log, page.event("pr.created", pr_id="1", title="A")
        now = page.server.clock.now
        log.put(event, log.place(event, now=now), now=now)
        page.workflows("a")
        reply = page.say("subscribe", room=ROOM, state=True)
        assert sorted(names(reply)) == ["pr:1", "workflow:a"]

    def test_it_is_told_on_the_page_that_it_belongs_to(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(current, "PAGES", (1,))
        log = page.server.log
        page.workflows("bdf")
        for name in "aceg":
            event = page.event("workflow.progress", workflow_id=name)
            now = page.server.clock.now
            log.put(event, log.place(event, now=now), now=now)
        entities = page.server.teller._current.entities(ROOM)
        assert [key for key, _ in entities] == [f"workflow:{name}" for name in "abcdefg"]
        rest = page.server.teller._current.entities(ROOM, after="workflow:d")
        assert [key for key, _ in rest] == [f"workflow:{name}" for name in "efg"]

    def test_where_marks_are_forgotten_the_newest_entries_are_looked_at(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log, event = page.server.log, page.event("pr.created", pr_id="1", title="A")
        now = page.server.clock.now
        places = log.place(event, now=now)
        log.put(event, places, now=now)
        log.release(event.id, [ROOM], places=places)  # as if its mark were forgotten
        head = page.server.dynamodb.tables["events"][keys.log(ROOM), keys.LOG_HEAD]
        head["forgot_until"] = {"N": str(int(now) + 3600)}
        reply = page.say("subscribe", room=ROOM, state=True)
        assert names(reply) == ["pr:1"]
        monkeypatch.setattr(current, "MOST_RECENT", 0)
        refused = page.say("subscribe", room=ROOM, state=True)
        assert refused["code"] == "UNAVAILABLE"


def _unavailable(*_args: Any, **_options: Any) -> Any:
    raise AwsError("dynamodb", "GetItem", "InternalServerError", status=500)
