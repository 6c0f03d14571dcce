"""`roomcast demo` to a bus in moto."""

import pytest
from click.testing import CliRunner, Result

from roomcast.cli import main
from tests.fakes.bus_listener import BUS, BusListener


@pytest.fixture
def bus(aws: None, monkeypatch: pytest.MonkeyPatch) -> BusListener:
    monkeypatch.setenv("ROOMCAST_EVENT_BUS", BUS)
    return BusListener()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return what was slept, while the clock goes on by it alone.

    Only the command's own: threads of the emulator, which other tests start in this process,
    would not end their loops of `time.sleep`, but spin in them.
    """
    slept: list[float] = []
    monkeypatch.setattr("roomcast.cli.demo.monotonic", lambda: sum(slept))
    monkeypatch.setattr("roomcast.cli.demo.sleep", slept.append)
    return slept


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["demo", *arguments])


class TestDemo:
    def test_publishes_round_after_round(self, bus: BusListener, pauses: list[float]) -> None:
        result = demo("p1", "p2", "--rounds", "40", "--every", "0.5")
        assert result.exit_code == 0, result.output
        heard = [event["detail"] for event in bus.heard()]
        rooms = {room for event in heard for room in event["rooms"]}
        assert {"project:p1", "project:p2", "agent:ada", "global"} <= rooms
        assert {"project.updated", "issue.created", "workflow.progress"} <= {
            event["type"] for event in heard
        }
        first = f"{heard[0]['type']:<20}  {' '.join(heard[0]['rooms'])}"
        assert result.stdout.splitlines()[0] == first
        assert len(result.stdout.splitlines()) == len(heard)
        assert len(pauses) == 41
        assert set(pauses[1:]) == {0.5}

    def test_the_same_seed_publishes_the_same(self, bus: BusListener, pauses: list[float]) -> None:
        def told() -> list[tuple[str, str]]:
            demo("--rounds", "30", "--seed", "4")
            heard = [event["detail"] for event in bus.heard()]
            return [(event["type"], str(event["rooms"])) for event in heard]

        assert told() == told()

    def test_a_bus_that_takes_nothing_ends_it(
        self, bus: BusListener, pauses: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "roomcast.publisher.Publisher.publish_many", lambda _, events: [False for _ in events]
        )
        result = demo("--rounds", "1")
        assert result.exit_code == 1
        assert "the bus did not accept the events" in result.output
