"""Clients that send more than they may, for long: refused cheaply, then told why and closed."""

import json
from typing import Any

import pytest

from roomcast_backend.aws.errors import AwsError
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.lifecycle import rate_memory
from roomcast_backend.lifecycle.rate_memory import FREE_FRAMES, RateMemory
from roomcast_backend.stores.connections import RateLimit, RateLimited
from tests.fakes.socketio_server import Server

PING = '{"action":"ping"}'
LIMIT = RateLimit(interval=100, burst=20, flood=100)
FRAMES = 400


class Flood(Server):
    """A service with several containers, and what they call of DynamoDB."""

    def __init__(self, dynamodb: Any, *, containers: int = 1, limit: RateLimit = LIMIT) -> None:
        super().__init__(dynamodb)
        self.updates = 0
        self.counted: list[str] = []
        self.dispatchers = [self._container(limit) for _ in range(containers)]
        update = self.connections._update

        def counting(*request: Any) -> Any:
            self.updates += 1
            return update(*request)

        connections: Any = self.connections
        connections._update = counting
        self.connect("j1", self.principal(), protocol="json")
        self.connect("c1")

    def _container(self, limit: RateLimit) -> Dispatcher:
        return Dispatcher(
            connections=self.connections,
            handlers=self.dispatcher._handlers,
            gateway=self.gateway,
            limit=limit,
            count_flooding=lambda: self.counted.append("flooding_closed"),
            clock=self.clock,
        )

    def flood(
        self, frame: str, connection_id: str = "j1", *, frames: int = FRAMES, per_second: int = 120
    ) -> int:
        """Send frames, to one container after the other; return at which one it was closed."""
        for number in range(frames):
            self.clock.advance(1 / per_second)
            self.dispatchers[number % len(self.dispatchers)].answer(connection_id, frame)
            if self.gateway.closed:
                return number + 1
        return 0


@pytest.fixture
def flood(dynamodb: Any) -> Flood:
    return Flood(dynamodb)


class TestFlooding:
    def test_closes_the_connection_with_a_reason_first(self, flood: Flood) -> None:
        assert 100 < flood.flood(PING) < 200
        (frame,) = flood.heard("j1")
        error = json.loads(frame)
        assert error["type"] == "connection.error"
        assert error["data"]["error_code"] == "RATE_LIMITED"
        assert flood.gateway.closed == ["j1"]
        assert flood.counted == ["flooding_closed"]

    def test_takes_few_writes(self, flood: Flood) -> None:
        sent = flood.flood(PING)
        assert flood.updates < sent

    @pytest.mark.parametrize("containers", [2, 16, 50])
    def test_over_many_containers(self, dynamodb: Any, containers: int) -> None:
        flood = Flood(dynamodb, containers=containers)
        assert 100 < flood.flood(PING) < 300
        assert flood.gateway.closed == ["j1"]

    @pytest.mark.parametrize(
        "frame",
        ["", "{", "[]", "null", '{"action":7}', '{"action":"none"}', "7", "x" * 40_000,
         '{"action":"authenticate","token":"bad"}'],
    )  # fmt: skip
    def test_of_frames_that_are_no_commands(self, flood: Flood, frame: str) -> None:
        assert flood.flood(frame)
        assert "RATE_LIMITED" in flood.heard("j1")[-1]

    def test_of_a_connection_without_a_token(self, flood: Flood) -> None:
        flood.connect("p1", protocol="json")
        assert flood.flood('{"action":"authenticate","token":"bad"}', "p1")
        assert flood.gateway.closed == ["p1"]

    @pytest.mark.parametrize(
        ("namespaces", "frames"),
        [
            ((), ["44{"]),
            (("/ws",), ['42/ws,["connection_error",{']),
            (("/ws", "/"), ['42["connection_error",{', '42/ws,["connection_error",{']),
        ],
    )
    def test_of_socketio_tells_each_session(
        self, flood: Flood, namespaces: tuple[str, ...], frames: list[str]
    ) -> None:
        for namespace in namespaces:
            flood.begin(namespace)
        flood.clock.advance(10)
        assert flood.flood('40/ws,{"token":"bad"}' if not namespaces else "6", "c1")
        heard = flood.heard("c1")
        assert len(heard) == len(frames)
        for frame, begins in zip(heard, frames, strict=True):
            assert frame.startswith(begins)
            assert "RATE_LIMITED" in frame

    def test_what_comes_after_the_close_takes_no_call(self, flood: Flood) -> None:
        flood.flood(PING)
        flood.updates = 0
        replies = {flood.dispatchers[0].answer("j1", PING)[:32] for _ in range(50)}
        assert replies == {'{"status":"error","code":"RATE_L'}
        assert flood.updates == 0
        assert flood.gateway.closed == ["j1"]

    def test_it_is_closed_later_when_it_could_not_be_closed(
        self, flood: Flood, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_connection_id: str) -> None:
            raise AwsError("execute-api", "DELETE @connections", "HTTP", status=500)

        with monkeypatch.context() as failing:
            failing.setattr(flood.gateway, "close", fail)
            flood.flood(PING, frames=200)
            assert flood.heard("j1")
            assert flood.counted == []
        assert 0 < flood.flood(PING) < 150
        assert flood.counted == ["flooding_closed"]

    def test_its_row_is_not_made_anew(self, flood: Flood) -> None:
        flood.flood(PING, frames=60)
        flood.memberships.forget("j1")
        flood.flood(PING, frames=60)
        assert flood.connections.get("j1") is None

    def test_zero_closes_none(self, dynamodb: Any) -> None:
        flood = Flood(dynamodb, limit=RateLimit(interval=100, burst=20, flood=0))
        assert flood.flood(PING) == 0


