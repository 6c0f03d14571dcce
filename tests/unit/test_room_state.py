"""What is known of an entity from its events, in whatever order they come."""

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest

from roomcast.envelope import Envelope
from roomcast.state_events import entity_of
from roomcast_backend.model import room_state
from roomcast_backend.model.room_state import (
    DAY,
    ENDED_SECONDS,
    MOST_BYTES,
    MOST_PASSED,
    EntityState,
    tell,
)

NOW = 1_800_000_000


def event(type: str = "pr.updated", number: int = 0, publisher: str = "", **data: Any) -> Envelope:
    return Envelope(
        id=f"e{number}", type=type, timestamp="2026-01-01T00:00:00Z", source="s",
        rooms=("project:p",), data=data, publisher=publisher, number=number,
    )  # fmt: skip


def told(
    *events: tuple[Envelope, int] | tuple[Envelope, int, int],
    entity: str = "pr:1",
    now: int = NOW,
    known: EntityState | None = None,
) -> EntityState:
    """Return what is known after events with their positions, and orders where these differ."""
    for envelope, seq, *order in events:
        known = tell(known, entity, envelope, seq=seq, order=order[0] if order else seq, now=now)
    assert known is not None
    return known


def data(state: EntityState) -> dict[str, Any]:
    return state.envelope("project:p").data


def some_fields(chance: random.Random) -> list[dict[str, Any]]:
    return [dict.fromkeys(chance.sample("abc", chance.randint(1, 3)), value) for value in range(6)]


