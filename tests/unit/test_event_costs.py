"""What events cost by type, and what `at_most` would have left out: sums made by hand."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast.event_names import OF_LIBRARY
from roomcast.events import EVENT_TYPES
from roomcast.held_events import Window
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.statistics import costs, report
from roomcast_backend.statistics.advice import LEAST_EVENTS, Advice, advise, left_out
from roomcast_backend.statistics.costs import by_type, dollars
from simulation import unit_costs
from tests.unit.test_conflation import LIMITS, progress, take

KB = 1024
EVENTS = [progress(50) for _ in range(40)]


def advice(**counts: EventCount) -> list[Advice]:
    return advise(by_type({name.replace("_", "."): count for name, count in counts.items()}))


def sent(events: int, deliveries: int, size: int = KB, **more: int) -> EventCount:
    return EventCount(events=events, sent=deliveries, bytes=deliveries * size, **more)


class TestCosts:
    def test_the_prices_are_those_of_the_cost_model(self) -> None:
        """When this fails: write the new figures into `statistics/costs.py`."""
        assert round(unit_costs.event(), 2) == costs.MILLION_EVENTS
        assert unit_costs.message() == costs.MILLION_MESSAGES
        assert unit_costs.gigabyte() == costs.GIGABYTE

    def test_an_event_a_message_for_each_delivery_and_the_bytes(self) -> None:
        million = EventCount(events=1_000_000, sent=2_000_000, bytes=costs.GB)
        assert dollars(million) == pytest.approx(6.93 + 2.00 + 0.09)

    def test_a_delivery_is_a_message_for_every_32_kb(self) -> None:
        small, large = sent(0, 1_000_000, 32 * KB), sent(0, 1_000_000, 33 * KB)
        transfer = costs.GIGABYTE / costs.GB * 1_000_000 * KB
        assert dollars(small) == pytest.approx(1 + 32 * transfer)
        assert dollars(large) == pytest.approx(2 + 33 * transfer)

    def test_the_dearest_comes_first_with_its_share(self) -> None:
        found = by_type({"a": sent(100, 100), "b": sent(100, 900)})
        assert [each.type for each in found] == ["b", "a"]
        assert sum(each.share for each in found) == pytest.approx(1)

    def test_of_nothing(self) -> None:
        assert by_type({}) == []
        assert by_type({"a": EventCount()})[0].share == 0

    def test_every_outcome_of_a_post_is_counted(self) -> None:
        assert set(report.OUTCOMES) == {outcome.value for outcome in Outcome}
        assert set(report.OUTCOMES) < set(EventCount.__slots__)

    def test_the_types_of_the_library_are_all_of_them(self) -> None:
        assert set(EVENT_TYPES) == OF_LIBRARY


def counted(times: Sequence[float]) -> EventCount:
    """Return what `broadcast` counts of events of one entity."""
    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    soon = [gap for gap in gaps if gap < 1]
    return EventCount(events=len(times), soon=len(soon), soon_ms=round(sum(soon) * 1000))


def really_left_out(times: Sequence[float]) -> int:
    """Return how many events a broadcaster with `at_most` of one second leaves out."""
    window, released = Window(LIMITS), 0
    for now, event in zip(times, EVENTS, strict=False):
        while (due := window.next_due()) is not None and due <= now:
            released += len(window.due(due))
        released += len(take(window, event, now))
    return len(times) - released - len(window.everything())


class TestLeftOut:
    @given(st.lists(st.integers(0, 2500), max_size=len(EVENTS) - 1))
    def test_is_between_what_is_said(self, gaps: list[int]) -> None:
        times = [sum(gaps[:end]) / 1000 for end in range(len(gaps) + 1)]
        least, most = left_out(counted(times))
        real = really_left_out(times)
        assert least * len(times) - 0.01 <= real <= most * len(times) + 1

    def test_five_a_second_are_one_in_five(self) -> None:
        least, most = left_out(EventCount(events=1000, soon=999, soon_ms=999 * 200))
        assert most == pytest.approx(0.8, abs=0.01)
        assert least == pytest.approx(0.8, abs=0.01)

    def test_many_entities_that_report_once_leave_nothing_out(self) -> None:
        assert left_out(EventCount(events=1000)) == (0, 0)


class TestAdvice:
    def test_at_most_says_how_much_it_would_have_saved(self) -> None:
        count = sent(1000, 50_000, soon=900, soon_ms=180_000)
        (found,) = advice(workflow_progress=count, pr_created=sent(10, 1))
        assert found.type == "workflow.progress"
        assert 'at_most={"workflow.progress": 1.0}' in found.text
        assert "would have left out 62 % to 72 % of its events" in found.text
        assert found.saves == pytest.approx((0.62 * dollars(count), 0.72 * dollars(count)))

    def test_what_costs_little_is_not_worth_a_word(self) -> None:
        little = sent(100, 100, soon=99, soon_ms=9_900)
        assert advice(workflow_progress=little, pr_created=sent(1000, 100_000)) == []

    def test_few_events_say_nothing(self) -> None:
        few = LEAST_EVENTS - 1
        assert advice(workflow_progress=sent(few, few, soon=few, soon_ms=few)) == []

    def test_nobody_gets_them(self) -> None:
        (found,) = advice(pr_created=EventCount(events=500))
        assert "Not one of its 500 events was delivered" in found.text
        assert found.saves == pytest.approx((0, 500 * 6.93e-6))

    def test_large_events_are_billed_several_times(self) -> None:
        (found,) = advice(build_done=sent(100, 1_000_000, 100 * KB))
        assert "has 100 KB on average and is billed as 4 messages" in found.text
        assert found.saves[0] == pytest.approx(3 + 1_000_000 * 68 * KB / costs.GB * 0.09)

    def test_the_largest_saving_comes_first(self) -> None:
        found = advice(
            agent_status=sent(1000, 9_000, soon=900, soon_ms=9_000),
            workflow_progress=sent(1000, 50_000, soon=900, soon_ms=9_000),
        )
        assert [each.type for each in found] == ["workflow.progress", "agent.status"]

    def test_of_all_other_types_together_nothing_is_said(self) -> None:
        assert advise(by_type({"": EventCount(events=500)})) == []
