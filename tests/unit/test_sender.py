"""The sender's attempts, with a gateway in memory."""

from collections.abc import Collection

from roomcast_backend.fanout.retry_policy import ATTEMPTS
from roomcast_backend.fanout.sender import Frames, Sender, SendResult
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.connection import Member
from tests.fakes.clock import FakeClock
from tests.fakes.gateway import FakeGateway


class Memberships:
    """Remembers which connections were deleted."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []

    def forget(
        self, connection_id: str, *, seen_in: Collection[str] = (), until: float | None = None
    ) -> None:
        self.forgotten.append(connection_id)


class Stand:
    """A sender and all that it meets."""

    def __init__(self, *connection_ids: str) -> None:
        self.clock = FakeClock()
        self.gateway = FakeGateway(*connection_ids)
        self.memberships = Memberships()
        self.sender = Sender(
            self.gateway,
            self.memberships,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def post(self, *connection_ids: str, seconds: float = 60) -> SendResult:
        members = (Member(name, "json", 2**31, 0) for name in connection_ids)
        until = self.clock.now + seconds
        return self.sender.post(members, str.encode, room="project:p", until=until)


class TestAttempts:
    def test_only_the_member_that_failed_is_posted_to_again(self) -> None:
        stand = Stand("a", "b")
        stand.gateway.fail("b", Outcome.FAILED, Outcome.THROTTLED)
        result = stand.post("a", "b")
        assert result.outcomes == {Outcome.SENT: 2, Outcome.FAILED: 1, Outcome.THROTTLED: 1}
        assert result.unreached == []
        assert len(stand.clock.slept) == 2

    def test_there_is_no_wait_after_the_last(self) -> None:
        stand = Stand("a")
        stand.gateway.fail("a", *[Outcome.FAILED] * 100)
        result = stand.post("a")
        assert [member.connection_id for member in result.unreached] == ["a"]
        assert result.outcomes == {Outcome.FAILED: ATTEMPTS}
        assert len(stand.clock.slept) == ATTEMPTS - 1

    def test_without_time_nobody_is_posted_to_and_all_are_unreached(self) -> None:
        stand = Stand("a", "b")
        result = stand.post("a", "b", seconds=0)
        assert [member.connection_id for member in result.unreached] == ["a", "b"]
        assert stand.gateway.posts == 0
        assert stand.clock.slept == []

    def test_the_gone_are_deleted_after_the_last_attempt(self) -> None:
        stand = Stand("slow")
        stand.gateway.fail("slow", Outcome.FAILED)
        result = stand.post("gone", "slow")
        assert stand.memberships.forgotten == ["gone"]
        assert (result.forgotten, result.unreached) == (1, [])


class TestFrames:
    def test_each_protocol_is_encoded_once(self) -> None:
        encoded: list[str] = []

        def encode(protocol: str) -> bytes:
            encoded.append(protocol)
            return protocol.encode()

        frames = Frames(encode)
        assert [frames[name] for name in ("json", "socketio", "json")] == [
            b"json",
            b"socketio",
            b"json",
        ]
        assert encoded == ["json", "socketio"]
