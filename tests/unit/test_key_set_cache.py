"""When a key set is read anew, how long it is used, and what threads wait for."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from roomcast_backend.auth.key_set import BadKeySet
from roomcast_backend.auth.key_set_cache import (
    FRESH,
    INTERVAL,
    RETRY,
    STALE,
    KeySetCache,
    KeySetUnavailable,
)
from tests.fakes.clock import FakeClock


def entry(kid: str) -> dict[str, Any]:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return ECAlgorithm.to_jwk(public, as_dict=True) | {"kid": kid}


OLD, NEW = entry("old"), entry("new")
WEAK = RSAAlgorithm.to_jwk(
    rsa.generate_private_key(65537, 1024).public_key(),  # noqa: S505
    as_dict=True,
) | {"kid": "weak"}
DOWN = BadKeySet("the issuer is down")
BAD = [DOWN, b"<html>", b"", {"keys": []}, {"keys": [WEAK]}, {}, b"x" * 1_000_000]


class Issuer:
    """An issuer whose answer changes, and the cache of its set."""

    def __init__(self, *entries: dict[str, Any], wait: float = 3.0) -> None:
        self.clock = FakeClock()
        self.answer: Any = {"keys": list(entries)}
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()
        self.cache = KeySetCache(self._fetch, clock=self.clock, wait=wait)

    def _fetch(self) -> bytes:
        self.asked += 1
        answer = self.answer
        assert self.gate.wait(5)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    def knows(self, kid: str) -> bool:
        try:
            return self.cache.find(kid, "ES256") is not None
        except ValueError:
            return False


class TestFresh:
    def test_is_read_once(self) -> None:
        issuer = Issuer(OLD)
        assert all(issuer.knows("old") for _ in range(10))
        issuer.clock.advance(FRESH - 1)
        assert issuer.knows("old")
        assert issuer.asked == 1

    def test_a_removed_key_is_gone(self) -> None:
        issuer = Issuer(OLD, NEW)
        assert issuer.knows("old")
        issuer.answer = {"keys": [NEW]}
        issuer.clock.advance(FRESH)
        assert not issuer.knows("old")
        assert issuer.knows("new")
        assert issuer.asked == 2

    def test_an_added_key_is_found_after_the_interval(self) -> None:
        issuer = Issuer(OLD)
        assert issuer.knows("old")
        issuer.answer = {"keys": [OLD, NEW]}
        issuer.clock.advance(INTERVAL - 1)
        assert not issuer.knows("new")
        issuer.clock.advance(1)
        assert issuer.knows("new")
        assert issuer.asked == 2

    def test_a_clock_that_was_set_back_reads_anew(self) -> None:
        issuer = Issuer(OLD)
        assert issuer.knows("old")
        issuer.answer = {"keys": [NEW]}
        issuer.clock.advance(-1000)
        assert not issuer.knows("old")
        assert issuer.knows("new")


class TestDown:
    @pytest.mark.parametrize("answer", BAD)
    def test_a_good_set_stays_for_an_hour(self, answer: Any) -> None:
        issuer = Issuer(OLD)
        assert issuer.knows("old")
        issuer.answer = answer
        issuer.clock.advance(FRESH)
        assert all(issuer.knows("old") for _ in range(5))
        assert issuer.asked == 2
        issuer.clock.advance(INTERVAL)
        assert issuer.knows("old")
        assert issuer.asked == 3
        issuer.clock.advance(STALE - FRESH)
        with pytest.raises(KeySetUnavailable):
            issuer.knows("old")

    @pytest.mark.parametrize("answer", BAD)
    def test_an_unknown_key_may_be_a_new_one(self, answer: Any) -> None:
        issuer = Issuer(OLD)
        assert issuer.knows("old")
        issuer.answer = answer
        issuer.clock.advance(INTERVAL)
        for _ in range(5):
            with pytest.raises(KeySetUnavailable):
                issuer.knows("new")
        assert issuer.knows("old")
        assert issuer.asked == 2

    def test_from_the_beginning_it_is_asked_again_soon(self) -> None:
        issuer = Issuer(OLD)
        issuer.answer, good = DOWN, issuer.answer
        for _ in range(10):
            with pytest.raises(KeySetUnavailable):
                issuer.knows("old")
        assert issuer.asked == 1
        issuer.answer = good
        issuer.clock.advance(RETRY)
        assert issuer.knows("old")

    def test_a_key_that_fits_nothing_is_known_all_the_same(self) -> None:
        issuer = Issuer(WEAK)
        assert not issuer.knows("weak")
        assert not issuer.knows("other")
        assert issuer.asked == 1


def in_threads(count: int, call: Callable[[], bool]) -> tuple[list[threading.Thread], list[bool]]:
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(call())) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, results


class TestThreads:
    def test_wait_for_one_request(self) -> None:
        issuer = Issuer(OLD)
        issuer.gate.clear()
        threads, results = in_threads(8, lambda: issuer.knows("old"))
        issuer.gate.set()
        for thread in threads:
            thread.join(5)
        assert results == [True] * 8
        assert issuer.asked == 1

    def test_do_not_wait_for_a_slow_issuer(self) -> None:
        issuer = Issuer(OLD, wait=0.05)
        issuer.gate.clear()
        with pytest.raises(KeySetUnavailable):
            issuer.knows("old")
        issuer.gate.set()
        assert issuer.cache._asked is not None
        issuer.cache._asked.result(5)
        assert issuer.knows("old")
        assert issuer.asked == 1

    def test_an_answer_that_comes_too_late_does_not_replace_a_newer_one(self) -> None:
        issuer = Issuer(OLD, wait=0.05)
        issuer.gate.clear()
        with pytest.raises(KeySetUnavailable):
            issuer.knows("old")
        late = issuer.cache._asked
        issuer.clock.advance(INTERVAL)
        hold, issuer.gate = issuer.gate, threading.Event()
        issuer.gate.set()
        issuer.answer = {"keys": [NEW]}
        assert issuer.knows("new")
        hold.set()
        assert late is not None
        late.result(5)
        assert issuer.knows("new")
        assert not issuer.knows("old")
