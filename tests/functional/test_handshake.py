"""From the handshake to the greeting, against moto's tables."""

import json
from collections import deque
from threading import Barrier
from typing import Any
from unittest.mock import create_autospec

import pytest

from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.lifecycle.greeting import Greeter, NotGreeted
from roomcast_backend.lifecycle.handshake import Acceptor, Handshake, HandshakeRefused
from roomcast_backend.lifecycle.token_check import TokenCheck
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.protocol.heartbeats import EngineIoTimers
from roomcast_backend.state.telling import StateTeller
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.ended_access import EndedAccessStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.polling import PollingStore
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
        self.ended = EndedAccessStore(self.settings, client=dynamodb)
        self.tokens = TokenCheck(self._principal_of, self.ended, clock=self.clock)
        self.acceptor = Acceptor(
            self.settings,
            connections=self.connections,
            polling=PollingStore(self.settings, client=dynamodb),
            tokens=self.tokens,
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
            states=create_autospec(StateTeller),  # no client of these tests asks for it
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

    def test_a_bad_token_of_a_socket_io_client_is_for_its_connect_to_tell(
        self, front: Front
    ) -> None:
        """It takes a failed handshake for a broken line, and would try for ever."""
        front.accept(query={**SOCKET_IO_QUERY, "token": "bad"})
        connection = front.connections.get("c1")
        assert connection is not None
        assert (connection.state, connection.principal) == (State.PENDING, None)
        assert connection.refused_token == "the token is not valid"
        assert front.deadlines == [("c1", 15)]
        assert front.opened == ["c1"]

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


class Steps:
    """The order of the calls that open a connection: begun, then ended."""

    def __init__(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        for target, name in (
            (front.connections, "claim_greeting"),
            (front.connections, "end_claim"),
            (front.memberships, "settle"),
            (front.gateway, "exists"),
            (front.gateway, "post"),
        ):
            monkeypatch.setattr(target, name, self._watched(name, getattr(target, name)))

    def _watched(self, name: str, call: Any) -> Any:
        def watch(*args: Any, **kwargs: Any) -> Any:
            self.seen.append(name)
            return call(*args, **kwargs)

        return watch


class TestCallsInSequence:
    def test_before_the_greeting_are_three(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        front.accept(query={"token": "good"})
        front.gateway.open.add("c1")
        steps = Steps(front, monkeypatch)
        assert front.greeter.open("c1")
        assert set(steps.seen[:2]) == {"claim_greeting", "exists"}
        assert steps.seen[2:] == ["settle", "post", "end_claim"]

    def test_the_row_and_the_handshake_are_read_side_by_side(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each waits until the other one is under way."""
        front.accept(query={"token": "good"})
        front.gateway.open.add("c1")
        both = Barrier(2, timeout=5)

        def met(call: Any) -> Any:
            def meet(*args: Any, **kwargs: Any) -> Any:
                both.wait()
                return call(*args, **kwargs)

            return meet

        for target, name in ((front.connections, "claim_greeting"), (front.gateway, "exists")):
            monkeypatch.setattr(target, name, met(getattr(target, name)))
        assert front.greeter.open("c1")

    def test_of_a_session_are_two(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
        principal = Principal("u1", int(front.clock.now) + 3600)
        session = Connection("c1#/ws", "socketio:/ws", State.READY, 0, principal)
        front.connections.put(session)
        front.gateway.open.add("c1")
        steps = Steps(front, monkeypatch)
        assert front.greeter.open("c1#/ws")
        assert steps.seen == ["claim_greeting", "post", "end_claim"]
        assert not front.greeter.open("c1#/ws")
        assert len(front.gateway.sent["c1"]) == 1


SOCKET_IO_QUERY = {"EIO": "4", "transport": "websocket"}


class TestDuplicates:
    @pytest.mark.parametrize("query", [{"token": "good"}, SOCKET_IO_QUERY])
    @pytest.mark.parametrize("later", [0, 1, 16, 7200])
    def test_do_not_greet_again(self, front: Front, query: dict[str, str], later: int) -> None:
        front.accept(query=query)
        front.gateway.open.add("c1")
        assert front.greeter.open("c1")
        front.clock.advance(later)
        assert not front.greeter.open("c1")
        assert len(front.gateway.sent["c1"]) == 1

    def test_do_not_greet_beside_the_first(self, front: Front) -> None:
        """The other one comes while the first waits for the handshake."""
        front.accept(query=SOCKET_IO_QUERY)
        others: list[bool] = []

        def sleep(seconds: float) -> None:
            front.clock.sleep(seconds)
            if not others:
                others.append(front.greeter.open("c1"))
                front.gateway.open.add("c1")

        front.greeter._sleep = sleep
        assert front.greeter.open("c1")
        assert others == [False]
        assert len(front.gateway.sent["c1"]) == 1

    def test_greet_after_a_crash(self, front: Front) -> None:
        """A function that is killed neither keeps nor releases its claim."""
        front.accept(query=SOCKET_IO_QUERY)
        now = int(front.clock.now * 1000)
        assert front.connections.claim_greeting("c1", now=now, until=now + 15_000)
        front.gateway.open.add("c1")
        front.clock.advance(14.9)
        assert not front.greeter.open("c1")
        front.clock.advance(0.2)
        assert front.greeter.open("c1")

    def test_greet_at_once_after_a_failure(
        self, front: Front, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        front.accept(query={"token": "good"})
        front.gateway.open.add("c1")
        with monkeypatch.context() as patched:
            patched.setattr(front.memberships, "settle", lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                front.greeter.open("c1")
        assert front.greeter.open("c1")
        assert len(front.gateway.sent["c1"]) == 1

    def test_a_claim_that_was_taken_over_is_left_alone(self, front: Front) -> None:
        front.accept(query=SOCKET_IO_QUERY)
        assert front.connections.claim_greeting("c1", now=0, until=10)
        assert front.connections.claim_greeting("c1", now=10, until=20)
        front.connections.end_claim("c1", claimed=10, until=0)
        assert front.connections.claim_greeting("c1", now=19, until=30) is None
        front.connections.end_claim("nobody", claimed=10, until=0)
        assert front.connections.get("nobody") is None


class TestNotYet:
    """What GetConnection and the post answer while the time is not over."""

    @pytest.fixture
    def looks(self, front: Front, monkeypatch: pytest.MonkeyPatch) -> deque[int]:
        """Return the statuses that GetConnection answers with before the client is there."""
        statuses: deque[int] = deque()

        def exists(connection_id: str) -> bool:
            status = statuses.popleft() if statuses else 200
            if status in (200, 410):
                return status == 200
            raise AwsError("execute-api", "GET @connections", "HTTP", status=status)

        monkeypatch.setattr(front.gateway, "exists", exists)
        front.gateway.open.add("c1")
        return statuses

    @pytest.mark.parametrize("query", [{"token": "good"}, SOCKET_IO_QUERY])
    def test_whatever_get_connection_answers(
        self, front: Front, looks: deque[int], query: dict[str, str]
    ) -> None:
        front.accept(query=query)
        looks.extend([429, 500, 503, 0, 410])
        assert front.greeter.open("c1")
        assert front.clock.slept == [0.02, 0.04, 0.08, 0.16, 0.32]
        assert len(front.gateway.sent["c1"]) == 1

    @pytest.mark.parametrize("query", [{"token": "good"}, SOCKET_IO_QUERY])
    def test_whatever_the_post_answers(self, front: Front, query: dict[str, str]) -> None:
        front.accept(query=query)
        front.gateway.open.add("c1")
        front.gateway.fail("c1", Outcome.THROTTLED, Outcome.FAILED, Outcome.GONE)
        assert front.greeter.open("c1")
        assert len(front.clock.slept) == 3

    def test_a_throttle_that_lasts_is_left_to_lambdas_retries(
        self, front: Front, looks: deque[int]
    ) -> None:
        front.accept(query=SOCKET_IO_QUERY)
        looks.extend([429] * 100)
        with pytest.raises(NotGreeted, match="failed"):
            front.greeter.open("c1")
        assert 13 < sum(front.clock.slept) <= 15
        assert front.connections.get("c1") is not None
        looks.clear()
        assert front.greeter.open("c1")

    def test_the_time_is_shared_by_both(self, front: Front, looks: deque[int]) -> None:
        front.accept(query=SOCKET_IO_QUERY)
        looks.extend([410] * 16)
        front.gateway.fail("c1", *[Outcome.FAILED] * 100)
        with pytest.raises(NotGreeted):
            front.greeter.open("c1")
        assert sum(front.clock.slept) <= 15
