"""Which corrections the counters get, whatever happens while the rows are counted."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast_backend.statistics.reconciliation import (
    SETTLE_SECONDS,
    Reconciliation,
    correction,
    corrections,
)
from roomcast_backend.stores.counters import Counter, members, room_members, tenants_members

CONNECTIONS = Counter("connections")
NUMBERS = st.integers(-1000, 1000)


class TestCorrection:
    @given(NUMBERS, NUMBERS)
    def test_a_quiet_counter_gets_what_it_is_wrong_by(self, counter: int, rows: int) -> None:
        assert counter + correction(counter, rows, counter) == rows

    @given(NUMBERS, NUMBERS, NUMBERS)
    def test_nothing_between_two_readings(self, before: int, rows: int, after: int) -> None:
        low, high = sorted((before, after))
        assert (correction(before, rows, after) == 0) == (low <= rows <= high)

    @given(NUMBERS, NUMBERS, NUMBERS)
    def test_never_beyond_the_rows(self, before: int, rows: int, after: int) -> None:
        change = correction(before, rows, after)
        for reading in (before, after):
            assert abs(rows - reading) >= abs(change)

    @given(st.lists(NUMBERS, min_size=3, max_size=3).map(sorted), NUMBERS, st.booleans())
    def test_an_error_never_grows_while_the_number_only_grows_or_only_shrinks(
        self, true: list[int], error: int, shrinks: bool
    ) -> None:
        before, rows, after = reversed(true) if shrinks else true
        left = error + correction(before + error, rows, after + error)
        assert abs(left) <= abs(error)
        assert left * error >= 0

    @given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
    def test_what_stays_wrong_is_at_most_what_moved(
        self, before: int, rows: int, after: int, error: int
    ) -> None:
        moved = max(before, rows, after) - min(before, rows, after)
        left = error + correction(before + error, rows, after + error)
        assert abs(left) <= moved

    def test_a_counter_without_rows_and_rows_without_a_counter(self) -> None:
        wrong = corrections({CONNECTIONS: 3}, {members("agent"): 2}, {CONNECTIONS: 3})
        assert wrong == {CONNECTIONS: -3, members("agent"): 2}


class Store:
    """Counters in memory."""

    def __init__(self, **sums: int) -> None:
        self.values = {Counter(name): n for name, n in sums.items()}
        self.claimed_at: int | None = None
        self.added: list[str] = []

    def sums(self, name: str) -> dict[str, int]:
        return {counter.part: n for counter, n in self.values.items() if counter.name == name}

    def add(self, changes: Mapping[Counter, int], *, batch: str, at: int) -> None:
        self.added.append(batch)
        for counter, change in changes.items():
            self.values[counter] = self.values.get(counter, 0) + change

    def claim_reconciliation(self, *, now: int, every: int) -> bool:
        if self.claimed_at is not None and now - self.claimed_at < every:
            return False
        self.claimed_at = now
        return True


class Rows:
    """The rows of the tables."""

    def __init__(self, counted: dict[Counter, int]) -> None:
        self.counted = counted

    def count(self) -> dict[Counter, int]:
        return self.counted


class TestRun:
    def test_corrects_and_then_finds_nothing(self) -> None:
        store = Store(connections=7)
        reconciliation = Reconciliation(
            store, Rows({CONNECTIONS: 2}), every=60, sleep=lambda _: None
        )
        assert reconciliation.run(now=1000) == {CONNECTIONS: -5}
        assert reconciliation.run(now=1060) == {}
        assert store.values[CONNECTIONS] == 2

    def test_the_counters_of_tenants_with_rows_or_counters(self) -> None:
        wrong = {tenants_members("gone"): 3, members("project", "gone"): 2}
        right = {
            members("global"): 2,
            tenants_members("acme"): 2,
            members("project", "acme"): 1,
            room_members("project", "project:7", "acme"): 1,
        }
        store = Store()
        store.values |= wrong
        reconciliation = Reconciliation(
            store, Rows(right), every=60, tenants=True, sleep=lambda _: None
        )
        assert reconciliation.run(now=1000) == right | {each: -n for each, n in wrong.items()}
        assert reconciliation.run(now=1060) == {}

    def test_a_second_run_at_the_same_time_adds_nothing(self) -> None:
        store = Store(connections=7)
        reconciliation = Reconciliation(
            store, Rows({CONNECTIONS: 2}), every=60, sleep=lambda _: None
        )
        reconciliation.run(now=1000)
        assert reconciliation.run(now=1001) is None
        assert store.values[CONNECTIONS] == 2

    def test_each_run_is_a_change_of_its_own(self) -> None:
        store = Store(connections=7)
        reconciliation = Reconciliation(
            store, Rows({CONNECTIONS: 2}), every=60, sleep=lambda _: None
        )
        for now in (1000, 2000):
            reconciliation.run(now=now)
        assert len(set(store.added)) == 2

    @pytest.mark.parametrize("change", [3, -2])
    def test_rows_that_are_counted_late_are_no_error(self, change: int) -> None:
        store = Store(connections=5)  # their stream records are still on the way

        def settle(seconds: float) -> None:
            assert seconds == SETTLE_SECONDS
            store.add({CONNECTIONS: change}, batch="stream", at=0)

        rows = Rows({CONNECTIONS: 5 + change})
        assert Reconciliation(store, rows, every=60, sleep=settle).run(now=1000) == {}
        assert store.values[CONNECTIONS] == 5 + change

    def test_what_is_counted_after_the_wait_is_taken_back_by_the_next(self) -> None:
        store = Store(connections=5)
        rows = Rows({CONNECTIONS: 6})
        reconciliation = Reconciliation(store, rows, every=60, sleep=lambda _: None)
        assert reconciliation.run(now=1000) == {CONNECTIONS: 1}
        store.add({CONNECTIONS: 1}, batch="stream", at=0)
        assert reconciliation.run(now=2000) == {CONNECTIONS: -1}
        assert store.values[CONNECTIONS] == 6

    @given(
        error=NUMBERS,
        steps=st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=5),
    )
    def test_converges_while_clients_come_and_go(
        self, error: int, steps: list[tuple[int, int]]
    ) -> None:
        """In each step some rows change before they are counted, others after that."""
        true = 0
        store = Store(connections=error)
        rows = Rows({})
        pending: list[int] = []

        def settle(_seconds: float) -> None:
            store.add({CONNECTIONS: pending.pop()}, batch="stream", at=0)

        reconciliation = Reconciliation(store, rows, every=60, sleep=settle)
        for number, (earlier, later) in enumerate([*steps, (0, 0)]):
            rows.counted = {CONNECTIONS: true + earlier}
            pending.append(earlier + later)
            reconciliation.run(now=1000 + 60 * number)
            true += earlier + later
            moved = max(0, earlier, earlier + later) - min(0, earlier, earlier + later)
            assert abs(store.values[CONNECTIONS] - true) <= moved
