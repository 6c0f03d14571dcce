"""Sends heartbeats, so that API Gateway does not close idle connections, and closes expired ones.

The members of `global`, the muted ones included, are the list of all connections: the roster. The
function runs every minute and serves what is due (`slots`), at a rate instead of all at once: each
heartbeat can be answered by its client, and each answer is an invocation.

minute 7   claim ─▶ shards 0, 1 ─▶ save, release
minute 8   does not run
minute 9   claim ─▶ shards 2, 3 (of minute 8) ─▶ shards 4, 5 ─▶ save, release

A run that is killed is gone on with after what it has saved: some get two heartbeats, none misses
its own.

A connection ends after two hours, whatever is sent. Its last heartbeat is left out when it would
only keep the connection open beyond that:

age (s)       6,605      7,085   7,200  7,205
              heartbeat  none    end    would be closed as idle
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING

from roomcast.rooms import GLOBAL
from roomcast_backend.fanout.slots import MINUTE, SPREAD, Slots
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.gateway.rate_limiter import RateLimiter
from roomcast_backend.model.connection import LONGEST_CONNECTION, Member, address
from roomcast_backend.protocol.heartbeats import NOOP_MODE, PING_MODE, heartbeat_frame
from roomcast_backend.stores.sweeps import LeaseLost, Swept

if TYPE_CHECKING:
    from roomcast_backend.fanout.ports import (
        ExpiredCloser,
        MemberSender,
        RosterReader,
        SweepLease,
        SweepRecorder,
    )

ROSTER = str(GLOBAL)

LOWEST_RATES = {NOOP_MODE: 300.0, PING_MODE: 100.0}
"""Heartbeats per second, at least, by mode: spread any thinner, a small roster's run would be paid
for sleeping. A PING is answered: if each answer takes 50 ms, 100 keep five invocations busy."""

IDLE_SECONDS = 10 * 60
"""Seconds without traffic after which API Gateway closes a connection.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

SPARED_PART = 4
"""The last heartbeat may be left out for at most this part of an interval: a quarter."""

CHUNK_SECONDS = 5
"""After so many seconds of posts it is looked at the time, and at when to save."""

SAVE_SECONDS = 10
"""Between two saves; a run that is killed repeats what it did after the last one."""

LEASE_SECONDS = 30
"""How long after a save another run waits: a chunk takes less with all its attempts."""

CLAIM_SECONDS = 30
"""How long a run waits for another one that is about to end, or was killed."""

CLAIM_PAUSE = 2.0


