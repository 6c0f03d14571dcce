"""Two tenants and those of none, with the same ids everywhere: all that is theirs stays apart."""

import json
import random
from typing import Any

import pytest

from roomcast.access import DISCONNECT, REMOVE, REVOKE, Order
from roomcast.envelope import Envelope
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.fanout.work import Work
from roomcast_backend.inbound.room_names import room_of
from roomcast_backend.lifecycle.eviction import Ended, Evictor
from roomcast_backend.model.access import Principal
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.statistics.report import Statistics
from roomcast_backend.stores.census import Census
from roomcast_backend.stores.counters import CounterStore
from roomcast_backend.stores.event_counts import EventCounts
from tests.fakes.socketio_server import USER, Server

TENANTS = ("acme", "beta", "")
"""Two tenants, and those who belong to none."""

OWN = f"user:{USER}"
ROOMS = ["global", OWN, "agent:a1", "project:p1"]


class House(Server):
    """A service whose tokens are named after their tenants; `j-acme` is a JSON client of one."""

    def __init__(self, dynamodb: Any) -> None:
        super().__init__(dynamodb)
        for tenant in TENANTS:
            self.tokens[tenant or "none"] = self.of(tenant)
        self.evictor = Evictor(
            rooms=self.rooms,
            connections=self.connections,
            memberships=self.memberships,
            terminator=self.terminator,
            ended_access=self.ended_access,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def of(self, tenant: str, **changes: Any) -> Principal:
        return self.principal(tenant=tenant, **changes)

    def enter(self, tenant: str, name: str = "j", **changes: Any) -> str:
        """Connect a JSON client that joins two rooms beside the automatic ones."""
        connection_id = f"{name}-{tenant}"
        self.connect(connection_id, self.of(tenant, **changes), protocol="json")
        joined = self.tell(connection_id, action="subscribe", rooms=["project:p1", "agent:a1"])
        assert [each["status"] for each in joined["rooms"]] == ["success"] * 2
        return connection_id

    def tell(self, connection_id: str, **frame: Any) -> dict[str, Any]:
        reply: dict[str, Any] = json.loads(self.say(json.dumps(frame), connection_id))
        return reply

    def emit(self, tenant: str, *rooms: str, event_id: str = "", **more: Any) -> Envelope:
        """Publish an event to the rooms of a tenant, as it stands on the bus."""
        self.clock.advance(1)
        made = self.envelope(*rooms)
        detail = {**made.to_detail(), "data": {"of": tenant}, **more}
        if tenant:
            detail["tenant"] = tenant
        if event_id:
            detail["id"] = event_id
        envelope = Envelope.from_detail(detail)
        self.broadcast(envelope)
        return envelope

    def order(self, tenant: str, kind: str = DISCONNECT, room: str = "") -> Ended:
        ended = Ended()
        order = Order.read(
            json.loads(Order.make(kind, USER, room, tenant=tenant).entry()["Detail"])
        )
        now = int(self.clock.now)
        self.evictor.carry_out(order, ended, ordered_at=now, until=now + 100)
        return ended

    def got(self, connection_id: str) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.heard(connection_id)]


@pytest.fixture
def house(dynamodb: Any) -> House:
    return House(dynamodb)


@pytest.fixture
def clients(house: House) -> dict[str, str]:
    """Return the client of each tenant: all of one user id, in rooms of the same names."""
    return {tenant: house.enter(tenant) for tenant in TENANTS}


