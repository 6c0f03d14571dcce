"""How entries are cut into requests."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast import batches
from roomcast.envelope import MAX_ENTRY_BYTES

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry


def entry(size: int = 8) -> "Entry":
    """Return an entry that counts as `size` bytes."""
    return {"Source": "src", "DetailType": "type", "Detail": "x" * (size - 7)}


def shape(entries: list["Entry"]) -> list[int]:
    return [len(request) for request in batches.requests(entries)]


class TestEntrySize:
    def test_is_the_sum_of_the_texts(self) -> None:
        assert batches.entry_size(entry(100)) == 100

    def test_counts_utf_8(self) -> None:
        assert batches.entry_size({"Source": "é", "DetailType": "é", "Detail": "😀"}) == 8

    def test_time_counts_14_and_resources_their_length(self) -> None:
        timed: Entry = {**entry(100), "Time": "2025-01-31T12:00:00Z", "Resources": ["abc", "d"]}
        assert batches.entry_size(timed) == 118


class TestRequests:
    @pytest.mark.parametrize(
        ("count", "expected"),
        [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (100, [10] * 10)],
    )
    def test_at_most_ten_to_a_request(self, count: int, expected: list[int]) -> None:
        assert shape([entry()] * count) == expected

    def test_full_to_the_last_byte(self) -> None:
        half = MAX_ENTRY_BYTES // 2
        assert shape([entry(half), entry(half)]) == [2]
        assert shape([entry(half), entry(half + 1)]) == [1, 1]

    def test_oversized_entry_travels_alone(self) -> None:
        assert shape([entry(), entry(MAX_ENTRY_BYTES + 1), entry()]) == [1, 1, 1]

    @given(st.lists(st.integers(min_value=8, max_value=40)))
    def test_nothing_is_lost_reordered_or_over_a_limit(self, sizes: list[int]) -> None:
        entries = [entry(size) for size in sizes]
        cut = list(batches.requests(entries, max_entries=3, max_bytes=64))
        assert [item for request in cut for item in request] == entries
        assert all(1 <= len(request) <= 3 for request in cut)
        assert all(sum(map(batches.entry_size, request)) <= 64 for request in cut)