class Heartbeat:
    """Posts a heartbeat to every connection once per interval; `share` is the most per second.

    `mode` is the setting `socketio_heartbeat`.
    """

    def __init__(
        self,
        *,
        rooms: "RosterReader",
        sweeps: "SweepRecorder",
        sender: "MemberSender",
        terminator: "ExpiredCloser",
        slots: Slots,
        mode: str,
        page_size: int,
        share: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rooms = rooms
        self._sweeps = sweeps
        self._sender = sender
        self._terminator = terminator
        self._slots = slots
        self._mode = mode
        self._page_size = page_size
        self._share = share
        self._lowest_rate = LOWEST_RATES[mode]
        self._spare = spare_seconds(mode, slots.interval)
        self._clock = clock
        self._sleep = sleep
        self._cut = f"{slots.seconds}/{slots.count}/{slots.shards}"

    def beat(self, *, until: float) -> Tally:
        """Post the heartbeats that are due in this minute, until the clock says `until`.

        Those of minutes that were missed come first, those for whom no time is left in the next
        run. While another run is at work, this one waits for it and goes on after it, or ends.
        """
        began = self._clock()
        lease = self._claim(until)
        if lease is None:
            return Tally()
        swept = self._known(lease.swept)
        steps = self._steps(swept, began)
        swept = swept or Swept(self._cut, steps[0])
        run = Run(lease, swept, until=until, saved_at=self._clock())
        try:
            self._go_on(run, steps, began=self._clock())
            self._save(run, lease_until=0)
        except LeaseLost:
            pass  # the other run goes on from what was saved
        return run.tally

    def _claim(self, until: float) -> "SweepLease | None":
        give_up = min(until, self._clock() + CLAIM_SECONDS)
        while True:
            now = self._clock()
            lease = self._sweeps.claim(now=now, until=now + LEASE_SECONDS)
            if lease is not None or now + CLAIM_PAUSE >= give_up:
                return lease
            self._sleep(CLAIM_PAUSE)

    def _known(self, swept: Swept | None) -> Swept | None:
        """Return how far the runs before this one came, None when the roster is cut anew."""
        return swept if swept is not None and swept.cut == self._cut else None

    def _steps(self, swept: Swept | None, began: float) -> list[int]:
        """Return the steps of this run: what is due, and what begins within a minute from now."""
        now = self._clock()
        due = self._slots.due(swept.step if swept else None, now)
        ahead = MINUTE - 1 if self._slots.seconds < MINUTE else 0
        last = self._slots.step_at(began + ahead)
        return [*due, *range(max(due.stop, self._slots.step_at(now) + 1), last + 1)]

    def _go_on(self, run: "Run", steps: Sequence[int], *, began: float) -> None:
        """Serve one step after the other; those that were missed share the time of this one."""
        for number, step in enumerate(steps):
            if step != run.swept.step:
                run.swept = replace(run.swept, step=step)
            self._wait_for(step, run)
            now = self._clock()
            ends = max(began, self._slots.starts_at(step)) + self._slots.seconds * SPREAD
            due = sum(1 for other in steps[number:] if other <= self._slots.step_at(now))
            self._serve(run, seconds=max(1.0, (ends - now) / max(1, due)))
            if run.out_of_time:
                return
            run.swept = Swept(self._cut, step + 1)
        run.swept = replace(run.swept, step=max(run.swept.step, self._slots.step_at(began) + 1))

    def _wait_for(self, step: int, run: "Run") -> None:
        starts = self._slots.starts_at(step)
        if (wait := min(starts, run.until) - self._clock()) > 0:
            self._save(run, lease_until=starts + LEASE_SECONDS)
            self._sleep(wait)

    def _serve(self, run: "Run", *, seconds: float) -> None:
        """Post to the members that are due in a step, evenly over some seconds."""
        shards = [
            shard for shard in self._slots.shards_of(run.swept.step) if shard >= run.swept.shard
        ]
        due = [(shard, self._due(shard, run.swept)) for shard in shards]
        count = sum(len(members) for _, members in due)
        rate = min(self._share, max(self._lowest_rate, count / seconds))
        pace = RateLimiter(rate, burst=ceil(rate / 10), clock=self._clock, sleep=self._sleep)
        size = ceil(rate * CHUNK_SECONDS)
        for shard, members in due:
            for start in range(0, len(members), size):
                chunk = members[start : start + size]
                if not self._post(chunk, pace, run):
                    run.out_of_time = True
                    return
                run.swept = replace(run.swept, shard=shard, after=chunk[-1].connection_id)
                self._save_now_and_then(run)

    def _due(self, shard: int, swept: Swept) -> list[Member]:
        """Return the members of a shard that a step has not come to, one for each connection."""
        after = swept.after if shard == swept.shard and swept.after else None
        return _one_per_connection(self._members(shard, after), now=self._clock())

    def _members(self, shard: int, after: str | None) -> Iterator[Member]:
        while True:
            page = self._rooms.page(ROSTER, shard, size=self._page_size, after=after)
            yield from page.members
            if page.after is None:
                return
            after = page.after

    def _post(self, members: Sequence[Member], pace: RateLimiter, run: "Run") -> bool:
        """Post to some members and close those with an expired token; False without time."""
        now = self._clock()
        expired = [member for member in members if member.expires_at <= now]
        alive = [member for member in members if member.expires_at > now]
        needed = [member for member in alive if not _ends_by_itself(member, now, self._spare)]
        run.tally.expired += self._terminator.close_expired(expired, room=ROSTER, until=run.until)
        paced = pace.throttle(needed)
        result = self._sender.post(paced, self._frame, room=ROSTER, until=run.until)
        run.tally.add(result)
        return self._clock() < run.until

    def _frame(self, protocol: str) -> bytes:
        return heartbeat_frame(protocol, self._mode).encode()

    def _save_now_and_then(self, run: "Run") -> None:
        now = self._clock()
        if now - run.saved_at >= SAVE_SECONDS:
            self._save(run, lease_until=now + LEASE_SECONDS)

    def _save(self, run: "Run", *, lease_until: float) -> None:
        swept_until = self._slots.starts_at(run.swept.step)
        run.lease.save(run.swept, until=lease_until, swept_until=swept_until)
        run.saved_at = self._clock()


@dataclass(slots=True)
class Run:
    """One run: it stops at `until`, has come to `swept`, and saved last at `saved_at`."""

    lease: "SweepLease"
    swept: Swept
    until: float
    saved_at: float
    tally: Tally = field(default_factory=Tally)
    out_of_time: bool = False


def spare_seconds(mode: str, interval: int) -> int:
    """Return how long before its end a connection needs no further heartbeat, in seconds.

    It had one an interval ago, and stays open until it is idle; where this run is a minute late, it
    ends so much before its two hours. A client that waits for PINGs gets all of them.
    """
    if mode == PING_MODE:
        return 0
    return max(0, min(IDLE_SECONDS - interval, interval // SPARED_PART))


def _ends_by_itself(member: Member, now: float, spare: int) -> bool:
    """Tell whether API Gateway ends a connection before it would be idle for too long.

    A row that is older than the longest connection is posted to: a GONE cleans up after it.
    """
    return 0 <= member.joined_at + LONGEST_CONNECTION - now < spare


def _one_per_connection(members: Iterator[Member], *, now: float) -> list[Member]:
    """Return one member for each connection, whose sessions lie beside each other.

    A connection with an expired session and another one that is not is there with both.
    """
    kept = {(address(member.connection_id), member.expires_at <= now): member for member in members}
    return list(kept.values())