class TestRooms:
    @pytest.mark.parametrize("room", ROOMS)
    @pytest.mark.parametrize("tenant", TENANTS)
    def test_an_event_comes_to_the_rooms_of_its_tenant(
        self, house: House, clients: dict[str, str], tenant: str, room: str
    ) -> None:
        house.emit(tenant, room)
        for other, connection_id in clients.items():
            heard = house.got(connection_id)
            assert [each["data"] for each in heard] == [{"of": tenant}] * (other == tenant)
            assert all(each["room"] == room and "tenant" not in each for each in heard)

    def test_replies_have_public_names(self, house: House, clients: dict[str, str]) -> None:
        for connection_id in clients.values():
            assert house.tell(connection_id, action="debug:rooms")["rooms"] == ROOMS
            reply = house.tell(connection_id, action="subscribe", room="project:p2")
            assert reply == {"status": "success", "room": "project:p2"}
            refused = house.tell(connection_id, action="subscribe", room="project:p9")
            assert (refused["code"], "!" in refused["message"]) == ("ROOM_ACCESS_DENIED", False)

    @pytest.mark.parametrize(
        "name", ["acme!project:p1", "acme!global", "project:acme!p1", "!global"]
    )
    @pytest.mark.parametrize("action", ["subscribe", "unsubscribe", "state"])
    def test_no_name_leads_to_anothers_room(self, house: House, name: str, action: str) -> None:
        for tenant in ("beta", ""):
            admin = house.enter(tenant, name=f"{action}-admin", role="admin")
            assert house.tell(admin, action=action, room=name)["code"] == "INVALID_ROOM"

    def test_an_admin_is_one_of_the_tenant(self, house: House, clients: dict[str, str]) -> None:
        admin = house.enter("acme", name="admin", role="admin")
        assert house.tell(admin, action="subscribe", room="user:u9")["status"] == "success"
        house.emit("beta", "user:u9")
        house.emit("", "user:u9")
        house.emit("acme", "user:u9")
        assert [each["data"] for each in house.got(admin)] == [{"of": "acme"}]

    def test_a_room_that_was_left_is_left_by_that_tenant(
        self, house: House, clients: dict[str, str]
    ) -> None:
        for room in ROOMS:
            assert house.tell(clients["acme"], action="unsubscribe", room=room)["room"] == room
        assert house.tell(clients["acme"], action="debug:rooms")["rooms"] == []
        for tenant in TENANTS:
            house.emit(tenant, *ROOMS)
        assert house.got(clients["acme"]) == []
        assert [each["data"] for each in house.got(clients["beta"])] == [{"of": "beta"}]

    def test_all_memberships_go_with_the_connection(
        self, house: House, clients: dict[str, str]
    ) -> None:
        for connection_id in clients.values():
            house.memberships.forget(connection_id)
        assert house.dynamodb.scan(TableName=house.settings.rooms_table)["Items"] == []

    def test_a_large_room_goes_on_from_the_queue(
        self, house: House, clients: dict[str, str]
    ) -> None:
        envelope = house.emit("acme", "agent:a1", "global")
        work = Work.from_message(Work(envelope, house.clock.now, 1, 0).to_message())
        assert work.room_name == "acme!global"
        assert work.envelope.rooms == envelope.rooms


class TestTokens:
    def test_a_first_token_by_authenticate(self, house: House) -> None:
        house.connect("late", protocol="json")
        reply = house.tell("late", action="authenticate", token="acme")
        assert (reply["user_id"], reply["rooms"]) == (USER, ["global", OWN])
        house.emit("", "global")
        house.emit("acme", "global")
        assert [each["data"] for each in house.got("late")] == [{"of": "acme"}]

    @pytest.mark.parametrize(("before", "after"), [("acme", "beta"), ("acme", ""), ("", "acme")])
    def test_a_token_of_another_tenant_takes_all_rooms_away(
        self, house: House, before: str, after: str
    ) -> None:
        client = house.enter(before)
        reply = house.tell(client, action="authenticate", token=after or "none")
        assert reply["rooms"] == ["global", OWN]
        for tenant in TENANTS:
            house.emit(tenant, *ROOMS)
        assert [each["data"] for each in house.got(client)] == [{"of": after}]
        connection = house.connections.get(client)
        assert connection is not None
        assert connection.principal is not None
        assert connection.principal.tenant == after
        listed = [str(each["muted"]["BOOL"]) for each in _rows(house, "global")]
        assert listed == (["True"] if after else ["False"])
        house.memberships.forget(client)
        assert house.dynamodb.scan(TableName=house.settings.rooms_table)["Items"] == []


class TestReplay:
    def test_since_posts_what_the_tenant_has_missed(
        self, house: House, clients: dict[str, str]
    ) -> None:
        for tenant in TENANTS:
            house.emit(tenant, "project:p1", event_id="same-1")
        for tenant in TENANTS:
            house.emit(tenant, "project:p1", event_id="same-2")
        for tenant in TENANTS:
            back = house.enter(tenant, name="back")
            ask = {"action": "subscribe", "room": "project:p1", "since": "same-1"}
            reply = house.tell(back, **ask)
            assert (reply["recovered"], reply["replayed"]) == (True, 1)
            many = house.tell(back, action="subscribe", rooms=["project:p1"], since="same-1")
            assert many["rooms"] == [{"room": "project:p1", "status": "success", "recovered": True}]
            heard = house.got(back)
            assert [(each["id"], each["data"]) for each in heard] == [
                ("same-2", {"of": tenant})
            ] * 2

    @pytest.mark.parametrize("owner", TENANTS)
    def test_an_id_of_another_tenant_is_unknown(self, house: House, owner: str) -> None:
        house.emit(owner, "agent:a1", event_id="theirs")
        for tenant in TENANTS:
            client = house.enter(tenant)
            house.clock.advance(30)
            house.emit(tenant, "project:p1")
            reply = house.tell(client, action="subscribe", room="project:p1", since="theirs")
            known = (True, 1) if tenant == owner else (False, 0)
            assert (reply["recovered"], reply["replayed"]) == known

    def test_an_event_of_one_id_is_no_repeat_of_anothers(
        self, house: House, clients: dict[str, str]
    ) -> None:
        for tenant in TENANTS * 2:
            house.emit(tenant, "global", event_id="same")
        for tenant, connection_id in clients.items():
            assert [each["data"] for each in house.got(connection_id)] == [{"of": tenant}]


