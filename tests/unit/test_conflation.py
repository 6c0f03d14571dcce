"""What a broadcaster with `at_most` holds, sends and leaves out; the clock is a number."""

import random
from typing import Any

import pytest

from roomcast import conflation, held_events
from roomcast.envelope import Envelope
from roomcast.errors import NotConfigured
from roomcast.events import WorkflowCompleted, WorkflowProgress
from roomcast.held_events import MOST_WAITING, Window
from roomcast.numbering import numbered
from roomcast.publisher import Prepared
from roomcast.state_events import entity_of

LIMITS = {"workflow.progress": 1.0}


def progress(percent: int, workflow: str = "w", **more: Any) -> Prepared:
    """Return a workflow's progress as it is offered."""
    event = WorkflowProgress(
        **{
            "workflow_id": workflow,
            "status": "running",
            "progress": percent,
            "current_step": "build",
            "total_steps": 4,
            "project_id": "atlas",
            **more,
        }
    )
    return Prepared(numbered(event.to_envelope()), None)


def completed(workflow: str = "w", **more: Any) -> Prepared:
    """Return a workflow's end."""
    event = WorkflowCompleted(
        **{
            "workflow_id": workflow,
            "status": "completed",
            "progress": 100,
            "total_steps": 4,
            "project_id": "atlas",
            **more,
        }
    )
    return Prepared(numbered(event.to_envelope()), None)


def own(event_type: str) -> Prepared:
    """Return an event of one's own about the entity `server:a`."""
    data = {"server": "a", "value": 1}
    sent = Envelope("i", event_type, "t", "s", ("global",), data, state_key="server:a")
    return Prepared(numbered(sent), None)


def take(window: Window, event: Prepared, now: float, **how: Any) -> list[Prepared]:
    return window.take(event, entity_of(event.envelope), now, **how)


class TestWindow:
    def test_the_first_is_sent_at_once_and_the_last_at_the_end(self) -> None:
        window, events = Window(LIMITS), [progress(each) for each in (10, 20, 30, 40)]
        assert take(window, events[0], 0.0) == [events[0]]
        for at, event in enumerate(events[1:], 1):
            assert take(window, event, at / 5) == []
        assert window.next_due() == 1.0
        assert window.due(0.99) == []
        assert window.due(1.0) == [events[3]]
        assert window.next_due() is None

    def test_a_window_begins_with_each_that_is_sent(self) -> None:
        window = Window(LIMITS)
        first, held, later = progress(1), progress(2), progress(3)
        take(window, first, 0.0)
        take(window, held, 0.5)
        assert window.due(1.0) == [held]
        assert take(window, later, 1.5) == []
        assert window.due(2.0) == [later]
        assert take(window, progress(4), 3.0) != []

    def test_entities_do_not_wait_for_each_other(self) -> None:
        window = Window(LIMITS)
        one, other = progress(1, "one"), progress(1, "other")
        assert take(window, one, 0.0) == [one]
        assert take(window, other, 0.1) == [other]

    def test_an_end_passes_and_what_it_says_is_not_sent_again(self) -> None:
        window = Window(LIMITS)
        take(window, progress(1), 0.0)
        take(window, progress(2), 0.1)
        end = completed()
        assert take(window, end, 0.2) == [end]
        assert window.next_due() is None

    @pytest.mark.parametrize(
        "more", [{"logs": ["a line"]}, {"errors": ["a fault"]}], ids=["logs", "errors"]
    )
    def test_what_no_later_one_says_is_sent_in_order(self, more: dict[str, Any]) -> None:
        window, held = Window(LIMITS), progress(2, **more)
        take(window, progress(1), 0.0)
        assert take(window, held, 0.1) == []
        assert take(window, progress(3), 0.2) == []
        end = completed()
        released = take(window, end, 0.3)
        assert released == [held, end]

    def test_an_event_for_fewer_rooms_replaces_nothing(self) -> None:
        window, held = Window(LIMITS), progress(2)
        take(window, progress(1), 0.0)
        take(window, held, 0.1)
        elsewhere = progress(3, project_id="other")
        assert take(window, elsewhere, 0.2) == []
        assert window.due(1.0) == [held, elsewhere]

    def test_an_own_event_of_another_type_replaces_nothing(self) -> None:
        """Their fields may have the same names and mean something else."""
        window = Window({"server.cpu": 1.0, "server.memory": 1.0})
        take(window, own("server.cpu"), 0.0)
        cpu, older, memory = own("server.cpu"), own("server.memory"), own("server.memory")
        for event in (cpu, older, memory):
            assert take(window, event, 0.1) == []
        assert window.due(1.0) == [cpu, memory]

    def test_types_of_one_entity_share_the_shortest_time(self) -> None:
        window = Window({"server.cpu": 60.0, "server.memory": 1.0})
        take(window, own("server.cpu"), 0.0)
        cpu, memory = own("server.cpu"), own("server.memory")
        take(window, cpu, 0.1)
        assert window.next_due() == 60.0
        take(window, memory, 0.2)
        assert window.due(1.0) == [cpu, memory]

    def test_an_earlier_one_replaces_no_later_one(self) -> None:
        """Two threads number their events, and come here in the other order."""
        window, earlier, later = Window(LIMITS), progress(2), progress(3)
        take(window, progress(1), 0.0)
        assert take(window, later, 0.1) == []
        assert take(window, earlier, 0.2) == []
        assert window.due(1.0) == [later]

    def test_an_end_is_not_left_out_for_a_later_progress(self) -> None:
        window, end = Window(LIMITS), completed()
        later = progress(100)
        take(window, progress(1), 0.0)
        take(window, later, 0.1)
        assert take(window, end, 0.2) == [end, later]

    def test_holds_no_more_than_its_limit(self) -> None:
        window = Window(LIMITS)
        take(window, progress(0), 0.0)
        held = [progress(1, logs=[str(each)]) for each in range(MOST_WAITING)]
        assert [take(window, each, 0.1) for each in held] == [[]] * MOST_WAITING
        last = progress(2, logs=["one more"])
        assert window.is_full("workflow:w")
        assert take(window, last, 0.2) == [*held, last]

    def test_waits_while_one_is_being_sent(self) -> None:
        window, event = Window(LIMITS), progress(2)
        take(window, progress(1), 0.0)
        assert take(window, event, 5.0, busy=True) == []
        assert window.due(5.0, busy={"workflow:w"}) == []
        assert window.due(5.0) == [event]

    def test_what_the_bus_did_not_accept_waits_again_longer_each_time(self) -> None:
        window, held = Window(LIMITS), progress(2)
        take(window, progress(1), 0.0)
        take(window, held, 0.1)
        now, pauses = 1.0, []
        for _ in range(8):
            assert window.due(now) == [held]
            window.settle("workflow:w", [held], now)
            due = window.next_due()
            assert due is not None
            pauses.append(due - now)
            now = due
        assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
        assert window.due(now) == [held]
        window.settle("workflow:w", [], now)
        assert window.next_due() is None

    def test_what_failed_is_not_sent_after_a_later_one_says_it(self) -> None:
        window, failed, later = Window(LIMITS), progress(2), progress(3)
        take(window, progress(1), 0.0)
        take(window, failed, 0.1)
        assert window.due(1.0) == [failed]
        take(window, later, 1.1, busy=True)
        window.settle("workflow:w", [failed], 1.2)
        assert window.everything() == [later]

    def test_forgets_entities_that_are_quiet(self) -> None:
        window = Window(LIMITS)
        for number in range(3000):
            take(window, progress(1, f"w{number}"), number * 0.01)
        assert len(window._entities) < 1500  # noqa: SLF001  what this is about is memory

    def test_nothing_is_lost_but_what_a_later_one_says(self) -> None:
        chance = random.Random(7)  # noqa: S311
        for _ in range(300):
            window, now, sent, offered = Window(LIMITS), 0.0, [], []
            for _ in range(chance.randrange(1, 60)):
                now += chance.choice([0.0, 0.05, 0.3, 2.0])
                more: dict[str, Any] = chance.choice([{}, {}, {"logs": ["x"]}, {"project_id": "b"}])
                workflow = chance.choice(["w", "v"])
                event = (
                    completed(workflow) if chance.random() < 0.1 else progress(5, workflow, **more)
                )
                offered.append(event)
                sent += window.due(now) + take(window, event, now)
            sent += window.everything()
            assert len({id(each) for each in sent}) == len(sent)
            for event in offered:
                replaced = any(
                    held_events._replaces(each, event)  # noqa: SLF001  the rule itself
                    and entity_of(each.envelope) == entity_of(event.envelope)
                    for each in sent
                )
                assert replaced or any(each is event for each in sent)
            for entity in ("workflow:w", "workflow:v"):
                numbers = [e.envelope.number for e in sent if entity_of(e.envelope) == entity]
                assert numbers == sorted(numbers)


