import pytest

from roomcast_backend.fanout.retry_policy import (
    ATTEMPTS,
    BACKOFF,
    Decision,
    backoff,
    decide,
    members_before,
    next_attempt_in,
    sort_members,
)
from roomcast_backend.gateway.posts import MAX_HANDSHAKE_SECONDS, Outcome, Post, Posted
from roomcast_backend.model.connection import Member

NOW = 1_800_000_000.0


def member(
    name: str = "a", *, joined: float = NOW - 3600, left: float = 60, muted: bool = False
) -> Member:
    return Member(name, "json", int(NOW + left), int(joined), muted)


class TestDecide:
    @pytest.mark.parametrize(
        ("outcome", "decision"),
        [
            (Outcome.SENT, Decision.DONE),
            (Outcome.GONE, Decision.FORGET),
            (Outcome.THROTTLED, Decision.RETRY),
            (Outcome.FAILED, Decision.RETRY),
            (Outcome.TOO_LARGE, Decision.GIVE_UP),
        ],
    )
    def test_each_outcome(self, outcome: Outcome, decision: Decision) -> None:
        assert decide(Posted(Post(member(), b""), outcome), now=NOW) is decision

    @pytest.mark.parametrize(
        ("age", "decision"),
        [
            (0, Decision.RETRY),
            (MAX_HANDSHAKE_SECONDS - 1, Decision.RETRY),
            (MAX_HANDSHAKE_SECONDS, Decision.FORGET),
        ],
    )
    def test_gone_while_the_handshake_may_not_be_done(self, age: int, decision: Decision) -> None:
        young = Post(member(joined=NOW - age), b"")
        assert decide(Posted(young, Outcome.GONE), now=NOW) is decision


class TestBackoff:
    def test_grows_up_to_its_limit(self) -> None:
        waits = [backoff(attempt, jitter=1.0) for attempt in range(10)]
        assert waits == sorted(waits)
        assert waits[0] < waits[1]
        assert waits[-1] == BACKOFF.cap

    def test_jitter_shortens_it(self) -> None:
        assert backoff(3, jitter=0.0) == 0.0

    def test_a_wait_that_was_named_is_kept(self) -> None:
        assert backoff(0, jitter=0.0, retry_after=7.0) == 7.0


class TestNextAttempt:
    def test_follows_its_backoff(self) -> None:
        wait = next_attempt_in(1, left=1, remaining=60.0, jitter=0.5)
        assert wait == backoff(1, jitter=0.5)

    def test_none_when_nobody_is_left(self) -> None:
        assert next_attempt_in(0, left=0, remaining=60.0, jitter=0.5) is None

    def test_none_after_the_last_attempt(self) -> None:
        waits = [
            next_attempt_in(attempt, left=1, remaining=60.0, jitter=0.5) for attempt in range(9)
        ]
        assert [wait is not None for wait in waits].index(False) == ATTEMPTS - 1

    def test_none_when_the_wait_outlasts_the_invocation(self) -> None:
        assert next_attempt_in(0, left=1, remaining=2.0, jitter=0.0, retry_after=2.0) is None


class TestSortMembers:
    def test_separates_the_expired_and_leaves_out_the_muted_and_skipped(self) -> None:
        members = [
            member("here"),
            member("expired", left=0),
            member("muted", muted=True),
            member("elsewhere"),
        ]
        result = sort_members(members, "t", skip=frozenset({"elsewhere"}), now=NOW)
        assert [m.connection_id for m in result.deliver] == ["here"]
        assert [m.connection_id for m in result.expired] == ["expired"]


class TestMembersBefore:
    def test_who_joined_around_the_start_is_not_counted_on(self) -> None:
        members = [member("old", joined=NOW - 10), member("new", joined=NOW - 1)]
        assert list(members_before(members, "t", started=NOW)) == ["old"]
