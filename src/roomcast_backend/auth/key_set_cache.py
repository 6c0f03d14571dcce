"""Keeps a key set, and decides when it is read anew.

age of the set    0 s ─────────── 300 s ─────────────────── 1 h ──────▶
a known key       used            read anew first; while    unavailable
                                  that fails, still used
an unknown key    read anew first, at most every 10 s: then refused, or unavailable if it failed

Anybody can send tokens with unknown keys, so they cause one request per interval and container,
whatever their number. All threads wait for the same request, and for `WAIT` seconds at most; one
that takes longer goes on without them.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

from aws_lambda_powertools import Logger

from roomcast_backend.auth.key_set import BadKeySet, VerificationKey, read_key_set

FRESH: Final = 300.0
"""Seconds; after them a key that the issuer has removed is accepted no more."""

STALE: Final = 3600.0
"""Seconds for which a set is used while its issuer does not answer."""

INTERVAL: Final = 10.0
"""Seconds between two requests."""

RETRY: Final = 2.0
"""Seconds between two requests while there is no set at all."""

WAIT: Final = 3.0

logger = Logger(child=True)


class KeySetUnavailable(Exception):
    """The set was not read in time, so that nothing is known of a token's key."""


class KeySetCache:
    """The key set of one issuer; it can be used by several threads.

    `fetch` returns the set as it was sent, or raises `BadKeySet`. `clock` gives epoch seconds: it
    goes on while a container is frozen.
    """

    def __init__(
        self,
        fetch: Callable[[], bytes],
        *,
        clock: Callable[[], float] = time.time,
        wait: float = WAIT,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._keys: tuple[VerificationKey, ...] = ()
        self._read_at = self._asked_at = float("-inf")
        self._kept = self._requests = 0  # numbers of requests
        self._asked: Future[None] | None = None

    def find(self, key_id: str, algorithm: str) -> Any:
        """Return the key of that id, for tokens of that algorithm.

        Raises `ValueError` when the set has no such key, or none that fits the algorithm, and
        `KeySetUnavailable` when that is not known.
        """
        now = self._clock()
        known = self._known(key_id) if _within(now - self._read_at, FRESH) else []
        if not known:
            self._refresh()
            if not self._keys or self._clock() - self._read_at >= STALE:
                raise KeySetUnavailable("the key set does not answer")
            known = self._known(key_id)
        if not known and self._kept < self._requests:
            raise KeySetUnavailable("the key set does not answer, and the token's key is not known")
        for key in known:
            if algorithm in key.algorithms:
                return key.key
        raise ValueError("the set has no such key for this algorithm")

    def _known(self, key_id: str) -> list[VerificationKey]:
        return [key for key in self._keys if key.key_id == key_id]

    def _refresh(self) -> None:
        """Read the set, or wait for the thread that does; do nothing when that was just done."""
        with self._lock:
            now = self._clock()  # not before the other thread's request
            since = now - self._asked_at
            running = self._asked is not None and not self._asked.done()
            if not (running and _within(since, INTERVAL)):
                if _within(since, INTERVAL if self._keys else RETRY):
                    return
                self._ask(now)
            asked = self._asked
        if asked is not None:
            with suppress(TimeoutError):
                asked.result(self._wait)

    def _ask(self, now: float) -> None:
        """Begin to read the set in a thread of its own: a name server can take any time."""
        self._asked_at = now
        self._requests += 1
        asked: Future[None] = Future()
        self._asked = asked
        request = threading.Thread(
            target=self._read, args=(self._requests, now, asked), name="key-set", daemon=True
        )
        request.start()

    def _read(self, number: int, asked_at: float, asked: Future[None]) -> None:
        try:
            self._keep(read_key_set(self._fetch()), number, asked_at)
        except BadKeySet as exc:
            logger.warning("the key set was not read", extra={"reason": str(exc)})
        finally:
            asked.set_result(None)

    def _keep(self, keys: tuple[VerificationKey, ...], number: int, asked_at: float) -> None:
        """Keep a set, unless a later request has brought one; a good set is not lost for a bad."""
        usable = any(key.algorithms for key in keys)
        with self._lock:
            if self._keys and not usable:
                raise BadKeySet("expected a key that verifies tokens, got none")
            if number > self._kept:
                self._keys, self._read_at, self._kept = keys, asked_at, number


def _within(age: float, seconds: float) -> bool:
    """Tell whether an age is below a bound; after the clock was set back it is not."""
    return 0 <= age < seconds
