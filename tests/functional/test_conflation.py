"""`at_most` of a broadcaster: with its thread, its bus, other threads, forks and faults."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from roomcast import Event, EventBroadcaster, InvalidEvent, WorkflowProgress
from roomcast.conflation import Conflation
from roomcast.publisher import Prepared
from tests.unit.test_conflation import completed, progress

HOUR = {"workflow.progress": 3600.0}
SOON = {"workflow.progress": 0.05}


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; fail after a long time."""
    end = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def told(broadcaster: EventBroadcaster) -> list[int]:
    return [event.data["progress"] for event in broadcaster.bus.events]


def step(percent: int, **more: Any) -> WorkflowProgress:
    return WorkflowProgress(
        **{
            "workflow_id": "w",
            "status": "running",
            "progress": percent,
            "current_step": "build",
            "total_steps": 4,
            "project_id": "atlas",
            **more,
        }
    )


class Bus:
    """What `send` puts events on; it can refuse them, or let them wait."""

    def __init__(self) -> None:
        self.sent: list[Prepared] = []
        self.refuses = 0
        self.fails = 0
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Event()

    def __call__(self, events: Sequence[Prepared]) -> list[bool]:
        self.arrived.set()
        assert self.gate.wait(20)
        if self.fails:
            self.fails -= 1
            raise OSError
        if self.refuses:
            self.refuses -= 1
            return [False] * len(events)
        self.sent += events
        return [True] * len(events)


