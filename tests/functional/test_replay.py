"""What a client missed: `since` of the JSON protocol, connection state recovery of Socket.IO."""

import json
from dataclasses import replace
from typing import Any

import pytest

from roomcast.envelope import Envelope
from roomcast_backend.gateway.paced_posts import MOST_EVENTS
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.access import Grant
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.socketio_server import HOUR, OTHER, USER, Server, limit_keys

ROOM = "project:p1"
MINUTE = 60


def begun(server: Server, envelope: Envelope) -> None:
    """Do what a fan-out does before its first post."""
    now = server.clock.now
    server.events.begin(envelope.id, now=int(now))
    entries = server.log.put(envelope, server.log.place(envelope, now=now), now=now)
    assert {entry.event_id for entry in entries} == {envelope.id}


def ended(server: Server, envelope: Envelope) -> None:
    """Do what a fan-out does after its last post."""
    if server.events.complete(envelope.id, now=server.clock.now):
        server.log.release(envelope.id, envelope.rooms)


class Json:
    """A JSON client that is back, and a room's log."""

    def __init__(self, server: Server) -> None:
        self.server = server
        server.connect("j1", server.principal(), protocol="json")
        server.say('{"action":"ping"}', "j1")

    def log(self, *made: float, room: str = ROOM) -> list[Envelope]:
        """Fan out events that were made so many seconds ago; nobody is in the room."""
        now = self.server.clock.now
        return [self.server.publish(room, made=now - ago, number=int(ago)) for ago in made]

    def subscribe(self, since: Any, room: str = ROOM) -> dict[str, Any]:
        frame = json.dumps({"action": "subscribe", "room": room, "since": since})
        reply: dict[str, Any] = json.loads(self.server.say(frame, "j1"))
        return reply

    def heard(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.server.heard("j1")]

    def ids(self) -> list[str]:
        return [event["id"] for event in self.heard()]


@pytest.fixture
def server(dynamodb: Any) -> Server:
    return Server(dynamodb)


@pytest.fixture
def client(server: Server) -> Json:
    return Json(server)