class TestMerging:
    def test_optional_fields_merge_over_what_was_known(self) -> None:
        created = event("pr.created", title="A", author="ada", description=None)
        updated = event(title="B", description=None, author=None, status="open")
        state = told((created, 1), (updated, 2))
        assert data(state) == {
            "title": "B", "author": "ada", "status": "open", "description": None,
        }  # fmt: skip
        assert (state.event.type, state.seq) == ("pr.updated", 2)

    def test_the_larger_position_wins_in_either_order(self) -> None:
        old, new = (event(title="A", author="ada"), 1), (event(title="B"), 2)
        assert data(told(old, new)) == data(told(new, old)) == {"title": "B", "author": "ada"}
        assert told(new, old).event == told(old, new).event

    def test_of_one_publisher_the_larger_number_wins(self) -> None:
        later = (event(number=2, publisher="p", title="B"), 10)
        late = (event(number=1, publisher="p", title="A", author="ada"), 11, 10)
        assert data(told(later, late)) == data(told(late, later)) == {"title": "B", "author": "ada"}

    def test_a_repeat_changes_nothing(self) -> None:
        state = told((event(title="A", changes={"a": 1}), 1))
        assert told((event(title="A", changes={"a": 1}), 1), known=state, now=NOW + 5) is state
        newer = told((event(title="B"), 2), known=state)
        assert told((event(title="A", changes={"a": 1}), 1), known=newer) is newer

    def test_an_empty_value_is_a_value(self) -> None:
        assert data(told((event(labels=["a"], body="x"), 1), (event(labels=[], body=""), 2))) == {
            "labels": [], "body": "",
        }  # fmt: skip

    def test_null_says_that_nobody_is_assigned(self) -> None:
        first = event("issue.created", assigned_to="ada", priority="high", description="x")
        second = event("issue.updated", assigned_to=None, priority=None, description=None)
        for order in ([(first, 1), (second, 2)], [(second, 2), (first, 1)]):
            assert data(told(*order, entity="issue:1")) == {
                "assigned_to": None, "priority": None, "description": "x",
            }  # fmt: skip

    def test_what_belongs_to_the_newest_event(self) -> None:
        progress = event("workflow.progress", progress=50, current_step="Test", logs=["line"])
        completed = event("workflow.completed", progress=100, logs=None)
        for order in ([(progress, 1), (completed, 2)], [(completed, 2), (progress, 1)]):
            state = told(*order, entity="workflow:w")
            assert data(state) == {"progress": 100, "logs": None}

    def test_own_entities_merge_all_fields(self) -> None:
        state = told((event("deploy.a", logs=["x"]), 1), (event("deploy.b", ok=True), 2),
                     entity="deploy:api")  # fmt: skip
        assert data(state) == {"logs": ["x"], "ok": True}

    def test_a_late_event_does_not_pass_what_came_after_a_newer_one(self) -> None:
        """p's second event, then q's, then p's first: q's is the newest of all three."""
        second = (event(number=2, publisher="p", title="p2"), 1)
        other = (event(number=1, publisher="q", title="q1"), 2)
        elsewhere = 9  # the position of p's third event, about something else
        first = (event(number=1, publisher="p", title="p1"), 10, elsewhere)
        for order in itertools.permutations([second, other]):
            assert data(told(*order, first)) == {"title": "q1"}

    def test_remembers_no_more_stamps_than_it_needs(self) -> None:
        alone = told(*((event(number=n, publisher="p", title=n), n) for n in range(1, 30)))
        assert not alone.passed
        mixed = told(*((event(number=n, publisher="pq"[n % 2], title=n), n) for n in range(1, 30)))
        assert len(mixed.passed) == MOST_PASSED

    @pytest.mark.parametrize("seed", range(200))
    def test_events_in_order_give_the_same_in_any_order(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311
        events = [
            (replace(event(number=n, publisher=chance.choice(("", "p", "q"))), data=fields), n)
            for n, fields in enumerate(some_fields(chance), start=1)
        ]
        shuffled = [*events, *chance.sample(events, 2)]
        chance.shuffle(shuffled)
        expected = told(*events)
        assert data(told(*shuffled)) == data(expected)
        assert told(*shuffled).event == expected.event


class TestTime:
    @pytest.mark.parametrize(
        ("type", "entity", "seconds"),
        [
            ("project.updated", "project:1", 30 * DAY),
            ("workflow.progress", "workflow:1", 7 * DAY),
            ("ai.suggestion", "suggestion:1", DAY),
            ("deploy.started", "deploy:1", DAY),
            ("workflow.completed", "workflow:1", ENDED_SECONDS),
            ("pr.closed", "pr:1", ENDED_SECONDS),
            ("issue.closed", "issue:1", ENDED_SECONDS),
            ("project.deleted", "project:1", ENDED_SECONDS),
            ("agent.disconnected", "agent:1", 30 * DAY),
        ],
    )  # fmt: skip
    def test_how_long_an_entity_is_kept(self, type: str, entity: str, seconds: int) -> None:
        assert told((event(type), 1), entity=entity).until == NOW + seconds

    def test_a_late_event_keeps_nothing_longer(self) -> None:
        ended = told((event("pr.closed", title="A"), 2))
        later = told((event(author="ada"), 1), known=ended, now=NOW + 60)
        assert (later.until, later.event.type) == (ended.until, "pr.closed")

    def test_what_is_over_is_forgotten_by_the_next_event_and_not_by_a_late_one(self) -> None:
        ended = told((event("pr.closed", title="A", author="ada"), 2))
        after = ended.until + 1
        assert told((event(title="late"), 1), known=ended, now=after).until == ended.until
        assert data(told((event("pr.created", title="B"), 3), known=ended, now=after)) == {
            "title": "B"
        }


class TestSize:
    def test_the_largest_values_are_left_out(self) -> None:
        state = told((event(small="x", middle="m" * 100_000, large="l" * 200_000), 1))
        assert state.left_out == ["large"]
        assert data(state).keys() == {"small", "middle"}

    def test_a_smaller_one_comes_back(self) -> None:
        state = told((event(large="l" * (MOST_BYTES + 1)), 1), (event(large="l"), 2))
        assert (state.left_out, data(state)) == ([], {"large": "l"})

    def test_an_older_value_does_not_take_the_place_of_one_that_is_left_out(self) -> None:
        state = told((event(large="l" * (MOST_BYTES + 1)), 2), (event(large="old"), 1))
        assert (state.left_out, data(state)) == (["large"], {})


class TestEntities:
    @pytest.mark.parametrize(
        ("type", "data", "entity"),
        [
            ("workflow.progress", {"workflow_id": "w"}, "workflow:w"),
            ("pr.created", {"pr_id": 5}, "pr:5"),
            ("ai.suggestion", {"suggestion_id": "s"}, "suggestion:s"),
            ("ai.analysis_complete", {"analysis_id": "a"}, ""),
            ("workflow.progress", {}, ""),
            ("workflow.progress", {"workflow_id": ["w"]}, ""),
            ("workflow.progress", {"workflow_id": True}, ""),
            ("workflow.progress", {"workflow_id": ""}, ""),
            ("deploy.finished", {"service": "api"}, ""),
        ],
    )
    def test_whose_state_an_event_tells(self, type: str, data: dict[str, Any], entity: str) -> None:
        assert entity_of(event(type, **data)) == entity

    def test_an_own_event_says_it_itself(self) -> None:
        named = replace(event("deploy.finished"), state_key="deploy:api")
        assert entity_of(named) == "deploy:api"

    def test_every_built_in_entity_has_a_time(self) -> None:
        kinds = {"project", "agent", "pr", "issue", "workflow", "suggestion"}
        assert set(room_state.SECONDS) == kinds
