"""Every verdict on why a user did not get an event, on the real stores and the real fan-out."""

import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from roomcast.envelope import Envelope
from roomcast.rooms import Room
from roomcast.schema import explanations
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.explain.explanation import MOST_CONNECTIONS, Explainer
from roomcast_backend.explain.verdicts import Verdict
from roomcast_backend.model.access import Grant
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.stores.events import EventStore
from tests.documents import ROOT
from tests.fakes.socketio_server import HOUR, USER, Server

ROOM = "project:p1"
OTHER_ROOM = "project:p2"


class House:
    """A service, its user, and what is explained of events."""

    def __init__(self, dynamodb: Any) -> None:
        self.server = Server(dynamodb)
        self.explainer = Explainer(
            fan_outs=self.server.events,
            log=self.server.log,
            rooms=self.server.rooms,
            connections=self.server.connections,
            ended=self.server.ended_access,
            keep=24 * HOUR,
            clock=self.server.clock,
        )

    def connect(self, connection_id: str = "j1", **principal: Any) -> None:
        self.server.connect(connection_id, self.server.principal(**principal), protocol="json")
        self.server.say('{"action":"ping"}', connection_id)

    def join(self, room: str = ROOM, connection_id: str = "j1", **body: Any) -> None:
        frame = json.dumps({"action": "subscribe", "room": room, **body})
        reply = json.loads(self.server.say(frame, connection_id))
        assert reply["status"] == "success", reply

    def publish(self, *rooms: str, after: float = 10) -> str:
        """Publish an event some seconds after what was done; return its id some seconds later."""
        self.server.clock.advance(after)
        event_id = self.server.publish(*(rooms or (ROOM,))).id
        self.server.clock.advance(10)
        return event_id

    def explain(self, event_id: str, user: str = USER, tenant: str = "") -> dict[str, Any]:
        answer = self.explainer.explain(event_id, Room("user", user).of(tenant))
        explanations.Explanation.model_validate(answer, extra="forbid")
        return answer

    def verdict(self, event_id: str) -> str:
        return str(self.explain(event_id)["verdict"])


@pytest.fixture
def house(dynamodb: Any) -> House:
    return House(dynamodb)