class TestNoFlooding:
    def test_a_burst_of_as_many_rooms_as_there_are(self, flood: Flood) -> None:
        assert flood.flood(PING, frames=100, per_second=100_000) == 0

    def test_twice_the_rate(self, flood: Flood) -> None:
        assert flood.flood(PING, per_second=20) == 0

    def test_bursts_with_pauses(self, flood: Flood) -> None:
        for _ in range(5):
            assert flood.flood(PING, frames=90, per_second=100_000) == 0
            flood.clock.advance(10)

    def test_commands_are_taken_again_after_the_pause_that_is_told(self, flood: Flood) -> None:
        for _ in range(20):
            flood.dispatchers[0].answer("j1", PING)
        for _ in range(5):  # remembered by the container: the pause is as the row says
            reply = json.loads(flood.dispatchers[0].answer("j1", PING))
        flood.clock.advance(reply["retry_after_ms"] / 1000)
        assert json.loads(flood.dispatchers[0].answer("j1", PING)) == {"status": "pong"}


class TestCalls:
    def frames(self, flood: Flood, count: int) -> int:
        flood.updates = 0
        for _ in range(count):
            flood.dispatchers[0].answer("j1", PING)
        return flood.updates

    def test_a_command_takes_one_and_in_a_burst_two(self, flood: Flood) -> None:
        assert self.frames(flood, 1) == 1
        assert self.frames(flood, 1) == 2

    def test_the_first_that_is_refused_two_and_those_after_it_none(self, flood: Flood) -> None:
        self.frames(flood, 20)
        assert self.frames(flood, 1) == 2
        assert self.frames(flood, 50) == 0

    def test_those_refused_without_a_call_count(self, flood: Flood) -> None:
        self.frames(flood, 21 + 99)
        assert flood.gateway.closed == []
        flood.clock.advance(0.1)
        self.frames(flood, 2)  # one is taken, the other one refused: with the 99 before it
        assert flood.gateway.closed == ["j1"]


class TestPongs:
    @pytest.mark.parametrize("connection_id", ["j1", "c1"])
    def test_flooding_closes_the_connection(self, flood: Flood, connection_id: str) -> None:
        assert flood.flood("3", connection_id)
        assert "RATE_LIMITED" in flood.heard(connection_id)[-1]

    def test_each_is_answered_with_the_same(self, flood: Flood) -> None:
        for connection_id in ("j1", "c1", "stranger"):
            replies = {flood.dispatchers[0].answer(connection_id, "3") for _ in range(300)}
            assert replies == {"6"}

    def test_those_of_a_heartbeat_take_no_call(self, flood: Flood) -> None:
        for _ in range(100):
            flood.clock.advance(20)
            flood.dispatchers[0].answer("c1", "3")
        assert flood.updates == 0

    def test_some_at_once_take_no_call(self, flood: Flood) -> None:
        for _ in range(FREE_FRAMES):
            flood.dispatchers[0].answer("c1", "3")
        assert flood.updates == 0
        flood.dispatchers[0].answer("c1", "3")
        assert flood.updates == 1


class TestRateMemory:
    def test_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rate_memory, "MOST_CONNECTIONS", 3)
        memory = RateMemory()
        for number in range(5):
            memory.note(f"c{number}", RateLimited("json", 50), now=0)
        known = [number for number in range(5) if memory.refuse(f"c{number}", now=1)]
        assert known == [2, 3, 4]

    def test_a_pause_ends(self) -> None:
        memory = RateMemory()
        memory.note("c1", RateLimited("json", 50), now=1000)
        assert memory.refuse("c1", now=1020) == RateLimited("json", 30)
        assert memory.refuse("c1", now=1050) is None

    def test_what_it_refused_is_counted_once(self) -> None:
        memory = RateMemory()
        memory.note("c1", RateLimited("json", 50), now=0)
        for _ in range(3):
            memory.refuse("c1", now=1)
        assert memory.uncounted("c1") == 3
        memory.note("c1", RateLimited("json", 50), now=60)
        assert memory.uncounted("c1") == 0
