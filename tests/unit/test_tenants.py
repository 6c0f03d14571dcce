"""Tenants: how names are kept, what tokens say, who may be where, and what publishers write."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast import EventBroadcaster, get_broadcaster, tenants
from roomcast.access import REMOVE, Order
from roomcast.envelope import Envelope, InvalidEnvelope
from roomcast.errors import InvalidEvent, NotConfigured
from roomcast.events import AgentConnected, WorkflowProgress
from roomcast.rooms import GLOBAL, Room
from roomcast_backend.auth import claims
from roomcast_backend.auth.claim_names import ClaimNames
from roomcast_backend.auth.tokens import TokenRefused, TokenRules
from roomcast_backend.model.access import (
    EVERYTHING,
    Principal,
    automatic_rooms,
    listed_in,
    may_join,
)
from roomcast_backend.model.connection import Connection, State, held_rooms
from roomcast_backend.stores import items, keys
from roomcast_backend.stores.counters import TENANTS, Counter, counters_of

UUID = "7B0F4C5E-1D2A-4C3B-8E9F-0A1B2C3D4E5F"
IDS = st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True)
NO_IDS = ["", " ", "a b", "a!b", "a:b", "a" * 129, 7, True, ["acme"], {"id": "acme"}]


def principal(tenant: str = "acme", **changes: Any) -> Principal:
    return Principal("u1", 0, tenant=tenant, **changes)


class TestNames:
    @given(IDS | st.just(""), IDS)
    def test_a_stored_name_tells_both(self, tenant: str, room_id: str) -> None:
        room = Room("project", room_id, tenant)
        stored = str(room)
        assert Room.stored(stored) == room
        assert (tenants.tenant_of(stored), tenants.public_name(stored)) == (tenant, room.name)

    @given(IDS | st.just(""), st.text(), IDS | st.just(""), st.text())
    def test_keys_of_events_are_those_of_one(
        self, tenant: str, event_id: str, other: str, other_id: str
    ) -> None:
        is_same = (tenant, event_id) == (other, other_id)
        key = tenants.event_key(tenant, event_id)
        assert (key == tenants.event_key(other, other_id)) is is_same

    def test_without_a_tenant_a_key_is_the_id(self) -> None:
        assert tenants.event_key("", "order-7") == "order-7"

    def test_what_is_parsed_has_no_tenant(self) -> None:
        assert Room.parse("project:7").tenant == ""
        assert Room.parse("project:7").of("acme") == Room("project", "7", "acme")

    def test_global_of_a_tenant_has_shards_too(self) -> None:
        assert keys.shards_of("acme!global", 16) == range(16)
        assert keys.room_of("acme!global#003") == GLOBAL.of("acme")


class TestToken:
    RULES = TokenRules(algorithms=("HS256",), names=ClaimNames(tenant="org.id"))

    def read(self, rules: TokenRules = RULES, **more: Any) -> Principal:
        said = {"sub": "u1", "exp": int(time.time()) + 60, "token_type": "access", **more}
        return claims.principal(said, rules, now=time.time())

    def test_the_claim_that_the_setting_names(self) -> None:
        assert self.read(org={"id": "acme"}).tenant == "acme"

    def test_uuids_in_lower_case(self) -> None:
        assert self.read(org={"id": UUID}).tenant == UUID.lower()

    @pytest.mark.parametrize("org", [None, {}, {"id": None}])
    def test_without_the_claim_there_is_none(self, org: Any) -> None:
        assert self.read(org=org).tenant == ""

    def test_without_the_setting_no_claim_is_read(self) -> None:
        assert self.read(TokenRules(algorithms=("HS256",)), tenant="acme").tenant == ""

    @pytest.mark.parametrize("value", NO_IDS)
    def test_what_is_no_id_is_refused(self, value: Any) -> None:
        with pytest.raises(TokenRefused, match=r"org\.id is not an id"):
            self.read(org={"id": value})


class TestAccess:
    @pytest.mark.parametrize("name", ["global", "user:u1", "project:p1", "agent:a1"])
    @pytest.mark.parametrize("other", ["beta", ""])
    def test_nobody_is_in_a_room_of_another_tenant(self, name: str, other: str) -> None:
        room = Room.parse(name)
        for role in ("", "admin"):
            who = principal(role=role, projects=EVERYTHING)
            assert may_join(who, room.of("acme"))
            assert not may_join(who, room.of(other))
            assert not may_join(principal(other, role=role, projects=EVERYTHING), room.of("acme"))

    def test_patterns_open_rooms_of_the_own_tenant(self) -> None:
        who = principal(rooms=frozenset({"project:at*"}))
        assert may_join(who, Room("project", "atlas", "acme"))
        assert not may_join(who, Room("project", "atlas", "beta"))
        assert not may_join(who, Room("project", "atlas"))

    def test_automatic_rooms_and_the_roster(self) -> None:
        assert list(map(str, automatic_rooms(principal()))) == ["acme!global", "acme!user:u1"]
        assert listed_in(principal()) == (GLOBAL,)
        assert listed_in(principal("")) == ()

    def test_a_membership_in_the_roster_is_held(self) -> None:
        held = held_rooms(Connection("c", "json", State.READY, 0, principal()))
        assert held == {"global", "acme!global", "acme!user:u1"}

    def test_accounts_of_one_user_id(self) -> None:
        assert [principal(each).account for each in ("acme", "")] == ["acme!u1", "u1"]


class TestItems:
    @pytest.mark.parametrize("tenant", ["acme", ""])
    def test_a_row_keeps_the_tenant_where_there_is_one(self, tenant: str) -> None:
        connection = Connection("c", "json", State.READY, 0, principal(tenant))
        item = items.connection_item(connection)
        assert items.connection_of(item) == connection
        assert ("tenant" in item) is bool(tenant)


class TestEnvelope:
    DETAIL: dict[str, Any] = {
        "id": "e1",
        "type": "t.t",
        "timestamp": "2026-01-01T00:00:00Z",
        "source": "s",
        "rooms": ["project:7", "global"],
        "data": {},
    }

    def test_survives_the_bus(self) -> None:
        envelope = Envelope.from_detail({**self.DETAIL, "tenant": "acme"})
        assert envelope.rooms == ("acme!project:7", "acme!global")
        assert envelope.to_detail() == {**self.DETAIL, "tenant": "acme"}
        assert Envelope.from_detail(envelope.to_detail(), room=Room.stored) == envelope

    @pytest.mark.parametrize("more", [{}, {"tenant": None}])
    def test_without_a_tenant_nothing_is_added(self, more: dict[str, Any]) -> None:
        envelope = Envelope.from_detail({**self.DETAIL, **more})
        assert envelope.rooms == ("project:7", "global")
        assert envelope.to_detail() == self.DETAIL

    def test_clients_get_the_public_name_and_no_tenant(self) -> None:
        envelope = Envelope.from_detail({**self.DETAIL, "tenant": UUID})
        copy = envelope.for_room(f"{UUID.lower()}!project:7")
        assert (copy["room"], "tenant" in copy) == ("project:7", False)

    @pytest.mark.parametrize("tenant", NO_IDS)
    def test_what_is_no_id_is_refused(self, tenant: Any) -> None:
        with pytest.raises(InvalidEnvelope, match="tenant: expected an id"):
            Envelope.from_detail({**self.DETAIL, "tenant": tenant})

    def test_no_room_names_a_tenant(self) -> None:
        with pytest.raises(InvalidEnvelope, match="rooms"):
            Envelope.from_detail({**self.DETAIL, "rooms": ["acme!project:7"]})


class TestOrders:
    def test_survive_the_bus(self) -> None:
        order = Order.make(REMOVE, "ada", "project:7", tenant=UUID)
        assert order.tenant == UUID.lower()
        assert order.room == "project:7"
        assert order.account == f"{UUID.lower()}!ada"

    def test_what_is_no_id_is_refused(self) -> None:
        with pytest.raises(InvalidEvent, match="tenant: expected an id"):
            Order.make(REMOVE, "ada", "project:7", tenant="a b")


class TestCounters:
    def count(self, partition: str) -> list[Counter]:
        return list(counters_of({"room": {"S": partition}, "connection_id": {"S": "c"}}))

    def test_members_of_a_tenants_rooms(self) -> None:
        assert self.count("acme!project:7#000") == [
            Counter("acme!members:project"),
            Counter("acme!rooms:project", "project:7"),
        ]

    def test_global_of_all_tenants_is_one_counter(self) -> None:
        assert self.count("acme!global#003") == [Counter(TENANTS, "acme!global")]


@pytest.mark.usefixtures("_memory")
class TestPublishers:
    @pytest.fixture
    def _memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_EVENT_BUS", "memory:")

    async def test_events_and_orders_name_the_tenant(self) -> None:
        broadcaster = EventBroadcaster(tenant="acme")
        assert await broadcaster.publish(AgentConnected(agent_id="a1", agent_name="A", metadata={}))
        assert broadcaster.sync.broadcast_agent_connected("a1", "A")
        assert await broadcaster.disconnect("ada")
        assert broadcaster.sync.remove("ada", "project:7")
        assert [event.tenant for event in broadcaster.bus.events] == ["acme"] * 4
        assert broadcaster.bus.events[0].rooms == ["agent:a1", "global"]

    async def test_the_shared_broadcaster_for_one_tenant(self) -> None:
        shared = get_broadcaster()
        try:
            await get_broadcaster(tenant="acme").broadcast_agent_connected("a1", "A")
            await get_broadcaster(tenant=UUID).broadcast_agent_connected("a1", "A")
            await get_broadcaster().broadcast_agent_connected("a1", "A")
            assert [event.tenant for event in shared.bus.events] == ["acme", UUID.lower(), ""]
        finally:
            shared.bus.clear()
            shared.close()

    async def test_the_variable_and_the_argument_before_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROOMCAST_TENANT", "acme")
        broadcaster = EventBroadcaster()
        await broadcaster.broadcast_agent_connected("a1", "A")
        await broadcaster.of("beta").broadcast_agent_connected("a1", "A")
        await broadcaster.of("").broadcast_agent_connected("a1", "A")
        assert [event.tenant for event in broadcaster.bus.events] == ["acme", "beta", ""]

    @pytest.mark.parametrize("tenant", ["a b", "a!b", "a" * 129])
    def test_what_is_no_id_is_refused(self, tenant: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(ValueError, match="tenant: expected an id"):
            EventBroadcaster(tenant=tenant)
        with pytest.raises(ValueError, match="tenant: expected an id"):
            get_broadcaster(tenant)
        monkeypatch.setenv("ROOMCAST_TENANT", tenant)
        with pytest.raises(NotConfigured, match="ROOMCAST_TENANT: expected an id"):
            EventBroadcaster().init()

    def test_at_most_holds_no_event_for_that_of_another_tenant(self) -> None:
        broadcaster = EventBroadcaster(at_most={"workflow.progress": 60.0})
        progress = WorkflowProgress(
            workflow_id="7", status="running", progress=1, current_step="1", total_steps=2
        )
        for tenant in ("acme", "beta", "acme", "beta"):
            assert broadcaster.of(tenant).sync.publish(progress)
        assert [event.tenant for event in broadcaster.bus.events] == ["acme", "beta"]
        broadcaster.close()
        assert [event.tenant for event in broadcaster.bus.events] == ["acme", "beta"] * 2