class TestCheck:
    @pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan"), "1", True, None])
    def test_refuses_what_is_no_time(self, seconds: Any) -> None:
        with pytest.raises(ValueError, match=r"workflow\.progress: expected a positive number"):
            conflation.check({"workflow.progress": seconds})

    @pytest.mark.parametrize("name", ["ai.suggestion", "workflow.completed", "issue.created"])
    def test_refuses_what_no_later_one_replaces(self, name: str) -> None:
        with pytest.raises(ValueError, match="tells no state"):
            conflation.check({name: 1.0})

    @pytest.mark.parametrize("name", ["connect", "", "connection.error", 5])
    def test_refuses_what_no_event_is_called(self, name: Any) -> None:
        with pytest.raises(ValueError, match="at_most: "):
            conflation.check({name: 1.0})

    @pytest.mark.parametrize("found", ["[]", "5", '"workflow.progress"', "{", '{"pr.closed": 1}'])
    def test_names_the_variable(self, monkeypatch: pytest.MonkeyPatch, found: str) -> None:
        monkeypatch.setenv("ROOMCAST_AT_MOST", found)
        with pytest.raises(NotConfigured, match="ROOMCAST_AT_MOST"):
            conflation.chosen(None)

    def test_takes_the_argument_before_the_variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_AT_MOST", '{"workflow.progress": 2}')
        assert conflation.chosen(None) == {"workflow.progress": 2}
        assert conflation.chosen({}) == {}


class TestEntity:
    def test_is_what_the_publisher_names(self) -> None:
        named = Envelope("i", "deploy.step", "t", "s", ("global",), {}, state_key="deploy:api")
        assert entity_of(named) == "deploy:api"

    def test_is_the_field_of_its_kind(self) -> None:
        assert entity_of(progress(1).envelope) == entity_of(completed().envelope) == "workflow:w"

    def test_is_unknown_of_others(self) -> None:
        assert entity_of(Envelope("i", "ai.suggestion", "t", "s", ("global",), {})) == ""
