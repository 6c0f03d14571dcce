"""Exponential backoff with full jitter."""

import pytest

from roomcast import bus
from roomcast.backoff import Backoff
from roomcast.client import client
from roomcast_backend.aws import service_client
from roomcast_backend.fanout import retry_policy
from roomcast_backend.lifecycle import greeting
from roomcast_backend.stores import transactions

BACKOFF = Backoff(base=0.1, cap=1.0, attempts=6)


class TestPause:
    def test_the_longest_doubles_up_to_the_cap(self) -> None:
        longest = [BACKOFF.longest(retry) for retry in range(6)]
        assert longest == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]

    def test_the_longest_has_no_last_retry(self) -> None:
        assert BACKOFF.longest(100_000) == BACKOFF.cap

    @pytest.mark.parametrize("drawn", [0.0, 0.25, 1.0])
    def test_is_the_drawn_part_of_the_longest(self, drawn: float) -> None:
        assert BACKOFF.pause(2, lambda: drawn) == drawn * 0.4

    def test_is_drawn_anew_each_time(self) -> None:
        assert len({BACKOFF.pause(3) for _ in range(20)}) > 1
        assert all(0 <= BACKOFF.pause(3) <= 0.8 for _ in range(100))


class TestRules:
    """How long each part waits: a change here is a change that clients or AWS notice."""

    @pytest.mark.parametrize(
        ("backoff", "longest"),
        [
            (bus.BACKOFF, [0.2, 0.4]),
            (service_client.BACKOFF, [0.2, 0.4]),
            (transactions.BACKOFF, [0.02, 0.04, 0.08, 0.16, 0.32, 0.4, 0.4]),
            (retry_policy.BACKOFF, [0.1, 0.2, 0.4]),
        ],
    )
    def test_of_attempts(self, backoff: Backoff, longest: list[float]) -> None:
        assert [backoff.longest(retry) for retry in range(backoff.attempts - 1)] == longest

    def test_of_reconnects(self) -> None:
        waits = [client.BACKOFF.longest(retry) for retry in range(8)]
        assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]

    def test_of_the_greeting(self) -> None:
        waits = [greeting.BACKOFF.longest(retry) for retry in range(8)]
        assert waits == [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0]
