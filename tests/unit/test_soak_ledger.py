"""The soak's ledger: a loss that it did not see would be no loss that it rules out."""

import pytest

from tests.soak.ledger import Ledger

ROOM = "project:p"


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger(settle=10)
    ledger.allow("c", [ROOM, "global"])
    return ledger


def publish(
    ledger: Ledger, event_id: str, *, begun: float, rooms: tuple[str, ...] = (ROOM,)
) -> None:
    ledger.publish(event_id, rooms, begun=begun)
    ledger.accept(event_id, now=begun + 0.1)


def hear(ledger: Ledger, event_id: str, *, now: float, room: str = ROOM) -> None:
    ledger.receive("c", event_id, room, now=now, replayed=False)


class TestPromise:
    def test_who_stays_must_hear_it(self, ledger: Ledger) -> None:
        ledger.join("c", ROOM, now=0, recovered=False)
        publish(ledger, "e", begun=1)
        assert list(ledger.problems()) == ["c never got e, published to project:p"]
        hear(ledger, "e", now=2)
        assert list(ledger.problems()) == []
        assert ledger.took == [1]

    @pytest.mark.parametrize(
        ("entity", "begun", "excused"),
        [("a", 2, True), ("b", 2, False), ("", 2, False), ("a", 0.5, False), ("a", 60, False)],
    )
    def test_a_late_state_is_excused_by_a_newer_one_of_the_same(
        self, ledger: Ledger, entity: str, begun: float, excused: bool
    ) -> None:
        ledger.join("c", ROOM, now=0, recovered=False)
        ledger.publish("late", (ROOM,), begun=1, entity="a")
        ledger.accept("late", now=1.1)
        ledger.publish("other", (ROOM,), begun=begun, entity=entity)
        ledger.accept("other", now=begun + 0.1)
        hear(ledger, "other", now=begun + 0.2)
        assert (list(ledger.problems()) == []) == excused

    def test_of_two_rooms_one_copy_is_enough(self, ledger: Ledger) -> None:
        for room in (ROOM, "global"):
            ledger.join("c", room, now=0, recovered=False)
        publish(ledger, "e", begun=1, rooms=("global", ROOM))
        assert len(list(ledger.problems())) == 1
        hear(ledger, "e", now=2, room="global")
        assert list(ledger.problems()) == []

    def test_what_was_published_before_joining_is_not_promised(self, ledger: Ledger) -> None:
        publish(ledger, "e", begun=1)
        ledger.join("c", ROOM, now=1.05, recovered=False)
        assert list(ledger.promised()) == []

    @pytest.mark.parametrize(("left", "promised"), [(11.0, False), (11.1, True)])
    def test_who_leaves_must_have_heard_what_had_time_to_come(
        self, ledger: Ledger, left: float, promised: bool
    ) -> None:
        ledger.join("c", ROOM, now=0, recovered=False)
        publish(ledger, "e", begun=1)
        ledger.leave("c", ROOM, now=left)
        assert bool(list(ledger.promised())) is promised

    @pytest.mark.parametrize("recovered", [True, False])
    def test_who_was_away_has_missed_nothing_if_that_was_said(
        self, ledger: Ledger, recovered: bool
    ) -> None:
        ledger.join("c", ROOM, now=0, recovered=False)
        ledger.leave("c", ROOM, now=1)
        publish(ledger, "e", begun=2)
        ledger.join("c", ROOM, now=3, recovered=recovered)
        assert bool(list(ledger.problems())) is recovered

    def test_what_was_not_accepted_is_not_promised(self, ledger: Ledger) -> None:
        ledger.join("c", ROOM, now=0, recovered=False)
        ledger.publish("e", (ROOM,), begun=1)
        assert list(ledger.promised()) == []


class TestCopies:
    def test_repeats_are_counted(self, ledger: Ledger) -> None:
        ledger.join("c", ROOM, now=0, recovered=False)
        publish(ledger, "e", begun=1)
        for now in (2, 3, 4):
            hear(ledger, "e", now=now)
        assert (ledger.delivered, ledger.repeated) == (1, 2)

    def test_what_nobody_published(self, ledger: Ledger) -> None:
        ledger.join("c", ROOM, now=0, recovered=False)
        hear(ledger, "e", now=1)
        assert list(ledger.problems()) == ["c got e, which nobody published"]

    def test_somebody_elses_room(self, ledger: Ledger) -> None:
        publish(ledger, "e", begun=1)
        hear(ledger, "e", now=2, room="user:d")
        assert list(ledger.problems()) == ["c got e through user:d, which is not its own"]

    def test_a_connection_that_was_lost(self, ledger: Ledger) -> None:
        ledger.lost.append("c lost its connection")
        assert list(ledger.problems()) == ["c lost its connection"]
