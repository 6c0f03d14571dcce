"""How fast one container posts: at its rate, in bursts more, slower when refused."""

from collections.abc import Iterator

import pytest

from roomcast_backend.gateway.connections_api import burst_per_container
from roomcast_backend.gateway.rate_limiter import (
    RECOVERY_SECONDS,
    REFUSAL_SECONDS,
    REFUSED_CONNECTIONS,
    SLOWEST,
    RateLimiter,
)
from roomcast_backend.settings import Settings
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def limiter_of(clock: FakeClock, rate: float, *, burst: int = 1) -> RateLimiter:
    return RateLimiter(rate, burst=burst, clock=clock, sleep=clock.sleep)


def refuse(limiter: RateLimiter, *, connections: int = REFUSED_CONNECTIONS) -> None:
    """Refuse a post to each of some connections."""
    for number in range(connections):
        limiter.note_refusal(f"c{number}")


def seconds_for(limiter: RateLimiter, clock: FakeClock, count: int) -> float:
    started = clock.now
    assert list(limiter.throttle(range(count))) == list(range(count))
    return clock.now - started


class TestRate:
    def test_a_burst_needs_no_time(self, clock: FakeClock) -> None:
        assert seconds_for(limiter_of(clock, 10, burst=100), clock, 100) == 0

    def test_what_goes_beyond_the_burst_keeps_to_the_rate(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 1000, burst=100)
        assert seconds_for(limiter, clock, 5100) == pytest.approx(5.0, rel=0.02)

    def test_a_rate_below_one_a_second(self, clock: FakeClock) -> None:
        assert seconds_for(limiter_of(clock, 0.5), clock, 11) == pytest.approx(20.0, rel=0.02)

    def test_a_pause_gives_the_burst_back_and_no_more(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 100, burst=50)
        seconds_for(limiter, clock, 50)
        clock.advance(3600)
        assert seconds_for(limiter, clock, 50) == 0
        assert seconds_for(limiter, clock, 100) == pytest.approx(1.0, rel=0.05)

    def test_several_fan_outs_share_the_rate(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 100, burst=10)
        together = sum(seconds_for(limiter, clock, 10) for _ in range(11))
        assert together == pytest.approx(1.0, rel=0.05)

    def test_items_are_taken_when_their_time_has_come(self, clock: FakeClock) -> None:
        taken: list[float] = []

        def items() -> Iterator[int]:
            while True:
                taken.append(clock.now)
                yield len(taken)

        kept = limiter_of(clock, 10).throttle(items())
        for _ in range(3):
            next(kept)
        assert len(taken) == 3


class TestRefused:
    def test_refusals_of_several_connections_halve_the_rate(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 1000, burst=1)
        refuse(limiter)
        assert seconds_for(limiter, clock, 500) == pytest.approx(1.0, rel=0.1)

    def test_refusals_of_the_same_second_count_once(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 1000, burst=1)
        for _ in range(100):
            refuse(limiter)
        assert seconds_for(limiter, clock, 500) == pytest.approx(1.0, rel=0.1)

    def test_lasting_refusals_leave_a_trickle(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 1000, burst=1)
        for _ in range(30):
            clock.advance(1)
            refuse(limiter)
        assert 0.1 < seconds_for(limiter, clock, 10) < 10 / (1000 * SLOWEST)

    def test_the_rate_recovers(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 1000, burst=1)
        refuse(limiter)
        clock.advance(RECOVERY_SECONDS)
        assert seconds_for(limiter, clock, 1000) == pytest.approx(1.0, rel=0.1)


class TestOneSlowClient:
    """A client that does not read is refused as well: its posts, and nobody else's, must wait."""

    def test_slows_down_nobody(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 1000, burst=1)
        for _ in range(100):
            clock.advance(0.01)
            refuse(limiter, connections=REFUSED_CONNECTIONS - 1)
        assert seconds_for(limiter, clock, 1000) == pytest.approx(1.0, rel=0.1)

    def test_nor_do_several_that_are_refused_far_apart(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 1000, burst=1)
        for number in range(20):
            clock.advance(REFUSAL_SECONDS / (REFUSED_CONNECTIONS - 1))
            limiter.note_refusal(f"c{number}")
        assert seconds_for(limiter, clock, 1000) == pytest.approx(1.0, rel=0.1)


class TestRepr:
    def test_shows_rate_and_tokens(self, clock: FakeClock) -> None:
        limiter = limiter_of(clock, 1000, burst=100)
        seconds_for(limiter, clock, 10)
        refuse(limiter)
        assert repr(limiter) == "<RateLimiter rate=500.0/1000.0 per second, tokens=0.0/100>"


class TestShares:
    @pytest.mark.parametrize(
        ("settings", "share"),
        [
            (Settings(), 833),
            (Settings(post_burst=1250), 208),
            (Settings(post_burst=20_000), 1000),
            (Settings(post_burst=1), 1),
        ],
    )
    def test_of_the_posts_at_once(self, settings: Settings, share: int) -> None:
        assert burst_per_container(settings) == share

    @pytest.mark.parametrize("workers", [2, 5, 50])
    @pytest.mark.parametrize("burst", [1250, 5000])
    def test_all_containers_together_keep_under_the_quota(self, workers: int, burst: int) -> None:
        settings = Settings(page_workers=workers, post_burst=burst)
        assert burst_per_container(settings) * (workers + 1) <= burst
