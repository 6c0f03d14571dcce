"""`roomcast play` to a bus in moto, and what a recording may hold."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from roomcast.cli import main
from roomcast.cli.recording import BadRecording, read
from tests.fakes.bus_listener import BUS, BusListener
from tests.fakes.events_service import envelope


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
    monkeypatch.setattr("roomcast.cli.play.monotonic", lambda: sum(slept))
    monkeypatch.setattr("roomcast.cli.play.sleep", slept.append)
    return slept


def at(second: float, **changes: Any) -> str:
    moment = f"2026-01-31T12:00:{second:06.3f}Z"
    return json.dumps(envelope(f"e{second}", timestamp=moment, **changes))


def play(*lines: str, options: tuple[str, ...] = ()) -> Result:
    return CliRunner().invoke(main, ["play", "-", *options], input="\n".join(lines) + "\n")


class TestPlay:
    def test_publishes_again_with_new_ids(self, bus: BusListener, pauses: list[float]) -> None:
        result = play(at(1, source="ci"), "", at(3))
        assert result.exit_code == 0, result.output
        first, second = [event["detail"] for event in bus.heard()]
        assert result.stdout.split() == [first["id"], second["id"]]
        assert first["id"] != "e1"
        assert (first["type"], first["source"]) == ("project.deleted", "ci")
        assert first["data"] == {"project_id": "123", "deleted_by": "42"}
        assert first["rooms"] == ["project:123", "user:42"]
        assert pauses == [0, 2]

    def test_faster(self, bus: BusListener, pauses: list[float]) -> None:
        play(at(1), at(3), at(2), at(4), options=("--speed", "4", "--json"))
        assert pauses == [0, 0.5, 0, 0.5]

    def test_what_cannot_be_published_is_told_and_left_out(
        self, bus: BusListener, pauses: list[float]
    ) -> None:
        reference = {"data": {}, "data_ref": {"url": "https://x"}}
        result = play(at(1, type="connection.established"), at(2, **reference), at(3))
        assert len(result.stdout.splitlines()) == 1
        assert "# line 1: connection.established is not an event" in result.stderr
        assert "# line 2: the data of project.deleted is not in the recording" in result.stderr

    def test_a_bad_value_names_the_field(self, bus: BusListener, pauses: list[float]) -> None:
        result = play(at(1, data={"project_id": "1"}))
        assert result.exit_code == 2
        assert "deleted_by: required" in result.stderr

    def test_a_file_that_is_not_there(self) -> None:
        assert "No such file" in CliRunner().invoke(main, ["play", "none.jsonl"]).stderr

    def test_plays_what_was_recorded(
        self, bus: BusListener, pauses: list[float], tmp_path: Path
    ) -> None:
        file = tmp_path / "run.jsonl"
        file.write_text(f"{at(1)}\n{at(2)}\n")
        assert CliRunner().invoke(main, ["play", str(file)]).exit_code == 0
        assert len(bus.heard()) == 2


class TestRecording:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("{", "line 2: expected JSON"),
            ("[]", "line 2: expected an envelope with a type"),
            ('{"type": "a.b"}', "line 2: expected an envelope with data"),
            ('{"type": "a.b", "data": {}}', "line 2: expected a timestamp"),
            ('{"type": "a.b", "data": {}, "timestamp": "2026-01-31T12:00:00"}', "line 2: expected"),
        ],
    )
    def test_a_line_that_is_none_is_named(self, line: str, said: str) -> None:
        with pytest.raises(BadRecording, match=said):
            list(read([at(1), line]))
