"""Corrects the counters by the rows that they count.

The counters follow the tables' streams. A batch that failed for good, or was counted twice, leaves
them wrong for ever, and `max_connections` believes them. So now and then:

counters before ─▶ count rows ─▶ wait ─▶ counters after ─▶ add what is outside of both

While clients come and go the rows are counted over some seconds, and counters lag behind by some
more: the wait lets them catch up with the rows. Between the two readings of a counter any number of
rows can be right, so nothing is corrected there. What stays wrong is at most what the true number
moved meanwhile, and once the tables are quiet nothing. Changes that are counted later than after
the wait look like an error: they are corrected, then counted, and the next sweep takes that back.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Protocol

from roomcast.rooms import GLOBAL, kinds
from roomcast.tenants import tenant_of
from roomcast_backend.stores import counters
from roomcast_backend.stores.counters import Counter

SETTLE_SECONDS = 10
"""Until a change is counted: Lambda gathers changes for a second, reads them and counts them."""


def names(tenants: Collection[str] = ()) -> tuple[str, ...]:
    """Return the counters that count rows; events are counted as they are delivered and have none.

    Those of a kind that was taken out of the settings are not among them, whatever rows it has. The
    counter of the `global` rooms of all `tenants` is, as soon as there are any.
    """
    return (
        counters.CONNECTIONS,
        counters.POLLING,
        *([counters.TENANTS] if tenants else []),
        *(
            name
            for tenant in ("", *sorted(tenants))
            for kind in kinds()
            for name in _of_kind(kind, tenant)
        ),
    )


def _of_kind(kind: str, tenant: str) -> Iterator[str]:
    if kind != GLOBAL.kind or not tenant:
        yield counters.members(kind, tenant).name
        yield counters.room_members(kind, "", tenant).name


class Counters(Protocol):
    """The counters, as far as they are corrected here."""

    def sums(self, name: str) -> dict[str, int]:
        """Return all parts of a counter."""
        ...

    def add(self, changes: Mapping[Counter, int], *, batch: str, at: int) -> None:
        """Add to several counters, once for each `batch`."""
        ...

    def claim_reconciliation(self, *, now: int, every: int) -> bool:
        """Note that the counters are corrected now; False when they were just now."""
        ...


class Rows(Protocol):
    """What the counters count."""

    def count(self) -> dict[Counter, int]:
        """Return every counter that has a row, with the number of its rows."""
        ...


class Reconciliation:
    """Corrects the counters; at most once in `every` seconds, whoever asks for it.

    `tenants` tells whether there are any.
    """

    def __init__(
        self,
        store: Counters,
        rows: Rows,
        *,
        every: int,
        tenants: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tenants = tenants
        self._store = store
        self._rows = rows
        self._every = every
        self._sleep = sleep

    def run(self, *, now: int) -> dict[Counter, int] | None:
        """Return what was added to each counter that was wrong; None when it is not time yet.

        `now` is epoch seconds. An error on the way leaves the counters as they were.
        """
        if not self._store.claim_reconciliation(now=now, every=self._every):
            return None
        tenants = self._known_tenants()
        before = self._read(names(tenants))
        counted = self._rows.count()
        tenants |= {tenant_of(part) for name, part in counted if name == counters.TENANTS}
        known = names(tenants)
        rows = {counter: n for counter, n in counted.items() if counter.name in known}
        self._sleep(SETTLE_SECONDS)
        after = self._read(known)
        wrong = corrections(before, rows, after)
        self._store.add(wrong, batch=f"reconciled {now}", at=now)
        return wrong

    def _known_tenants(self) -> set[str]:
        """Return the tenants that had a connection of late: each has a part of one counter."""
        return set(map(tenant_of, self._store.sums(counters.TENANTS))) if self._tenants else set()

    def _read(self, known: Collection[str]) -> dict[Counter, int]:
        return {
            Counter(name, part): n for name in known for part, n in self._store.sums(name).items()
        }


def corrections(
    before: Mapping[Counter, int], rows: Mapping[Counter, int], after: Mapping[Counter, int]
) -> dict[Counter, int]:
    """Return what to add to each counter whose rows lie outside of its two readings."""
    wanted = {
        counter: correction(before.get(counter, 0), rows.get(counter, 0), after.get(counter, 0))
        for counter in _all(before, rows, after)
    }
    return {counter: change for counter, change in wanted.items() if change}


def correction(before: int, rows: int, after: int) -> int:
    """Return by how much the rows lie above or below both readings of their counter."""
    low, high = min(before, after), max(before, after)
    return rows - min(max(rows, low), high)


def _all(*readings: Iterable[Counter]) -> set[Counter]:
    return {counter for reading in readings for counter in reading}
