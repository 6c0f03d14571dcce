"""Which corrections the counters get, whatever happens while the rows are counted."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from roomcast_backend.statistics.reconciliation import Reconciliation, correction, corrections
from roomcast_backend.stores.counters import Counter, members

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
        reconciliation = Reconciliation(store, Rows({CONNECTIONS: 2}), every=60)
        assert reconciliation.run(now=1000) == {CONNECTIONS: -5}
        assert reconciliation.run(now=1060) == {}
        assert store.values[CONNECTIONS] == 2

    def test_a_second_run_at_the_same_time_adds_nothing(self) -> None:
        store = Store(connections=7)
        reconciliation = Reconciliation(store, Rows({CONNECTIONS: 2}), every=60)
        reconciliation.run(now=1000)
        assert reconciliation.run(now=1001) is None
        assert store.values[CONNECTIONS] == 2

    def test_each_run_is_a_change_of_its_own(self) -> None:
        store = Store(connections=7)
        reconciliation = Reconciliation(store, Rows({CONNECTIONS: 2}), every=60)
        for now in (1000, 2000):
            reconciliation.run(now=now)
        assert len(set(store.added)) == 2
