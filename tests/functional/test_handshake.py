"""From the handshake to the greeting, against moto's tables."""

import json
from typing import Any

import pytest

from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.lifecycle.greeting import Greeter, NotGreeted
from roomcast_backend.lifecycle.handshake import Acceptor, Handshake, HandshakeRefused
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import State
from roomcast_backend.protocol.heartbeats import EngineIoTimers
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore
from tests.fakes.clock import FakeClock
from tests.fakes.gateway import FakeGateway
from tests.fakes.tables import table_settings


class Front:
    """What a handshake meets."""

    def __init__(self, dynamodb: Any, **changes: Any) -> None:
        self.settings = table_settings(**changes)
        self.clock = FakeClock()
        self.connections = ConnectionStore(self.settings, client=dynamodb)
        self.memberships = MembershipStore(self.settings, client=dynamodb)
        self.rooms = RoomStore(self.settings, client=dynamodb)
        self.gateway = FakeGateway()
        self.count = 0
        self.opened: list[str] = []
        self.deadlines: list[tuple[str, int]] = []
        self.acceptor = Acceptor(
            self.settings,
            connections=self.connections,
            principal_of=self._principal_of,
            count_connections=lambda: self.count,
            open_connection=self.opened.append,
            set_deadline=lambda connection_id, wait: self.deadlines.append((connection_id, wait)),
            clock=self.clock,
        )
        self.greeter = Greeter(
            connections=self.connections,
            memberships=self.memberships,
            gateway=self.gateway,
            timers=EngineIoTimers(interval=300_000, timeout=240_000),
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def _principal_of(self, token: str) -> Principal:
        if token == "down":
            raise KeysUnavailable("down")
        if token != "good":
            raise TokenRefused("the token is not valid")
        return Principal("u1", int(self.clock.now) + 3600)

    def accept(self, **changes: Any) -> None:
        self.acceptor.accept(
            Handshake(**{"connection_id": "c1", "headers": {}, "query": {}, **changes})
        )

    def members(self, room: str) -> list[str]:
        return [
            member.connection_id
            for shard in self.rooms.shards(room)
            for member in self.rooms.members(room, shard, size=10)
        ]


@pytest.fixture
def front(dynamodb: Any) -> Front:
    return Front(dynamodb)


class TestHandshake:
    @pytest.mark.parametrize(
        "place",
        [
            {"query": {"token": "good"}},
            {"headers": {"authorization": "Bearer good"}},
            {"headers": {"authorization": "bearer  good "}},
        ],
    )
    def test_with_a_token(self, front: Front, place: dict[str, Any]) -> None:
        front.accept(**place)
        connection = front.connections.get("c1")
        assert connection is not None
        assert connection.state is State.OPEN
        assert front.opened == ["c1"]
        assert front.deadlines == []

    @pytest.mark.parametrize(
        "place", [{}, {"query": {"token": ""}}, {"headers": {"authorization": "Basic x"}}]
    )
    def test_without_a_token_it_is_pending(self, front: Front, place: dict[str, Any]) -> None:
        front.accept(**place)
        connection = front.connections.get("c1")
        assert connection is not None
        assert connection.state is State.PENDING
        assert front.deadlines == [("c1", 15)]
        assert front.opened == []

    def test_a_bad_token_is_401_and_nothing_is_stored(self, front: Front) -> None:
        with pytest.raises(HandshakeRefused) as refused:
            front.accept(query={"token": "bad"})
        assert refused.value.status == 401
        assert front.connections.get("c1") is None

    def test_keys_that_do_not_answer_are_no_bad_token(self, front: Front) -> None:
        with pytest.raises(KeysUnavailable):
            front.accept(query={"token": "down"})
        assert front.connections.get("c1") is None

    def test_a_full_service_is_503(self, dynamodb: Any) -> None:
        front = Front(dynamodb, max_connections=2)
        front.count = 1
        front.accept(query={"token": "good"})
        front.count = 2
        with pytest.raises(HandshakeRefused) as refused:
            front.accept(connection_id="c2", query={"token": "good"})
        assert refused.value.status == 503
        assert front.connections.get("c2") is None

    @pytest.mark.parametrize(
        ("origin", "accepted"),
        [("https://app.example", True), ("https://evil.example", False), (None, True)],
    )
    def test_origins(self, dynamodb: Any, origin: str | None, accepted: bool) -> None:
        front = Front(dynamodb, allowed_origins="https://app.example, https://b.example")
        headers = {"origin": origin} if origin else {}
        if accepted:
            front.accept(headers=headers)
            assert front.connections.get("c1") is not None
            return
        with pytest.raises(HandshakeRefused) as refused:
            front.accept(headers=headers)
        assert refused.value.status == 403

    def test_a_step_that_fails_takes_the_row_back(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(front.acceptor, "_open", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            front.accept(query={"token": "good"})
        assert front.connections.get("c1") is None

    def test_api_gateways_event(self) -> None:
        handshake = Handshake.from_event(
            {
                "requestContext": {"connectionId": "c1"},
                "headers": {"Authorization": "Bearer good"},
                "queryStringParameters": None,
            }
        )
        assert handshake.token == "good"
        bare = Handshake.from_event({"requestContext": {"connectionId": "c1"}})
        assert bare.token is None


class TestGreeting:
    def test_waits_for_the_handshake_then_joins_and_greets(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        front.accept(query={"token": "good"})
        looks = iter([False, False, True])

        def exists(connection_id: str) -> bool:
            front.gateway.open.add("c1")
            return next(looks)

        monkeypatch.setattr(front.gateway, "exists", exists)
        assert front.greeter.open("c1")
        assert front.clock.slept == [0.02, 0.04]
        assert front.members("global") == ["c1"]
        assert front.members("user:u1") == ["c1"]
        (frame,) = front.gateway.sent["c1"]
        greeting = json.loads(frame)
        assert greeting["type"] == "connection.established"
        assert greeting["source"] == "websocket_server"
        assert greeting["data"] == {
            "connection_id": "c1",
            "user_id": "u1",
            "protocol_version": "1.0",
        }

    def test_a_client_that_left_is_forgotten_after_the_time_of_a_handshake(
        self, front: Front
    ) -> None:
        front.accept(query={"token": "good"})
        assert not front.greeter.open("c1")
        assert 13 < sum(front.clock.slept) <= 15
        assert front.connections.get("c1") is None
        assert front.members("global") == []

    def test_a_passing_failure_of_the_post_is_tried_again(self, front: Front) -> None:
        front.accept(query={"token": "good"})
        front.gateway.open.add("c1")
        front.gateway.fail("c1", Outcome.GONE, Outcome.THROTTLED, Outcome.FAILED)
        assert front.greeter.open("c1")
        assert len(front.gateway.sent["c1"]) == 1

    def test_a_lasting_failure_is_left_to_lambdas_retries(self, front: Front) -> None:
        front.accept(query={"token": "good"})
        front.gateway.open.add("c1")
        front.gateway.fail("c1", *[Outcome.FAILED] * 100)
        with pytest.raises(NotGreeted):
            front.greeter.open("c1")
        front.gateway.faults.clear()
        assert front.greeter.open("c1")
        assert front.members("global") == ["c1"]

    def test_a_connection_that_is_gone_or_pending_is_not_greeted(self, front: Front) -> None:
        assert not front.greeter.open("nobody")
        front.accept()
        assert not front.greeter.open("c1")
