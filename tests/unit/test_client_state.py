"""What the receiving client keeps between connections."""

from roomcast.client.positions import Positions
from roomcast.client.repeats import Repeats


class TestPositions:
    def test_move_once_the_room_is_answered(self) -> None:
        positions = Positions({})
        positions.begin()
        positions.seen("a:1", 5)
        assert positions.since == {}
        positions.answered("a:1")
        assert positions.since == {"a:1": 5}
        positions.seen("a:1", 7)
        assert positions.since == {"a:1": 7}

    def test_stay_when_a_connection_ends_before(self) -> None:
        positions = Positions({"a:1": 5})
        positions.begin()
        positions.seen("a:1", 9)
        positions.begin()
        assert positions.since == {"a:1": 5}

    def test_never_go_back(self) -> None:
        positions = Positions({})
        positions.begin()
        positions.answered("a:1")
        for seq in (7, 6, 0):
            positions.seen("a:1", seq)
        assert positions.since == {"a:1": 7}

    def test_a_quiet_room_goes_on_with_the_latest_greeting(self) -> None:
        positions = Positions({"a:1": 5})
        positions.begin()
        positions.greeted("g1")
        assert positions.since == {"a:1": 5}
        positions.answered("a:1")
        assert positions.since == {"a:1": "g1"}
        positions.begin()
        positions.answered("a:1")  # a connection without a greeting
        assert positions.since == {"a:1": "g1"}


class TestRepeats:
    def test_forget_the_oldest(self) -> None:
        repeats = Repeats(2)
        assert [repeats.has(each) for each in ("a", "a", "b", "c", "a")] == [
            *(False, True, False, False),
            False,
        ]

    def test_without_an_id_nothing_is_one(self) -> None:
        repeats = Repeats()
        assert not repeats.has("")
        assert not repeats.has("")