class TestSince:
    def test_what_came_after_it_in_the_order_of_positions(self, client: Json) -> None:
        first, *missed = client.log(50, 30, 40, 20)
        reply = client.subscribe(first.id)
        assert reply == {"status": "success", "room": ROOM, "recovered": True, "replayed": 3}
        assert client.ids() == [event.id for event in missed]
        seqs = [event["seq"] for event in client.heard()]
        assert seqs == list(range(seqs[0], seqs[0] + 3))
        assert all(event["room"] == ROOM for event in client.heard())

    def test_an_event_that_was_also_for_a_room_whose_kind_is_gone(
        self, client: Json, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (first,) = client.log(50)
        monkeypatch.setenv("ROOMCAST_ROOM_KINDS", '{"team": "authenticated"}')
        (event,) = client.log(40)
        both = replace(event, id=f"{event.id}-2", rooms=(ROOM, "team:red"))
        begun(client.server, both)
        ended(client.server, both)
        monkeypatch.delenv("ROOMCAST_ROOM_KINDS")
        reply = client.subscribe(first.id)
        assert (reply["recovered"], reply["replayed"]) == (True, 2)
        assert client.ids() == [event.id, both.id]

    def test_nothing_was_missed(self, client: Json) -> None:
        *_, last = client.log(50, 40)
        reply = client.subscribe(last.id)
        assert (reply["recovered"], reply["replayed"]) == (True, 0)
        assert client.ids() == []

    def test_other_rooms_stay_out(self, client: Json) -> None:
        (first,) = client.log(50)
        client.log(40, room="project:p2")
        assert client.subscribe(first.id)["replayed"] == 0
        assert client.ids() == []

    def test_an_earlier_event_that_was_logged_later(self, client: Json) -> None:
        last, late = client.log(40, 50)
        assert late.id < last.id
        reply = client.subscribe(last.id)
        assert (reply["recovered"], reply["replayed"]) == (True, 1)
        assert client.ids() == [late.id]

    def test_an_earlier_event_whose_fan_out_had_not_ended(self, client: Json) -> None:
        server = client.server
        slow = server.envelope(ROOM, made=server.clock.now - 2)
        begun(server, slow)
        last = server.publish(ROOM)
        server.clock.advance(10 * MINUTE)
        ended(server, slow)
        assert client.subscribe(last.id)["replayed"] == 1
        assert client.ids() == [slow.id]

    @pytest.mark.parametrize("done", [0, 1, 2], ids=["nothing yet", "some", "all"])
    def test_an_earlier_event_whose_rest_is_in_the_queue(self, client: Json, done: int) -> None:
        server = client.server
        queued = server.envelope(ROOM, made=server.clock.now - 2)
        begun(server, queued)
        for work in ("a", "b"):
            server.events.note_queued(queued.id, work)
        ended(server, queued)
        for work in ("a", "b")[:done]:
            if server.events.note_done(queued.id, work, now=server.clock.now):
                server.log.release(queued.id, queued.rooms)
        last = server.publish(ROOM)
        assert client.subscribe(last.id)["replayed"] == int(done < 2)

    def test_work_done_twice_is_done_once(self, client: Json) -> None:
        server = client.server
        queued = server.envelope(ROOM, made=server.clock.now - 2)
        server.events.begin(queued.id, now=0)
        for work in ("0/0/a", "0/0/b"):
            server.events.note_queued(queued.id, work)
        assert not server.events.complete(queued.id, now=1)
        for _ in range(2):
            assert not server.events.note_done(queued.id, "0/0/a", now=2)
        assert server.events.under_way([queued.id], at=3000) == {queued.id}
        assert server.events.note_done(queued.id, "0/0/b", now=2)
        assert server.events.under_way([queued.id], at=3000) == frozenset()
        assert server.events.under_way([queued.id], at=1999) == {queued.id}

    def test_joins_before_it_replays(self, client: Json) -> None:
        (first,) = client.log(50)
        client.subscribe(first.id)
        live = client.server.publish(ROOM)
        assert client.ids() == [live.id]

    def test_without_it_nothing_is_replayed(self, client: Json) -> None:
        client.log(50)
        assert client.subscribe(None) == {"status": "success", "room": ROOM}
        assert client.ids() == []


class TestNotRecovered:
    @pytest.mark.parametrize(
        "since",
        [
            "",
            "5",
            "yesterday",
            "6f1c0f9e-0000-4000-8000-000000000001",
            "01890A5D-AC96-774B-BCCE-B302099A8057",
            "01890a5d-ac96-774b-bcce-b302099a8057 ",
            "01890a5d-ac96-774b-bcce-b302099a8057",
            "٠1890a5d-ac96-774b-bcce-b302099a8057",
            "\ud800",
            "x" * 9999,
        ],
    )
    def test_what_is_no_id_of_the_log(self, client: Json, since: str) -> None:
        client.log(50)
        reply = client.subscribe(since)
        assert reply == {"status": "success", "room": ROOM, "recovered": False, "replayed": 0}
        assert client.server.members(ROOM) == ["j1"]

    @pytest.mark.parametrize("since", [True, [], {}, 5.0])
    def test_what_is_neither_an_id_nor_a_position_is_refused(
        self, client: Json, since: Any
    ) -> None:
        assert client.subscribe(since)["code"] == "INVALID_MESSAGE"
        assert client.server.members(ROOM) == []

    @pytest.mark.parametrize(("age", "recovered"), [(24 * HOUR - 120, True), (24 * HOUR, False)])
    def test_too_old(self, client: Json, age: int, recovered: bool) -> None:
        (first,) = client.log(0)
        client.server.clock.advance(age)
        client.server.connect("j1", client.server.principal(), protocol="json")
        client.log(50)
        reply = client.subscribe(first.id)
        assert (reply["recovered"], reply["replayed"]) == (recovered, int(recovered))

    def test_an_id_that_nobody_can_have_got_yet(self, client: Json) -> None:
        client.log(50)
        future = client.server.envelope(ROOM, made=client.server.clock.now + HOUR)
        assert client.subscribe(future.id)["recovered"] is False

    def test_a_post_that_fails(self, client: Json) -> None:
        first, *_ = client.log(50, 40, 30)
        client.server.gateway.open.discard("j1")
        reply = client.subscribe(first.id)
        assert (reply["recovered"], reply["replayed"]) == (False, 0)


def fill(server: Server, count: int, *, size: int = 0, room: str = ROOM) -> list[Envelope]:
    """Write a log, one event in 100 ms, each delivered before the next."""
    logged = []
    for number in range(count):
        server.clock.advance(0.1)
        envelope = server.envelope(room, number=number)
        envelope.data["pad"] = "x" * size
        begun(server, envelope)
        ended(server, envelope)
        logged.append(envelope)
    return logged


class TestMany:
    @pytest.fixture
    def server(self) -> Server:
        return Server(MemoryTables())

    def test_as_many_as_are_replayed(self, client: Json) -> None:
        first, *missed = fill(client.server, MOST_EVENTS)
        reply = client.subscribe(first.id)
        assert (reply["recovered"], reply["replayed"]) == (True, MOST_EVENTS - 1)
        assert client.ids() == [event.id for event in missed]

    def test_more_than_are_replayed(self, client: Json) -> None:
        first, *_ = fill(client.server, MOST_EVENTS + 2)
        reply = client.subscribe(first.id)
        assert reply["recovered"] is False

    def test_a_busy_room_in_which_one_event_was_missed(self, client: Json) -> None:
        *_, last, missed = fill(client.server, MOST_EVENTS + 50)
        reply = client.subscribe(last.id)
        assert (reply["recovered"], reply["replayed"]) == (True, 1)
        assert client.ids() == [missed.id]

    def test_events_that_fill_more_than_one_answer_of_the_table(self, client: Json) -> None:
        first, *missed = fill(client.server, 15, size=100_000)
        reply = client.subscribe(first.id)
        assert (reply["recovered"], reply["replayed"]) == (True, 14)
        assert client.ids() == [event.id for event in missed]


class Recovering:
    """A Socket.IO client that asked for recovery and was in a project's room."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.number = 1
        server.connect("c1")
        self.pid = server.begin(recover=True)["pid"]
        server.ask("subscribe", room=ROOM)
        self.offset = server.publish(ROOM).id

    @property
    def connection_id(self) -> str:
        return f"c{self.number}"

    def drop(self) -> None:
        self.server.drop(self.connection_id)

    def come_back(self, **auth: Any) -> str:
        """Connect anew with what the client keeps; return the pid it is told."""
        self.number += 1
        self.server.connect(self.connection_id)
        kept = {"pid": self.pid, "offset": self.offset, "recover": True}
        reply = self.server.begin("/ws", self.connection_id, **{**kept, **auth})
        return str(reply.get("pid", ""))

    def rooms(self) -> list[str]:
        rooms: list[str] = self.server.ask("debug:rooms", self.connection_id)["rooms"]
        return rooms

    def ids(self) -> list[str]:
        """Return the offsets that came on the present connection."""
        frames = self.server.heard(self.connection_id)
        return [json.loads(frame.removeprefix("42/ws,"))[-1] for frame in frames]


@pytest.fixture
def key_limit(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    limit_keys(server.dynamodb, monkeypatch)


@pytest.fixture
def lost(server: Server) -> Recovering:
    return Recovering(server)


class TestRecovery:
    def test_what_was_missed_and_then_what_comes(self, lost: Recovering) -> None:
        lost.drop()
        missed = [lost.server.publish(ROOM), lost.server.publish("global")]
        lost.server.publish("project:p2")
        assert lost.come_back() == lost.pid
        assert lost.ids() == [event.id for event in missed]
        assert lost.rooms() == ["global", f"user:{USER}", ROOM]
        live = lost.server.publish(ROOM)
        assert lost.ids()[2:] == [live.id]

    @pytest.mark.parametrize("stays", [True, False])
    def test_a_room_of_a_kind_that_the_deployment_adds(
        self, lost: Recovering, monkeypatch: pytest.MonkeyPatch, stays: bool
    ) -> None:
        monkeypatch.setenv("ROOMCAST_ROOM_KINDS", '{"team": {"claim": "teams"}}')
        server = lost.server
        server.tokens["good"] = server.principal(rooms=frozenset({"team:red"}))
        server.ask("authenticate", token="good")  # noqa: S106 - a name for a principal
        assert server.ask("subscribe", room="team:red")["status"] == "success"
        lost.drop()
        missed = server.publish("team:red")
        if not stays:
            monkeypatch.delenv("ROOMCAST_ROOM_KINDS")
        assert lost.come_back() == lost.pid
        assert lost.ids() == [missed.id] * stays
        assert lost.rooms() == ["global", f"user:{USER}", ROOM, *["team:red"] * stays]

    def test_the_offset_is_the_last_argument(self, lost: Recovering) -> None:
        lost.drop()
        missed = lost.server.publish(ROOM)
        lost.come_back()
        (frame,) = lost.server.heard("c2")
        name, envelope, offset = json.loads(frame.removeprefix("42/ws,"))
        assert (name, offset) == (missed.type, missed.id)
        assert envelope == missed.for_room(ROOM)

    def test_one_copy_of_an_event_of_two_rooms(self, lost: Recovering) -> None:
        lost.drop()
        missed = lost.server.publish(ROOM, "global")
        lost.come_back()
        assert lost.ids() == [missed.id]

    def test_before_the_loss_was_noticed(self, lost: Recovering) -> None:
        lost.server.gateway.open.discard("c1")
        lost.server.clock.advance(1)
        missed = lost.server.envelope(ROOM, made=lost.server.clock.now)
        begun(lost.server, missed)
        assert lost.come_back() == lost.pid
        assert lost.ids() == [missed.id]
        assert ROOM in lost.rooms()

    @pytest.mark.parametrize("second_loss_is_noticed", [True, False])
    def test_a_loss_noticed_late_does_not_take_the_secret_back(
        self, lost: Recovering, *, second_loss_is_noticed: bool
    ) -> None:
        lost.come_back()
        lost.server.ask("subscribe", "c2", room="project:p2")
        lost.server.drop("c1")
        if second_loss_is_noticed:
            lost.drop()
        assert lost.come_back() == lost.pid
        assert "project:p2" in lost.rooms()

    def test_twice(self, lost: Recovering) -> None:
        for _ in range(2):
            lost.drop()
            missed = lost.server.publish(ROOM)
            assert lost.come_back() == lost.pid
            assert lost.ids() == [missed.id]
            lost.offset = missed.id
            assert ROOM in lost.rooms()

    def test_twice_from_the_same_event_on(self, lost: Recovering) -> None:
        lost.drop()
        first = lost.server.publish(ROOM)
        lost.come_back()
        lost.drop()
        second = lost.server.publish(ROOM)
        assert lost.come_back() == lost.pid
        assert lost.ids() == [first.id, second.id]

    def test_an_earlier_event_that_was_logged_later(self, lost: Recovering) -> None:
        server = lost.server
        late = server.envelope(ROOM, made=server.clock.now - 1)
        lost.drop()
        server.clock.advance(1)
        begun(server, late)
        assert late.id < lost.offset
        lost.come_back()
        assert lost.ids() == [late.id]

    def test_an_earlier_event_whose_fan_out_had_not_ended(self, lost: Recovering) -> None:
        server = lost.server
        beside = server.envelope(ROOM)
        begun(server, beside)
        lost.offset = server.publish(ROOM).id
        server.clock.advance(0.5)
        ended(server, beside)
        lost.drop()
        lost.come_back()
        assert lost.ids() == [beside.id]

    def test_a_crash_before_the_session_was_kept(self, lost: Recovering) -> None:
        lost.server.connections.delete("c1")
        assert lost.come_back() == lost.pid
        assert ROOM in lost.rooms()

    def test_rooms_that_the_new_token_does_not_open(self, lost: Recovering) -> None:
        lost.server.ask("subscribe", room="project:p2")
        lost.drop()
        lost.server.publish("project:p2")
        seen = lost.server.publish(ROOM)
        narrow = Grant(ids=frozenset({"p1"}))
        lost.server.tokens["narrow"] = lost.server.principal(projects=narrow)
        lost.come_back(token="narrow")  # noqa: S106 - a name for a principal
        assert lost.ids() == [seen.id]
        assert lost.rooms() == ["global", f"user:{USER}", ROOM]

    def test_a_room_that_was_left_on_purpose(self, lost: Recovering) -> None:
        lost.server.ask("unsubscribe", room="global")
        lost.drop()
        lost.server.publish("global")
        lost.come_back()
        assert lost.rooms() == [f"user:{USER}", ROOM]
        assert lost.ids() == []

    def test_an_offset_outside_the_log_and_a_late_event(self, lost: Recovering) -> None:
        """The greeting is an offset too, but in no log."""
        server = lost.server
        late = server.envelope(ROOM, number=9)
        server.clock.advance(1)
        lost.offset = server.envelope(ROOM, number=10).id  # as that of the greeting
        lost.drop()
        server.clock.advance(1)
        server.broadcast(late)
        pid = lost.come_back()
        assert pid == lost.pid
        assert late.id in lost.ids()


class TestHowLong:
    """A session can be recovered for three hours from its loss, not from its beginning."""

    @pytest.mark.parametrize(
        ("before", "after", "recovered"),
        [(10, 3 * HOUR - 60, True), (2 * HOUR, 3 * HOUR - 60, True), (10, 3 * HOUR, False)],
    )
    def test_from_its_loss(
        self, lost: Recovering, before: int, after: int, recovered: bool
    ) -> None:
        server = lost.server
        server.clock.advance(before)
        lost.drop()
        server.clock.advance(after)
        server.tokens["good"] = server.principal()
        assert (lost.come_back() == lost.pid) == recovered
        assert (ROOM in lost.rooms()) == recovered

    @pytest.mark.parametrize(("age", "recovered"), [(5 * HOUR - 60, True), (5 * HOUR, False)])
    def test_whose_loss_was_never_noticed(
        self, lost: Recovering, age: int, recovered: bool
    ) -> None:
        server = lost.server
        server.gateway.open.discard("c1")
        server.clock.advance(age)
        server.tokens["good"] = server.principal()
        assert (lost.come_back() == lost.pid) == recovered

    def test_a_crash_between_its_end_and_its_rooms(self, lost: Recovering) -> None:
        """Nobody knows its rooms any more: it must not come back in fewer of them."""
        lost.server.connections.delete("c1#/ws")
        assert lost.come_back() not in ("", lost.pid)


class TestNoRecovery:
    def test_another_users_secret(self, lost: Recovering) -> None:
        lost.drop()
        lost.server.publish(ROOM)
        lost.server.tokens["other"] = lost.server.principal(OTHER)
        pid = lost.come_back(token="other")  # noqa: S106 - a name for a principal
        assert pid not in ("", lost.pid)
        assert lost.ids() == []
        assert lost.rooms() == ["global", f"user:{OTHER}"]

    @pytest.mark.parametrize(
        "auth",
        [
            {"pid": "unknown"},
            {"pid": ""},
            {"pid": None},
            {"pid": 5},
            {"pid": ["a"]},
            {"pid": "\ud800"},
            {"pid": "c1#/ws"},
            {"offset": None},
            {"offset": 5},
        ],
    )
    def test_what_is_nobodys_secret(self, lost: Recovering, auth: dict[str, Any]) -> None:
        lost.drop()
        lost.server.publish(ROOM)
        assert lost.come_back(**auth) not in ("", lost.pid)
        assert lost.ids() == []
        assert lost.rooms() == ["global", f"user:{USER}"]

    @pytest.mark.usefixtures("key_limit")
    def test_a_secret_longer_than_a_key(self, lost: Recovering) -> None:
        assert lost.come_back(pid="p" * 4000) not in ("", lost.pid)

    @pytest.mark.parametrize(
        "offset", ["", "5", "not-an-id", "6f1c0f9e-0000-4000-8000-000000000001"]
    )
    def test_an_offset_that_is_no_id(self, lost: Recovering, offset: str) -> None:
        lost.drop()
        assert lost.come_back(offset=offset) not in ("", lost.pid)
        assert lost.ids() == []
        assert ROOM in lost.rooms()

    def test_an_offset_that_is_too_old(self, lost: Recovering) -> None:
        old = lost.server.envelope(ROOM, made=lost.server.clock.now - 25 * HOUR)
        lost.drop()
        fresh = lost.come_back(offset=old.id)
        assert fresh not in ("", lost.pid)
        assert lost.ids() == []
        lost.pid, lost.offset = fresh, lost.server.publish(ROOM).id
        lost.drop()
        assert lost.come_back() == fresh

    def test_a_post_that_fails(self, lost: Recovering) -> None:
        lost.drop()
        lost.server.publish(ROOM)
        lost.server.gateway.fail("c2", Outcome.FAILED)
        assert lost.come_back() not in ("", lost.pid)

    def test_without_asking_again_there_is_no_secret(self, lost: Recovering) -> None:
        lost.drop()
        assert lost.come_back(recover=False) == ""

    def test_without_asking_again_an_old_offset_makes_no_secret(self, lost: Recovering) -> None:
        lost.drop()
        old = lost.server.envelope(ROOM, made=lost.server.clock.now - 25 * HOUR)
        assert lost.come_back(recover=False, offset=old.id) == ""

    def test_without_asking_again_nothing_is_replayed(self, lost: Recovering) -> None:
        lost.drop()
        lost.server.publish("global")
        lost.come_back(recover=False)
        assert lost.server.heard("c2") == []

    def test_a_session_that_its_client_ended(self, lost: Recovering) -> None:
        lost.server.say("41/ws,")
        lost.drop()
        assert lost.come_back() not in ("", lost.pid)
        assert ROOM not in lost.rooms()

    def test_a_session_that_its_client_ended_on_the_same_connection(self, lost: Recovering) -> None:
        lost.server.say("41/ws,")
        auth = {"recover": True, "pid": lost.pid, "offset": lost.offset}
        assert lost.server.begin("/ws", "c1", **auth)["pid"] not in ("", lost.pid)
        assert ROOM not in lost.rooms()

    def test_too_much_was_missed(self) -> None:
        lost = Recovering(Server(MemoryTables()))
        lost.drop()
        fill(lost.server, MOST_EVENTS + 1)
        assert lost.come_back() not in ("", lost.pid)

    def test_a_loss_during_the_replay_leaves_nothing(
        self, lost: Recovering, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def gone(_connection_id: str, _frame: bytes) -> Outcome:
            lost.server.drop("c2")
            return Outcome.GONE

        lost.drop()
        lost.server.publish(ROOM)
        monkeypatch.setattr(lost.server.gateway, "post", gone)
        lost.come_back()
        assert lost.server.rows("connections") == lost.server.rows("rooms") == []


class TestWhateverTheClocks:
    """Replay goes by positions: neither ids nor the clocks of publishers decide anything."""

    @pytest.mark.parametrize("seconds", [-86_400, -600, -70, -1, 5, 70, 86_400])
    def test_a_publishers_clock(self, client: Json, seconds: float) -> None:
        server = client.server
        first = server.publish(ROOM, number=1)
        wrong = server.publish(ROOM, made=server.clock.now + seconds, number=2)
        last = server.publish(ROOM, number=3)
        assert client.subscribe(first.id)["recovered"] is True
        assert client.ids() == [wrong.id, last.id]
        client.subscribe(wrong.id)
        assert client.ids()[2:] == [last.id]

    @pytest.mark.parametrize(
        "own",
        ["order-42", "0012c0de-0000-4000-8000-000000000001", "f012c0de-0000-4000-8000-000000000001",
         "01HZY7Q2W3E4R5T6Y7U8I9O0PA", "x" * 3000, "é\n\x00", "5", "~"],
    )  # fmt: skip
    def test_a_publishers_own_id(self, client: Json, own: str) -> None:
        server = client.server
        first = server.publish(ROOM, number=1)
        strange = replace(server.envelope(ROOM, number=2), id=own)
        server.broadcast(strange)
        last = server.publish(ROOM, number=3)
        assert client.subscribe(first.id)["recovered"] is True
        assert client.ids() == [own, last.id]
        assert client.subscribe(own) | {"id": 0} == {
            "status": "success", "room": ROOM, "recovered": True, "replayed": 1, "id": 0
        }  # fmt: skip
        assert client.ids()[2:] == [last.id]

    @pytest.mark.parametrize("late", [MINUTE, 6 * MINUTE, 5 * HOUR])
    def test_an_event_that_was_long_on_its_way(self, client: Json, late: int) -> None:
        server = client.server
        slow = server.envelope(ROOM, number=1)
        server.clock.advance(late)
        server.connect("j1", server.principal(), protocol="json")
        got = server.publish(ROOM, number=2)
        server.clock.advance(1)
        server.broadcast(slow)
        assert client.subscribe(got.id)["replayed"] == 1
        assert client.ids() == [slow.id]

    @pytest.mark.parametrize("behind", [0.5, 8])
    def test_a_container_whose_clock_is_behind(self, client: Json, behind: float) -> None:
        server = client.server
        first = server.publish(ROOM, number=1)
        server.clock.advance(-behind)
        second = server.publish(ROOM, number=2)
        server.clock.advance(behind)
        assert client.subscribe(first.id)["replayed"] == 1
        assert client.ids() == [second.id]

    def test_an_event_that_was_got_through_another_room(self, client: Json) -> None:
        server = client.server
        server.publish(ROOM, number=1)
        server.clock.advance(MINUTE)
        elsewhere = server.publish("project:p2", number=2)
        missed = server.publish(ROOM, number=3)
        assert client.subscribe(elsewhere.id)["recovered"] is True
        assert client.ids() == [missed.id]


class TestPosition:
    def test_is_where_a_client_goes_on(self, client: Json) -> None:
        first, second, third = client.log(50, 40, 30)
        client.subscribe(first.id)
        seq = client.heard()[0]["seq"]
        assert client.ids() == [second.id, third.id]
        assert client.subscribe(seq)["replayed"] == 1
        assert client.ids()[2:] == [third.id]
        assert client.subscribe(seq + 1)["replayed"] == 0

    @pytest.mark.parametrize("position", [-1, 0, 1, 10**15, 10**16, 10**40])
    def test_that_is_not_in_the_log(self, client: Json, position: int) -> None:
        client.log(50)
        assert client.subscribe(position)["recovered"] is False

    def test_of_a_room_without_events(self, client: Json) -> None:
        assert client.subscribe(1_800_000_000_000)["recovered"] is False

    def test_without_an_event_nothing_can_be_missing(self, client: Json) -> None:
        greeting = client.server.envelope(ROOM)
        assert client.subscribe(greeting.id)["recovered"] is True

    def test_that_was_never_logged_is_no_reason_to_lie(self, client: Json) -> None:
        """A fan-out ended between its position and its entry, and comes again."""
        server = client.server
        first = server.publish(ROOM, number=1)
        broken = server.envelope(ROOM, number=2)
        server.log.place(broken, now=server.clock.now)
        last = server.publish(ROOM, number=3)
        assert client.subscribe(first.id)["recovered"] is True
        assert client.ids() == [last.id]
        server.broadcast(broken)
        assert client.ids() == [last.id, broken.id]
        assert client.heard()[1]["seq"] > client.heard()[0]["seq"]

    def test_events_of_containers_that_know_no_positions(self, client: Json) -> None:
        server = client.server
        first = server.publish(ROOM)
        item = {"room": ROOM, "event_id": "0197", "detail": "{}"}
        row: dict[str, Any] = {name: {"S": value} for name, value in item.items()}
        row["ttl"] = {"N": str(int(server.clock.now) + HOUR)}
        server.dynamodb.put_item(TableName="events", Item=row)
        assert client.subscribe(first.id)["recovered"] is False
        server.clock.advance(HOUR)
        server.connect("j1", server.principal(), protocol="json")
        assert client.subscribe(first.id)["recovered"] is True


class TestOneBudget:
    """However many rooms there are, one answer takes no more than one room's."""

    @pytest.fixture
    def server(self) -> Server:
        return Server(MemoryTables())

    def come_back(self, lost: Recovering, *rooms: str, each: int, size: int = 0) -> bool:
        for room in rooms:
            lost.server.clock.advance(2)
            lost.server.ask("subscribe", room=room)
        lost.drop()
        lost.server.clock.advance(60)
        for room in rooms:
            fill(lost.server, each, size=size, room=room)
        return bool(lost.come_back() == lost.pid)

    @pytest.mark.parametrize(("each", "recovered"), [(100, True), (101, False)])
    def test_of_events(self, lost: Recovering, each: int, recovered: bool) -> None:
        assert self.come_back(lost, ROOM, "project:p2", each=each) == recovered
        assert len(lost.ids()) <= MOST_EVENTS

    @pytest.mark.parametrize(("each", "recovered"), [(9, True), (12, False)])
    def test_of_bytes(self, lost: Recovering, each: int, recovered: bool) -> None:
        assert self.come_back(lost, ROOM, "project:p2", each=each, size=100_000) == recovered
        frames = lost.server.gateway.sent["c2"]
        assert sum(map(len, frames)) <= 2 * 1024 * 1024

    def test_of_time(self, lost: Recovering, monkeypatch: pytest.MonkeyPatch) -> None:
        post = lost.server.gateway.post

        def slow(connection_id: str, frame: bytes) -> Outcome:
            lost.server.clock.advance(1)
            return post(connection_id, frame)

        monkeypatch.setattr(lost.server.gateway, "post", slow)
        assert not self.come_back(lost, ROOM, each=30)
        assert len(lost.ids()) == 10

    def test_ten_events_count_as_a_command(self, client: Json) -> None:
        first, *_ = fill(client.server, 151)
        assert client.subscribe(first.id)["replayed"] == 150
        answers = [
            json.loads(client.server.dispatcher.answer("j1", '{"action":"ping"}'))
            for _ in range(20)
        ]
        taken = [answer for answer in answers if answer["status"] == "pong"]
        assert len(taken) == 20 - 1 - 15

    def test_a_recovery_counts_against_the_connection(self, lost: Recovering) -> None:
        assert self.come_back(lost, ROOM, each=200)
        answers = [lost.server.dispatcher.answer("c2", '42/ws,1["ping"]') for _ in range(3)]
        assert all("RATE_LIMITED" in answer for answer in answers)

    def test_a_replay_that_breaks_off_is_repeated_from_where_it_began(self, client: Json) -> None:
        """The client goes on from a later event only when `subscribe` has been answered."""
        server = client.server
        first, *missed = fill(server, 30)
        server.gateway.fail("j1", *[Outcome.SENT] * 7, Outcome.GONE)
        assert client.subscribe(first.id)["recovered"] is False
        assert client.subscribe(first.id)["recovered"] is True
        assert client.ids()[-29:] == [event.id for event in missed]
