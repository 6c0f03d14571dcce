"""The package's front door: its names, its version, and what importing it costs."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import roomcast

ROOT = Path(__file__).parents[2]


def loaded_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter has after a statement."""
    code = f"import sys; {statement}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


class TestImport:
    @pytest.mark.parametrize(
        "statement",
        ["import roomcast", "from roomcast import InvalidEvent, envelope, errors, rooms"],
    )
    def test_is_cheap(self, statement: str) -> None:
        assert loaded_by(statement).isdisjoint({"pydantic", "boto3", "botocore", "asyncio"})

    def test_events_do_without_boto3(self) -> None:
        loaded = loaded_by("from roomcast import ProjectUpdated")
        assert "pydantic" in loaded
        assert loaded.isdisjoint({"boto3", "botocore"})


class TestNames:
    def test_each_can_be_imported(self) -> None:
        assert all(getattr(roomcast, name) is not None for name in roomcast.__all__)

    def test_every_event_is_among_them(self) -> None:
        classes = {kind.__name__ for kind in roomcast.EVENT_TYPES.values()}
        assert classes <= set(roomcast.__all__)

    def test_others_are_unknown(self) -> None:
        with pytest.raises(AttributeError, match="no attribute 'Broadcast'"):
            roomcast.Broadcast  # type: ignore[attr-defined]  # noqa: B018


class TestVersion:
    def test_is_the_distributions(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert roomcast.__version__ == project["version"]
