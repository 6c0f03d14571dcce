"""`subscribe` with `types`: what a member wants of its room, in fan-out, replay and recovery."""

import json
import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools import Metrics

from roomcast.envelope import Envelope
from roomcast.rooms import Room
from roomcast_backend.fanout.metrics import add_metrics
from roomcast_backend.fanout.retry_policy import ATTEMPTS
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.type_filter import EVERYTHING, TypeFilter, parse
from tests.fakes.calls import Calls
from tests.fakes.socketio_server import USER, Server
from tests.functional.test_fanout import LONG_AGO, Metered, Service

ROOM = "project:p1"
OTHER_ROOM = "project:p2"
MINE = f"user:{USER}"


class Client:
    """A JSON client, and events of all types."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.number = 0
        server.connect("j1", server.principal(), protocol="json")
        self.say("ping")

    def say(self, action: str, **body: Any) -> dict[str, Any]:
        frame = json.dumps({"action": action, **body})
        reply: dict[str, Any] = json.loads(self.server.say(frame, "j1"))
        return reply

    def publish(self, event_type: str, *rooms: str) -> Envelope:
        return self.fan_out(event_type, *rooms)[0]

    def fan_out(self, event_type: str, *rooms: str) -> tuple[Envelope, Tally]:
        self.number += 1
        self.server.clock.advance(3)  # who joined less than two seconds ago may get two copies
        envelope = self.server.envelope(*(rooms or (ROOM,)), number=self.number)
        envelope = replace(envelope, type=event_type)
        return envelope, self.server.broadcast(envelope)

    def heard(self) -> list[tuple[str, str]]:
        """Return type and room of each event that came since the last call."""
        frames = [json.loads(frame) for frame in self.server.heard("j1")]
        self.server.gateway.sent["j1"].clear()
        return [(event["type"], event["room"]) for event in frames]

    def chosen(self) -> dict[str, TypeFilter]:
        """Return what the row of the connection tells, by room."""
        row = self.server.connections.get("j1")
        assert row is not None
        return dict(row.filters)

    def types(self, *published: str, rooms: Iterable[str] = (ROOM,)) -> list[str]:
        """Publish events of some types; return those that came."""
        for event_type in published:
            self.publish(event_type, *rooms)
        return [event_type for event_type, _ in self.heard()]


@pytest.fixture
def server(dynamodb: Any) -> Server:
    return Server(dynamodb)


@pytest.fixture
def client(server: Server) -> Client:
    return Client(server)


def stored(server: Server, room: str) -> list[TypeFilter]:
    """Return the filters of a room's members."""
    return [
        member.types
        for shard in server.rooms.shards(room)
        for member in server.rooms.page(room, shard, size=10).members
    ]