class TestBroadcaster:
    async def test_sends_the_first_and_the_last_of_a_window(self) -> None:
        broadcaster = EventBroadcaster("memory:", at_most=HOUR)
        assert [await broadcaster.publish(step(each)) for each in (10, 20, 30)] == [True] * 3
        assert told(broadcaster) == [10]
        broadcaster.close()
        assert told(broadcaster) == [10, 30]

    def test_sends_by_itself_when_the_window_ends(self) -> None:
        broadcaster = EventBroadcaster("memory:", at_most=SOON)
        for percent in range(5):
            broadcaster.sync.publish(step(percent))
        eventually(lambda: told(broadcaster)[-1] == 4)
        assert told(broadcaster)[0] == 0

    def test_many_at_once(self) -> None:
        broadcaster = EventBroadcaster("memory:", at_most=HOUR)
        events = [step(1), step(2, logs=["a"]), step(3), step(1, workflow_id="v"), step(4)]
        assert broadcaster.sync.publish_many(events) == [True] * 5
        assert told(broadcaster) == [1, 1]
        broadcaster.close()
        assert sorted(told(broadcaster)) == [1, 1, 2, 4]

    async def test_the_methods_for_each_event(self) -> None:
        broadcaster = EventBroadcaster("memory:", at_most=HOUR)
        for percent in (1, 2, 3):
            await broadcaster.broadcast_workflow_progress(
                "w", "running", percent, "build", 4, project_id="atlas"
            )
        await broadcaster.broadcast_workflow_completed("w", "completed", 100, 4, project_id="atlas")
        assert told(broadcaster) == [1, 100]

    def test_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ROOMCAST_AT_MOST", '{"workflow.progress": 3600}')
        broadcaster = EventBroadcaster("memory:")
        broadcaster.sync.publish(step(1))
        broadcaster.sync.publish(step(2))
        assert told(broadcaster) == [1]
        broadcaster.close()

    def test_a_variable_that_is_wrong_is_logged_once(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("ROOMCAST_AT_MOST", "soon")
        broadcaster = EventBroadcaster("memory:")
        assert [broadcaster.sync.publish(step(each)) for each in (1, 2)] == [False, False]
        assert caplog.text.count("ROOMCAST_AT_MOST") == 1

    def test_an_own_event_needs_a_key(self) -> None:
        class Step(Event):
            type = "deploy.step"
            source = "deploys"
            name: str

            def rooms(self) -> tuple[str, ...]:
                return ("global",)

        broadcaster = EventBroadcaster("memory:", at_most={"deploy.step": 1.0})
        with pytest.raises(InvalidEvent, match="state_key"):
            broadcaster.sync.publish(Step(name="api"))

    def test_an_own_event_with_a_key(self) -> None:
        class Step(Event):
            type = "deploy.step"
            source = "deploys"
            state_key = "name"
            name: str
            done: int

            def rooms(self) -> tuple[str, ...]:
                return ("global",)

        broadcaster = EventBroadcaster("memory:", at_most={"deploy.step": 3600.0})
        for done in range(4):
            broadcaster.sync.publish(Step(name="api", done=done))
        broadcaster.sync.publish(Step(name="web", done=9))
        broadcaster.close()
        assert [event.data["done"] for event in broadcaster.bus.events] == [0, 9, 3]

    def test_the_end_of_the_interpreter_sends_what_is_held(self) -> None:
        code = (
            "from tests.functional.test_conflation import *\n"
            "import atexit\n"
            "broadcaster = EventBroadcaster('memory:', at_most=HOUR)\n"
            "import roomcast.conflation\n"
            "atexit.unregister(roomcast.conflation._close_all)\n"
            "atexit.register(lambda: print(told(broadcaster)))\n"
            "atexit.register(roomcast.conflation._close_all)\n"
            "[broadcaster.sync.publish(step(each)) for each in (1, 2, 3)]\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
        )
        assert ran.stdout.strip() == "[1, 3]"

    def test_a_forked_child_sends_nothing_of_its_parent(self) -> None:
        code = (
            "from tests.functional.test_conflation import *\n"
            "broadcaster = EventBroadcaster('memory:', at_most=HOUR)\n"
            "[broadcaster.sync.publish(step(each)) for each in (1, 2)]\n"
            "import os\n"
            "child = os.fork()\n"
            "if not child:\n"
            "    broadcaster.sync.publish(step(5)); broadcaster.sync.publish(step(6))\n"
            "    broadcaster.close()\n"
            "    os._exit(told(broadcaster) != [1, 5, 6])\n"
            "assert os.waitpid(child, 0)[1] == 0\n"
            "broadcaster.close()\n"
            "assert told(broadcaster) == [1, 2]\n"
        )
        subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


class TestFaults:
    def test_what_is_refused_at_once_is_told(self) -> None:
        bus = Bus()
        bus.refuses = 1
        conflation = Conflation(lambda: HOUR, bus)
        assert conflation.publish([progress(1)]) == [False]
        assert conflation.publish([progress(2)]) == [True]
        conflation.close()
        assert len(bus.sent) == 1

    @pytest.mark.parametrize("fault", ["refuses", "fails"])
    def test_what_was_held_is_tried_again(self, fault: str) -> None:
        bus = Bus()
        conflation = Conflation(lambda: SOON, bus)
        first, held = progress(1), progress(2)
        conflation.publish([first])
        setattr(bus, fault, 1)
        conflation.publish([held])
        eventually(lambda: len(bus.sent) > 1)
        conflation.close()
        assert bus.sent == [first, held]

    def test_an_end_waits_for_what_is_on_its_way(self) -> None:
        bus = Bus()
        conflation = Conflation(lambda: SOON, bus)
        first = progress(1)
        conflation.publish([first])
        bus.gate.clear()
        bus.arrived.clear()
        held = progress(2)
        conflation.publish([held])
        assert bus.arrived.wait(20)  # the thread is sending it
        end = completed()
        publishing = threading.Thread(target=conflation.publish, args=([end],))
        publishing.start()
        bus.gate.set()
        publishing.join(20)
        conflation.close()
        assert bus.sent == [first, held, end]

    def test_what_is_lost_at_the_end_is_said(self, caplog: pytest.LogCaptureFixture) -> None:
        bus = Bus()
        conflation = Conflation(lambda: HOUR, bus)
        conflation.publish([progress(1)])
        conflation.publish([progress(2)])
        bus.refuses = 1
        conflation.close()
        assert "1 held events are lost" in caplog.text

    def test_many_threads(self) -> None:
        bus = Bus()
        conflation = Conflation(lambda: {"workflow.progress": 0.002}, bus)

        offered: list[Prepared] = []

        def publish(workflow: str) -> None:
            for percent in range(100):
                event = progress(percent, workflow)
                offered.append(event)
                assert conflation.publish([event]) == [True]

        threads = [threading.Thread(target=publish, args=(f"w{each % 3}",)) for each in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        conflation.close()
        sent = {each.envelope.id for each in bus.sent}
        assert len(sent) == len(bus.sent)
        for workflow in ("w0", "w1", "w2"):
            ours = [e.envelope for e in offered if e.envelope.data["workflow_id"] == workflow]
            assert max(ours, key=lambda each: each.number).id in sent

    async def test_from_many_tasks(self) -> None:
        broadcaster = EventBroadcaster("memory:", at_most=HOUR)
        accepted = await asyncio.gather(
            *(broadcaster.publish(step(1, workflow_id=f"w{each % 10}")) for each in range(200))
        )
        assert all(accepted)
        broadcaster.close()
        assert len(broadcaster.bus.events) == 20