class TestVerdicts:
    def test_posted(self, house: House) -> None:
        house.connect()
        house.join()
        answer = house.explain(house.publish())
        assert answer["verdict"] == "posted"
        assert answer["event"]["fan_out"] == "ended"
        assert answer["event"]["posts"] == 1
        assert answer["connections"][0]["memberships"][0]["room"] == ROOM

    def test_not_subscribed(self, house: House) -> None:
        house.connect()
        answer = house.explain(house.publish())
        assert answer["verdict"] == "not_subscribed"
        assert "is not known" in answer["reason"]
        assert answer["rooms"][0]["may_join"] is True

    def test_who_left_is_told_when(self, house: House) -> None:
        house.connect()
        house.join()
        event_id = house.publish()
        house.server.say(json.dumps({"action": "unsubscribe", "room": ROOM}), "j1")
        answer = house.explain(event_id)
        assert answer["verdict"] == "not_subscribed"

    def test_not_allowed(self, house: House) -> None:
        house.connect(projects=Grant())
        answer = house.explain(house.publish())
        assert answer["verdict"] == "not_allowed"
        assert answer["rooms"][0]["may_join"] is False

    def test_joined_later(self, house: House) -> None:
        house.connect()
        event_id = house.publish()
        house.join()
        answer = house.explain(event_id)
        assert answer["verdict"] == "joined_later"
        assert "was a member before is not known" in answer["reason"]
        assert "`since`" in answer["next"]

    def test_connected_later_and_in_no_room_of_it(self, house: House) -> None:
        event_id = house.publish()
        house.connect()
        assert house.verdict(event_id) == "connected_later"

    def test_connected_later_and_in_its_room(self, house: House) -> None:
        event_id = house.publish()
        house.connect()
        house.join()
        assert house.verdict(event_id) == "connected_later"

    def test_a_replay_that_brings_it_no_more(self, house: House) -> None:
        event_id = house.publish()
        house.server.clock.advance(24 * HOUR + 60)
        house.connect()
        answer = house.explain(event_id)
        assert "replay_until" not in answer["rooms"][0]
        assert "no replay" in answer["next"]

    def test_joined_just_then(self, house: House) -> None:
        house.connect()
        house.join()
        assert house.verdict(house.publish(after=0)) == "meanwhile"

    def test_filtered(self, house: House) -> None:
        house.connect()
        house.join(types=["pr.*"])
        answer = house.explain(house.publish())
        assert answer["verdict"] == "filtered"
        assert answer["connections"][0]["memberships"][0]["types"] == ["pr.*"]

    def test_muted(self, house: House) -> None:
        house.connect()
        house.server.say('{"action":"unsubscribe","room":"global"}', "j1")
        assert house.verdict(house.publish("global")) == "muted"

    def test_muted_later_claims_nothing_of_before(self, house: House) -> None:
        house.connect()
        event_id = house.publish("global")
        house.server.say('{"action":"unsubscribe","room":"global"}', "j1")
        answer = house.explain(event_id)
        assert answer["verdict"] == "muted"
        assert "is not known" in answer["reason"]

    def test_expired(self, house: House) -> None:
        """Who closes such a connection may not have come yet: its rows are still there."""
        house.connect(expires_at=int(house.server.clock.now) + 30)
        house.join()
        house.server.clock.advance(60)
        kept = house.server.terminator.close_expired
        house.server.terminator.close_expired = lambda *_, **__: 0  # type: ignore[method-assign]
        event_id = house.publish()
        house.server.terminator.close_expired = kept  # type: ignore[method-assign]
        assert house.verdict(event_id) == "expired"

    def test_access_ended_by_a_removal(self, house: House) -> None:
        house.connect()
        now = int(house.server.clock.now)
        house.server.ended_access.remove(USER, ROOM, ordered_at=now)
        assert house.verdict(house.publish()) == "access_ended"

    def test_access_ended_by_a_revocation(self, house: House) -> None:
        house.connect(issued_at=5)
        now = int(house.server.clock.now)
        house.server.ended_access.revoke(USER, issued_before=6, ordered_at=now)
        assert house.verdict(house.publish()) == "access_ended"

    def test_a_removal_before_the_connection_says_nothing_of_it(self, house: House) -> None:
        now = int(house.server.clock.now)
        house.server.ended_access.remove(USER, ROOM, ordered_at=now)
        house.server.clock.advance(60)
        house.connect()
        assert house.verdict(house.publish()) == "not_subscribed"

    def test_not_connected(self, house: House) -> None:
        answer = house.explain(house.publish())
        assert answer["verdict"] == "not_connected"
        assert answer["rooms"][0]["may_join"] is None

    def test_left_out_since_a_newer_one_told_it(self, house: House) -> None:
        house.connect()
        house.join()
        house.server.clock.advance(10)
        first = replace(house.server.envelope(ROOM), publisher="p", number=1)
        newer = replace(first, id="newer", number=2)
        for event in (newer, first):
            house.server.broadcast(event)
        house.server.clock.advance(10)
        answer = house.explain(first.id)
        assert answer["verdict"] == "left_out"
        assert answer["rooms"][0]["left_out"] is True
        assert house.verdict("newer") == "posted"

    def test_under_way(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        house.connect()
        house.join()
        house.server.clock.advance(10)
        event = house.server.envelope(ROOM)

        def fail(*_: Any, **__: Any) -> bool:
            raise AwsError("dynamodb", "UpdateItem", "down")

        monkeypatch.setattr(EventStore, "complete", fail)
        with pytest.raises(AwsError):
            house.server.broadcast(event)
        answer = house.explain(event.id)
        assert answer["verdict"] == "under_way"
        assert answer["event"]["fan_out"] == "begun"

    def test_parts_that_are_queued(self, house: House) -> None:
        house.connect()
        house.join()
        event_id = house.publish()
        house.server.events.note_queued(event_id, "0/0/a")
        answer = house.explain(event_id)
        assert (answer["verdict"], answer["event"]["fan_out"]) == ("under_way", "queued")
        house.server.events.note_done(
            event_id, "0/0/a", now=house.server.clock.now, count=EventCount(sent=3)
        )
        assert house.explain(event_id)["event"]["posts"] == 4

    def test_unknown(self, house: House) -> None:
        answer = house.explain("never")
        assert answer["event"] == {"id": "never", "known": False}
        assert answer["verdict"] == "unknown_event"

    def test_too_old(self, house: House) -> None:
        old = house.server.envelope(ROOM, made=house.server.clock.now - 25 * HOUR)
        assert "older than the 24 hours" in house.explain(old.id)["reason"]

    def test_a_row_of_an_earlier_version(self, house: House) -> None:
        house.server.events.begin("old", now=int(house.server.clock.now))
        answer = house.explain("old")
        assert answer["verdict"] == "unknown_event"
        assert "earlier version" in answer["reason"]

    def test_not_known_where_rooms_are_not_kept(self, house: House) -> None:
        house.connect()
        many = [f"project:{'x' * 100}{n}" for n in range(9)]
        answer = house.explain(house.publish(*many))
        assert answer["event"]["more_rooms"] == 9 - len(answer["rooms"])
        assert answer["verdict"] == "not_known"


class TestSeveral:
    def test_the_second_room_of_an_event_brings_it(self, house: House) -> None:
        house.connect()
        house.join(OTHER_ROOM)
        answer = house.explain(house.publish(ROOM, OTHER_ROOM))
        assert answer["verdict"] == "posted"
        assert OTHER_ROOM in answer["reason"]

    def test_connections_have_a_verdict_each(self, house: House) -> None:
        house.connect("j1")
        house.join(connection_id="j1")
        house.connect("j2")
        answer = house.explain(house.publish())
        found = {each["id"]: each["verdict"] for each in answer["connections"]}
        assert found == {"j1": "posted", "j2": "not_subscribed"}
        assert answer["verdict"] == "posted"

    def test_sessions_of_socket_io(self, house: House) -> None:
        house.server.connect("c1")
        house.server.begin("/ws")
        house.server.greeter.open("c1#/ws")
        assert house.server.ask("subscribe", room=ROOM)["status"] == "success"
        answer = house.explain(house.publish())
        assert [(each["id"], each["verdict"]) for each in answer["connections"]] == [
            ("c1#/ws", "posted")
        ]

    def test_more_connections_than_are_looked_at(self, house: House) -> None:
        for number in range(MOST_CONNECTIONS + 1):
            house.connect(f"j{number:03}")
        answer = house.explain(house.publish())
        assert len(answer["connections"]) == MOST_CONNECTIONS
        assert answer["more_connections"] is True
        assert answer["verdict"] == "not_known"

    def test_another_tenant_knows_nothing_of_it(self, house: House) -> None:
        house.connect()
        assert house.explain(house.publish(), tenant="acme")["verdict"] == "unknown_event"

    def test_ones_own_tenant(self, house: House) -> None:
        event: Envelope = house.server.envelope(ROOM).of("acme")
        house.server.broadcast(event)
        answer = house.explain(event.id, tenant="acme")
        assert (answer["verdict"], answer["rooms"][0]["room"]) == ("not_connected", ROOM)


class TestDocuments:
    def test_each_verdict_is_documented(self) -> None:
        text = (ROOT / "docs/troubleshooting.md").read_text()
        assert [each for each in Verdict if f"| `{each}` |" not in text] == []

    def test_the_schema_has_each_verdict(self) -> None:
        assert get_args(explanations.Verdict) == tuple(each.value for each in Verdict)