class TestState:
    def test_is_that_of_the_tenant(self, house: House, clients: dict[str, str]) -> None:
        for tenant in TENANTS:
            house.emit(tenant, "project:p1", state_key="deploy:1", type="deploy.done")
        for tenant, connection_id in clients.items():
            for frame in (
                {"action": "subscribe", "room": "project:p1", "state": True},
                {"action": "state", "room": "project:p1"},
            ):
                reply = house.tell(connection_id, **frame)
                (entity,) = reply["state"]
                assert (entity["room"], entity["data"]) == ("project:p1", {"of": tenant})
            many = house.tell(connection_id, action="subscribe", rooms=["project:p1"], state=True)
            assert many["rooms"][0]["state"] == reply["state"]
            told = house.tell(
                connection_id, action="subscribe", rooms=["project:p1"], state="replay"
            )
            assert told["entities"] == 1
            assert house.got(connection_id)[-1]["data"] == {"of": tenant}


class TestSocketIo:
    def test_sessions_and_their_recovery(self, house: House) -> None:
        pids = {}
        for tenant in TENANTS:
            house.connect(f"c-{tenant}")
            begun = house.begin(connection_id=f"c-{tenant}", token=tenant or "none", recover=True)
            pids[tenant] = begun["pid"]
            answer = house.ask("subscribe", f"c-{tenant}", room="project:p1")
            assert answer == {"status": "success", "room": "project:p1"}
            house.emit(tenant, "project:p1", event_id="first")
        for tenant in TENANTS:
            house.drop(f"c-{tenant}")
            house.emit(tenant, "project:p1", event_id="second")
        for tenant in TENANTS:
            for other in TENANTS:
                name = f"back-{tenant}-{other}"
                house.connect(name)
                begun = house.begin(
                    connection_id=name,
                    token=tenant or "none",
                    recover=True,
                    pid=pids[other],
                    offset="first",
                )
                assert (begun["pid"] == pids[other]) is (tenant == other)
                heard = [frame for frame in house.heard(name) if '"second"' in frame]
                assert len(heard) == (tenant == other)
                assert all(
                    json.dumps({"of": tenant}, separators=(",", ":")) in each for each in heard
                )
                house.drop(name)

    def test_a_namespace_with_a_token_of_another_tenant_begins_anew(self, house: House) -> None:
        house.connect()
        sids = {house.begin(token=each)["sid"] for each in ("acme", "beta", "beta")}
        assert len(sids) == 2
        house.emit("acme", "global")
        house.emit("beta", "global")
        (heard,) = [frame for frame in house.heard("c1") if "project.updated" in frame]
        assert '"of":"beta"' in heard


class TestAccess:
    @pytest.mark.parametrize("tenant", TENANTS)
    def test_disconnect_closes_the_user_of_one_tenant(
        self, house: House, clients: dict[str, str], tenant: str
    ) -> None:
        assert house.order(tenant).ended == 1
        assert house.gateway.closed == [clients[tenant]]

    @pytest.mark.parametrize("tenant", TENANTS)
    def test_remove_takes_the_user_out_of_the_tenants_room(
        self, house: House, clients: dict[str, str], tenant: str
    ) -> None:
        assert house.order(tenant, REMOVE, "project:p1").ended == 1
        (told,) = house.got(clients[tenant])
        assert told["data"]["room"] == "project:p1"
        for other, connection_id in clients.items():
            rooms = house.tell(connection_id, action="debug:rooms")["rooms"]
            assert ("project:p1" in rooms) is (other != tenant)

    @pytest.mark.parametrize("tenant", TENANTS)
    def test_revoke_refuses_the_tokens_of_one_tenant(
        self, house: House, clients: dict[str, str], tenant: str
    ) -> None:
        assert house.order(tenant, REVOKE).ended == 1
        assert house.gateway.closed == [clients[tenant]]
        for other in TENANTS:
            if other == tenant:
                with pytest.raises(TokenRefused):
                    house.token_check.take(other or "none")
            else:
                assert house.token_check.take(other or "none").principal.tenant == other

    def test_who_has_changed_the_tenant_is_not_revoked(self, house: House) -> None:
        client = house.enter("acme")
        assert house.tell(client, action="authenticate", token="beta")["status"] == "success"
        revoke = house.memberships.close_revoked
        assert not revoke(client, account=f"acme!{USER}", issued_before=10**10)
        assert not revoke(client, account=USER, issued_before=10**10)
        assert revoke(client, account=f"beta!{USER}", issued_before=10**10)


