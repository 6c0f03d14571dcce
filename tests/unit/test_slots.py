"""The roster cut into steps: every shard once per interval, evenly."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast_backend.fanout.slots import MINUTE, Slots

CUTS = st.builds(Slots.of, st.integers(20, 510), st.integers(1, 256))
STEPS = st.integers(28_000_000, 90_000_000)


class TestCut:
    @pytest.mark.parametrize(
        ("interval", "seconds", "count"),
        [(20, 20, 1), (30, 30, 1), (59, 59, 1), (60, 60, 1), (119, 60, 1), (300, 60, 5),
         (510, 60, 8)],
    )  # fmt: skip
    def test_whole_minutes_from_a_minute_on(self, interval: int, seconds: int, count: int) -> None:
        slots = Slots.of(interval, 16)
        assert (slots.seconds, slots.count) == (seconds, count)
        assert interval - MINUTE < slots.interval <= interval

    @given(CUTS, STEPS)
    def test_every_shard_once_in_an_interval(self, slots: Slots, first: int) -> None:
        steps = range(first, first + slots.count)
        served = [shard for step in steps for shard in slots.shards_of(step)]
        assert sorted(served) == list(range(slots.shards))

    @given(CUTS, STEPS)
    def test_a_shard_has_its_place_in_each_interval(self, slots: Slots, step: int) -> None:
        assert slots.shards_of(step) == slots.shards_of(step + slots.count)

    @given(CUTS, STEPS)
    def test_no_step_has_more_than_its_part(self, slots: Slots, first: int) -> None:
        sizes = [len(slots.shards_of(first + number)) for number in range(slots.count)]
        assert max(sizes) - min(sizes) <= 1

    @given(CUTS, STEPS)
    def test_times_and_steps_agree(self, slots: Slots, step: int) -> None:
        starts = slots.starts_at(step)
        assert slots.step_at(starts) == slots.step_at(starts + slots.seconds - 0.001) == step


class TestDue:
    @given(CUTS, STEPS, st.integers(-5, 2000))
    def test_what_was_missed_and_at_most_each_shard_once(
        self, slots: Slots, current: int, behind: int
    ) -> None:
        due = slots.due(current - behind, slots.starts_at(current))
        served = [shard for step in due for shard in slots.shards_of(step)]
        assert len(due) == max(0, min(behind + 1, slots.count))
        assert len(served) == len(set(served))
        if due:
            assert slots.shards_of(due[0]) == slots.shards_of(current - behind)
            assert due[-1] <= current

    @given(CUTS, STEPS)
    def test_of_an_unknown_past_a_whole_interval(self, slots: Slots, current: int) -> None:
        due = slots.due(None, slots.starts_at(current))
        assert (len(due), due[-1]) == (slots.count, current)

    def test_a_minute_that_was_missed_is_due(self) -> None:
        slots = Slots.of(510, 16)
        runs = [0, 60, 240, 300]
        steps = [list(slots.due(slots.step_at(before) + 1, now)) for before, now in pairwise(runs)]
        assert steps == [[1], [2, 3, 4], [5]]