class TestSubscribe:
    def test_what_is_not_chosen_is_not_posted(self, client: Client) -> None:
        reply = client.say("subscribe", room=ROOM, types=["workflow.*", "pr.created"])
        assert reply == {"status": "success", "room": ROOM}
        sent = ["workflow.progress", "pr.updated", "pr.created", "project.updated"]
        assert client.types(*sent) == ["workflow.progress", "pr.created"]

    def test_who_is_left_out_is_counted(self, client: Client) -> None:
        client.say("subscribe", room=ROOM, types=["pr.created"])
        _, tally = client.fan_out("pr.updated")
        assert (tally.filtered, tally.outcomes.total()) == (1, 0)
        metrics = Metrics("Roomcast")
        counted = add_metrics(metrics, tally)
        metrics.clear_metrics()  # all of a process share them: the next handler would write these
        assert counted == {"filtered": 1, "posts_sent": 0}

    def test_a_second_one_replaces_it(self, client: Client) -> None:
        client.say("subscribe", room=ROOM, types=["a"])
        client.say("subscribe", room=ROOM, types=["b"])
        assert client.types("a", "b") == ["b"]
        client.say("subscribe", room=ROOM)
        assert client.types("a", "b") == ["a", "b"]

    def test_leaving_and_joining_forgets_it(self, client: Client) -> None:
        for room in (ROOM, "global", MINE):
            client.say("subscribe", room=room, types=["a"])
            client.say("unsubscribe", room=room)
            assert client.chosen() == {}
            client.say("subscribe", room=room)
            assert client.types("b", rooms=[room]) == ["b"]

    def test_many_rooms(self, client: Client) -> None:
        client.say("subscribe", room=ROOM)
        client.say("subscribe", rooms=[ROOM, OTHER_ROOM, "global"], types=["a"])
        for room in (ROOM, OTHER_ROOM, "global"):
            assert client.types("a", "b", rooms=[room]) == ["a"]
        client.say("subscribe", rooms=[ROOM, "global"])
        assert client.types("a", "b") == ["a", "b"]
        assert client.types("a", "b", rooms=["global"]) == ["a", "b"]
        assert client.types("a", "b", rooms=[OTHER_ROOM]) == ["a"]

    def test_many_rooms_without_types_end_their_lists(self, client: Client) -> None:
        client.say("subscribe", rooms=[ROOM, OTHER_ROOM], types=["a"])
        client.say("subscribe", rooms=[ROOM, OTHER_ROOM])
        assert client.chosen() == {}
        assert stored(client.server, ROOM) == stored(client.server, OTHER_ROOM) == [EVERYTHING]

    def test_leaving_many_forgets_it(self, client: Client) -> None:
        client.say("subscribe", rooms=[ROOM, "global"], types=["a"])
        client.say("unsubscribe", rooms=[ROOM, "global"])
        assert client.chosen() == {}
        assert stored(client.server, "global") == [EVERYTHING]
        client.say("subscribe", rooms=[ROOM, "global"])
        assert client.types("b") == ["b"]
        assert client.types("b", rooms=["global"]) == ["b"]

    def test_a_bad_list_changes_nothing(self, client: Client) -> None:
        client.say("subscribe", room=ROOM, types=["a"])
        reply = client.say("subscribe", room=ROOM, types=["*.b"])
        assert (reply["status"], reply["code"]) == ("error", "INVALID_MESSAGE")
        assert client.say("subscribe", rooms=[OTHER_ROOM], types=[])["code"] == "INVALID_MESSAGE"
        assert client.types("a", "b") == ["a"]
        assert client.server.members(OTHER_ROOM) == []

    def test_the_command_that_was_sent_last_wins(self, client: Client) -> None:
        dispatcher, now = client.server.dispatcher, int(client.server.clock.now * 1000)
        for at, types in ((now, ["late"]), (now - 1, ["early"])):
            frame = json.dumps({"action": "subscribe", "room": ROOM, "types": types})
            dispatcher.answer("j1", frame, at=at)
        assert stored(client.server, ROOM) == [parse(["late"])]

    def test_a_fresh_token_keeps_it(self, client: Client) -> None:
        for room in (ROOM, "global", MINE):
            client.say("subscribe", room=room, types=["a"])
        client.server.tokens["fresh"] = client.server.principal()
        assert client.say("authenticate", token="fresh")["status"] == "success"
        for room in (ROOM, "global", MINE):
            assert client.types("a", "b", rooms=[room]) == ["a"]

    def test_a_room_that_a_token_closes_forgets_it(self, client: Client) -> None:
        client.say("subscribe", room=ROOM, types=["a"])
        fresh = client.server.principal()
        client.server.tokens["narrow"] = replace(fresh, projects=type(fresh.projects)())
        client.server.tokens["fresh"] = fresh
        client.say("authenticate", token="narrow")
        client.say("authenticate", token="fresh")
        assert client.chosen() == {}

    def test_a_change_while_a_token_is_renewed_is_not_undone(self, client: Client) -> None:
        server = client.server
        client.say("subscribe", room=ROOM, types=["a"])
        before = server.connections.get("j1")
        assert before is not None
        client.say("subscribe", room=ROOM, types=["b"])
        result = server.memberships.renew(before, server.principal(), now=int(server.clock.now))
        assert result.value == "stale"
        assert stored(server, ROOM) == [parse(["b"])]