class TestRoster:
    def test_heartbeats_go_to_all(self, house: House, clients: dict[str, str]) -> None:
        for _ in range(6):
            house.heartbeat.beat(until=house.clock.now + 50)
            house.clock.advance(60)
        for connection_id in clients.values():
            assert any('"ping"' in frame for frame in house.heard(connection_id))

    def test_a_session_that_begins_anew_stays_listed(self, house: House) -> None:
        house.connect()
        house.begin(token="acme")
        connection = house.connections.get("c1")
        assert connection is not None
        now = int(house.clock.now * 1000)
        again = house.sessions.begin(connection, "/ws", {"token": "acme"}, at=now + 900)
        assert again is not None
        assert not again.new
        assert house.sessions.end(connection, "/ws", at=now + 500) is not None
        assert [item["connection_id"]["S"] for item in _rows(house, "global")] == ["c1#/ws"]
        house.emit("acme", "global")
        assert any('"of":"acme"' in frame for frame in house.heard("c1"))

    def test_a_command_that_meets_a_change_of_tenant_leaves_it_listed(self, house: House) -> None:
        client = house.enter("")
        before = house.connections.get(client)
        house.tell(client, action="authenticate", token="acme")
        after = house.connections.get(client)
        assert before is not None
        assert after is not None
        room = room_of("global", before)
        house.memberships.leave(after, room, now=int(house.clock.now))
        assert [item["connection_id"]["S"] for item in _rows(house, "global")] == [client]

    def test_who_leaves_global_stays_listed(self, house: House, clients: dict[str, str]) -> None:
        house.tell(clients["acme"], action="unsubscribe", room="global")
        assert len(_rows(house, "global")) == len(TENANTS)


class TestStatistics:
    def test_each_tenant_sees_its_own(self, house: House, clients: dict[str, str]) -> None:
        house.enter("acme", name="more", user_id="u2")
        store = CounterStore(house.settings, client=house.dynamodb)
        store.add(Census(house.settings, client=house.dynamodb).count(), batch="b", at=0)
        events = EventCounts(house.settings, client=house.dynamodb)
        for number, tenant in enumerate(["acme", "beta", "acme", ""]):
            event = house.envelope("global", number=number).of(tenant)
            events.add(event, EventCount(events=1))
        statistics = Statistics(store, events, tenants=True)
        found = {tenant: statistics.read(rooms=True, tenant=tenant) for tenant in TENANTS}
        assert {tenant: each["rooms"] for tenant, each in found.items()} == {
            "acme": {"global": 2, "project:*": 2, "user:*": 2, "agent:*": 2},
            "beta": {"global": 1, "project:*": 1, "user:*": 1, "agent:*": 1},
            "": {"global": 1, "project:*": 1, "user:*": 1, "agent:*": 1},
        }
        assert [each["connections"] for each in found.values()] == [2, 1, 4]
        assert [each["events_emitted"] for each in found.values()] == [2, 1, 4]
        assert found["acme"]["detail"] == {
            "agent:a1": 2,
            "project:p1": 2,
            OWN: 1,
            "user:u2": 1,
        }
        assert found[""]["detail"] == {"agent:a1": 1, "project:p1": 1, OWN: 1}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_no_event_reaches_another_tenant(house: House, seed: int) -> None:
    """Clients come, go, join, leave, change tenants and ask for what they missed, at random."""
    chance = random.Random(seed)  # noqa: S311
    now_of: dict[str, str] = {}
    published: list[str] = []
    for number in range(60):
        tenant, room = chance.choice(TENANTS), chance.choice(ROOMS)
        client = chance.choice([*now_of, ""])
        match chance.randrange(7):
            case 0:
                now_of[house.enter(tenant, name=f"n{number}")] = tenant
            case 1 if client:
                house.tell(client, action="authenticate", token=tenant or "none")
                assert len(house.gateway.sent[client]) == len(house.got(client))
                house.gateway.sent[client].clear()
                now_of[client] = tenant
            case 2 if client:
                house.tell(client, action="unsubscribe", room=room)
            case 3 if client and published:
                since = chance.choice(published)
                house.tell(client, action="subscribe", rooms=ROOMS, since=since, state="replay")
            case 4 if client:
                house.memberships.forget(client)
                del now_of[client]
            case _:
                published.append(chance.choice([*published, f"event-{number}"]))
                rooms = chance.sample(ROOMS, chance.randrange(1, 4))
                house.emit(tenant, *rooms, event_id=published[-1], state_key="deploy:1")
        for each, its in now_of.items():
            assert {event["data"]["of"] for event in house.got(each)} <= {its}


def _rows(house: House, room: str) -> list[dict[str, Any]]:
    items = house.dynamodb.scan(TableName=house.settings.rooms_table)["Items"]
    return [item for item in items if item["room"]["S"].rpartition("#")[0] == room]
