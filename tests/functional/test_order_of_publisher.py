"""Events of one publisher that overtake each other: what is late and told already is left out."""

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from roomcast.envelope import Envelope
from roomcast.numbering import numbered
from roomcast.state_events import is_outdated
from roomcast_backend.stores import log_head
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.socketio_server import Server

ROOM = "project:p1"
DETAIL = {"id": "1", "type": "t", "timestamp": "now", "source": "s", "rooms": [ROOM], "data": {}}


class Watching(Server):
    """The service, and a member that sees what comes."""

    def __init__(self) -> None:
        super().__init__(MemoryTables())
        self.connect("j1", self.principal(), protocol="json")
        self.say(f'{{"action":"subscribe","room":"{ROOM}"}}', "j1")

    def event(self, number: int, type_: str = "workflow.progress", **data: Any) -> Envelope:
        made = self.envelope(ROOM, number=number)
        told = {"workflow_id": "w1", "status": "running", "progress": number, **data}
        return replace(made, type=type_, data=told, publisher="p1", number=number)

    def send(self, *events: Envelope) -> list[int]:
        """Deliver events in this order; return how many of each were left out."""
        return [self.broadcast(event).late_events for event in events]

    def seen(self) -> list[int]:
        frames = [Envelope.from_detail({**DETAIL, **read(each)}) for each in self.heard("j1")]
        return [frame.number for frame in frames]


def read(frame: str) -> dict[str, Any]:

    found: dict[str, Any] = json.loads(frame)
    return found


@pytest.fixture
def service() -> Watching:
    return Watching()


class TestLate:
    def test_a_state_that_a_newer_one_replaces_is_left_out(self, service: Watching) -> None:
        assert service.send(*(service.event(n) for n in (1, 3, 2, 5, 4, 6))) == [0, 0, 1, 0, 1, 0]
        assert service.seen() == [1, 3, 5, 6]

    def test_what_came_late_before_does_not_hide_what_is_late_now(self, service: Watching) -> None:
        assert service.send(*(service.event(n) for n in (5, 3, 4))) == [0, 1, 1]

    def test_the_end_overtakes_progress(self, service: Watching) -> None:
        end = service.event(9, "workflow.completed", total_steps=4)
        late = service.event(8, current_step="tests", total_steps=4)
        assert service.send(end, late) == [0, 1]

    @pytest.mark.parametrize(
        "more", [{"logs": ["line"]}, {"errors": ["oh"]}, {"changes": {"a": 1}}, {"title": "T"}]
    )
    def test_what_tells_more_is_delivered(self, service: Watching, more: dict[str, Any]) -> None:
        assert service.send(service.event(2), service.event(1, **more)) == [0, 0]
        assert service.seen() == [2, 1]

    @pytest.mark.parametrize("type_", ["workflow.completed", "pr.created", "ai.suggestion"])
    def test_what_is_no_state_is_delivered(self, service: Watching, type_: str) -> None:
        assert service.send(service.event(2, type_), service.event(1, type_)) == [0, 0]

    @pytest.mark.parametrize(
        "changes", [{"publisher": "p2"}, {"publisher": ""}, {"data": {"workflow_id": "w2"}}]
    )
    def test_of_somebody_or_something_else(
        self, service: Watching, changes: dict[str, Any]
    ) -> None:
        assert service.send(service.event(2), replace(service.event(1), **changes)) == [0, 0]

    def test_is_not_missing_afterwards(self, service: Watching) -> None:
        first, late, newer = (service.event(n) for n in (1, 2, 3))
        service.send(first, newer, late)
        service.connect("j2", service.principal(), protocol="json")
        reply = read(
            service.say(f'{{"action":"subscribe","room":"{ROOM}","since":"{first.id}"}}', "j2")
        )
        assert (reply["recovered"], reply["replayed"]) == (True, 1)

    def test_again_it_is_left_out_again(self, service: Watching) -> None:
        first, late = service.event(2), service.event(1)
        service.send(first, late)
        assert service.broadcast(late).repeated
        assert service.seen() == [2]

    def test_only_so_many_publishers_are_known(self, service: Watching) -> None:
        for number in range(1, log_head.MOST_PUBLISHERS + 9):
            service.send(replace(service.event(number), publisher=f"other{number}"))
        head = service.dynamodb.tables["events"]["#log" + ROOM, "head"]
        known = [name for name in head if name.startswith("n:")]
        assert len(known) <= log_head.MOST_PUBLISHERS + 1
        assert not [name for name in head if name.startswith("m:")]

    def test_the_newest_decides(self, service: Watching) -> None:
        other = service.event(3, logs=["line"])
        assert is_outdated(service.event(2), [other])
        assert not is_outdated(service.event(3), [other])
        assert not is_outdated(service.event(4), [other])


class TestManyUnderWay:
    def test_beyond_what_a_head_can_hold_nothing_is_certain(self, service: Watching) -> None:
        first = service.publish(ROOM)
        for number in range(log_head.MOST_MARKS + 2):
            service.log.place(service.envelope(ROOM, number=number + 9), now=service.clock.now)
        head, _ = service.log.newest_first(ROOM, now=service.clock.now)
        assert head is not None
        assert (len(head.under_way), head.is_certain) == (log_head.MOST_MARKS + 1, False)
        service.connect("j2", service.principal(), protocol="json")
        frame = f'{{"action":"subscribe","room":"{ROOM}","since":"{first.id}"}}'
        assert read(service.say(frame, "j2"))["recovered"] is False


class TestNumbering:
    def test_counts_from_any_thread(self) -> None:
        event = Envelope.from_detail(DETAIL)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: numbered(event), range(500)))
        assert len({each.publisher for each in found}) == 1
        assert len({each.number for each in found}) == 500

    def test_a_fork_is_another_publisher(self) -> None:
        event = Envelope.from_detail(DETAIL)
        context = multiprocessing.get_context("fork")
        ours = numbered(event)
        with context.Pool(1) as pool:
            theirs = pool.apply(numbered, (event,))
        assert theirs.publisher != ours.publisher
        assert theirs.number == 1

    @pytest.mark.parametrize(
        "order",
        [{}, {"publisher": "p"}, {"number": 1}, {"publisher": {"name": "x"}, "number": 1},
         {"publisher": "p", "number": "1"}, {"publisher": "p", "number": True},
         {"publisher": "p", "number": -1}, {"publisher": "p", "number": 10**12},
         {"publisher": "p" * 65, "number": 1}, {"publisher": "é", "number": 1}],
    )  # fmt: skip
    def test_other_publishers_have_none(self, order: dict[str, Any]) -> None:
        found = Envelope.from_detail({**DETAIL, **order})
        assert (found.publisher, found.number) == ("", 0)
        assert "number" not in found.for_room(ROOM)

    def test_travels(self) -> None:
        event = numbered(Envelope.from_detail(DETAIL))
        assert Envelope.from_detail(event.to_detail()) == event
        copy = event.for_room(ROOM)
        assert (copy["publisher"], copy["number"]) == (event.publisher, event.number)