class TestTwoRooms:
    @pytest.mark.parametrize("seed", range(30))
    def test_one_copy_through_the_first_room_that_wants_it(self, client: Client, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        choices: list[list[str] | None] = [None, ["a"], ["b"], ["a", "c.*"], ["c.d"]]
        rooms = [ROOM, OTHER_ROOM, "global", MINE]
        wanted = {room: chance.choice(choices) for room in rooms}
        for room, types in wanted.items():
            client.say("subscribe", room=room, types=types)
        since = client.publish("start", *rooms)
        client.heard()
        expected = []
        for _ in range(6):
            order = chance.sample(rooms, chance.randint(1, 4))
            event_type = chance.choice(["a", "b", "c.d", "c.e"])
            client.publish(event_type, *order)
            takers = [
                room
                for room in order
                if wanted[room] is None or parse(wanted[room] or []).takes(event_type)
            ]
            expected += [(event_type, takers[0])] if takers else []
        assert client.heard() == expected
        for room in rooms:  # and what a replay of one room brings is what its filter takes
            reply = client.say("subscribe", room=room, types=wanted[room], since=since.id)
            taken = [each for each, _ in client.heard()]
            assert reply["replayed"] == len(taken)
            assert wanted[room] is None or all(map(parse(wanted[room] or []).takes, taken))


class TestReplay:
    def test_only_what_this_command_chooses(self, client: Client) -> None:
        first = client.publish("start")
        for event_type in ("a", "b", "a"):
            client.publish(event_type)
        reply = client.say("subscribe", room=ROOM, types=["a"], since=first.id)
        assert (reply["recovered"], reply["replayed"]) == (True, 2)
        assert client.heard() == [("a", ROOM), ("a", ROOM)]
        reply = client.say("subscribe", room=ROOM, since=first.id)
        assert (reply["recovered"], reply["replayed"]) == (True, 3)

    def test_many_rooms(self, client: Client) -> None:
        first = client.publish("start", ROOM, OTHER_ROOM)
        for event_type in ("a", "b"):
            client.publish(event_type, ROOM, OTHER_ROOM)
            client.publish(event_type, OTHER_ROOM)
        reply = client.say("subscribe", rooms=[ROOM, OTHER_ROOM], types=["a"], since=first.id)
        assert reply["replayed"] == len([ROOM, OTHER_ROOM])
        assert client.heard() == [("a", ROOM), ("a", OTHER_ROOM)]


class TestSocketIo:
    @pytest.fixture
    def pid(self, server: Server) -> str:
        server.connect("c1")
        pid: str = server.begin(recover=True)["pid"]
        assert server.ask("subscribe", room=ROOM, types=["a", "p.*"])["status"] == "success"
        server.ask("subscribe", room="global", types=["b"])
        return pid

    def names(self, server: Server, connection_id: str = "c1") -> list[str]:
        frames = server.heard(connection_id)
        return [json.loads(frame.removeprefix("42/ws,"))[0] for frame in frames]

    def publish(self, server: Server, event_type: str, room: str, number: int) -> Envelope:
        server.clock.advance(3)
        envelope = replace(server.envelope(room, number=number), type=event_type)
        server.broadcast(envelope)
        return envelope

    def test_a_session(self, server: Server, pid: str) -> None:
        assert pid
        for number, event_type in enumerate(["a", "b", "p.q"]):
            self.publish(server, event_type, ROOM, number)
        assert self.names(server) == ["a", "p.q"]

    @pytest.mark.parametrize("noticed", [True, False])
    def test_recovery_brings_and_keeps_what_was_chosen(
        self, server: Server, pid: str, noticed: bool
    ) -> None:
        offset = self.publish(server, "a", ROOM, 0).id
        if noticed:
            server.drop()
        for number, event_type in enumerate(["a", "b", "p.q"], start=1):
            self.publish(server, event_type, ROOM, number)
        self.publish(server, "a", "global", 5)
        server.connect("c2")
        again = server.begin("/ws", "c2", recover=True, pid=pid, offset=offset)
        assert again["pid"] == pid
        assert self.names(server, "c2") == ["a", "p.q"]
        server.gateway.sent["c2"].clear()
        for number, event_type in enumerate(["a", "b"], start=6):
            self.publish(server, event_type, ROOM, number)
            self.publish(server, event_type, "global", number + 10)
        assert self.names(server, "c2") == ["a", "b"]

    def test_a_session_that_begins_anew_has_none(self, server: Server) -> None:
        server.connect("c1")
        server.begin()
        server.ask("subscribe", room="global", types=["b"])
        server.say("41/ws,")
        server.begin()
        self.publish(server, "a", "global", 0)
        assert self.names(server) == ["a"]


class TestCalls:
    """What was chosen is read with the members, and written with the rooms."""

    def test_who_is_left_out_costs_no_post_and_no_read_more(self, dynamodb: Any) -> None:
        metered = Metered(dynamodb)
        metered.service.connect("a", ROOM)
        connection = metered.service.connections.get("a")
        assert connection is not None
        room = Room.parse(ROOM)
        metered.service.memberships.join(connection, room, now=0, types=parse(["pr.*"]))
        assert metered.publish(ROOM).counted == {"update_item": 5, "put_item": 1, "query": 1}

    @pytest.mark.parametrize("where", [{"room": ROOM}, {"rooms": [ROOM, "global"]}])
    def test_a_list_costs_no_call(self, dynamodb: Any, where: dict[str, Any]) -> None:
        calls = Calls()
        client = Client(Server(calls.wrap(dynamodb)))
        counted = []
        for more in ({}, {"types": ["pr.*"]}, {"types": ["pr.*"]}, {}):
            calls.clear()
            assert client.say("subscribe", **where, **more)["status"] == "success"
            counted.append(calls.counted)
        assert counted == counted[:1] * 4


class TestMany:
    """Pages that go to the queue, members that are reached later, in two rooms of the event."""

    def join(self, service: Service, connection_id: str, room: str, types: list[str]) -> None:
        connection = service.connections.get(connection_id)
        assert connection is not None
        then = int(service.clock.now) - LONG_AGO
        chosen = parse(types)
        service.memberships.join(connection, Room.parse(room), now=then, types=chosen)

    @pytest.mark.parametrize("seed", range(4))
    def test_each_gets_one_copy_through_the_first_room_that_takes_it(
        self, dynamodb: Any, seed: int
    ) -> None:
        chance = random.Random(seed)  # noqa: S311
        service = Service(dynamodb, page_size=5)
        rooms = (ROOM, "global")
        expected: dict[str, list[str]] = {}
        for number in range(40):
            name = f"c{number:02}"
            service.connect(name)
            joined = {}
            for room in chance.sample(rooms, chance.randint(1, 2)):
                joined[room] = chance.choice(["*", "project.*", "pr.*"])
                self.join(service, name, room, [joined[room]])
            takers = [room for room in rooms if joined.get(room, "pr.*") != "pr.*"]
            expected[name] = takers[:1]
        _, tally = service.publish(*rooms)
        assert tally.queued_pages
        service.work_off()
        heard = {name: [event["room"] for event in service.received(name)] for name in expected}
        assert heard == expected

    def test_a_member_that_is_reached_later_has_chosen_other_types_by_then(
        self, dynamodb: Any
    ) -> None:
        service = Service(dynamodb)
        for name in ("changes", "stays"):
            service.connect(name)
            self.join(service, name, ROOM, ["project.*"])
            service.gateway.fail(name, *[Outcome.FAILED] * ATTEMPTS)
        service.publish(ROOM)
        assert service.queue.messages
        self.join(service, "changes", ROOM, ["pr.*"])
        service.work_off()
        assert service.received("changes") == []
        assert len(service.received("stays")) == 1
