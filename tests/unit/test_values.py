"""The values that a status, priority, category or severity may have: documented, and typed."""

import inspect
from collections.abc import Iterator
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from mypy import api

from roomcast.broadcasts.all import AllBroadcasts
from roomcast.errors import InvalidEvent
from roomcast.events import EVENT_TYPES, Event

ROOT = Path(__file__).parents[2]
HEADER = "| field | of | values |\n|---|---|---|\n"

CALLS = """
from enum import StrEnum
from roomcast import EventBroadcaster, sync

class State(StrEnum):
    RUNNING = "running"

async def publish(broadcaster: EventBroadcaster, blocking: sync.SyncBroadcaster) -> None:
    await broadcaster.broadcast_pr_updated("1", "2", "T", "open")
    await broadcaster.broadcast_pr_updated("1", "2", "T", "opened")
    await broadcaster.broadcast_workflow_started("1", State.RUNNING, 5)
    await broadcaster.broadcast_issue_created("1", "2", "T", None, "open", None, None)
    await broadcaster.broadcast_issue_created("1", "2", "T", None, "open", "urgent", None)
    await broadcaster.broadcast_ai_suggestion("1", "pr", "2", "style", "T", "D")
    blocking.broadcast_agent_status_changed("1", "A", "asleep")
"""


def values_of(annotation: Any) -> list[str]:
    """Return the texts of the `Literal` in an annotation, however it is wrapped."""
    if isinstance(annotation, str):
        return [annotation]
    return [value for argument in get_args(annotation) for value in values_of(argument)]


def table() -> Iterator[str]:
    """Yield the rows of the table in docs/PROTOCOL.md: fields of the same values are one row."""
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for kind in EVENT_TYPES.values():
        for name, annotation in get_type_hints(kind).items():
            values = tuple(values_of(annotation)) if name in kind.model_fields else ()
            if values:
                rows.setdefault((name, values), []).append(kind.type)
    for (name, values), types in rows.items():
        of = ", ".join(f"`{each}`" for each in types)
        yield f"| `{name}` | {of} | {', '.join(f'`{value}`' for value in values)} |\n"


class TestDocument:
    def test_has_the_values_of_the_models(self) -> None:
        """When this fails, the table in chapter 2 is to be what is left of `in`."""
        assert HEADER + "".join(table()) in (ROOT / "docs/PROTOCOL.md").read_text()

    def test_each_value_is_in_the_table(self) -> None:
        rows = "".join(table())
        for value in ("offline", "cancelled", "merged", "in_progress", "critical", "bug_fix"):
            assert f"`{value}`" in rows


def method_of(kind: type[Event]) -> Any:
    """Return the coroutine that publishes an event."""
    return getattr(AllBroadcasts, f"broadcast_{kind.type.replace('.', '_')}")


class TestCoroutines:
    @pytest.mark.parametrize("kind", [kind for kind in EVENT_TYPES.values() if kind.publishable])
    def test_have_the_values_of_their_events(self, kind: type[Event]) -> None:
        method = method_of(kind)
        fields, arguments = get_type_hints(kind), get_type_hints(method)
        for name in inspect.signature(method).parameters.keys() - {"self"}:
            values = values_of(fields[name])
            assert values_of(arguments[name]) == values, name
            assert not values or Enum in get_args(arguments[name]), name

    def test_a_type_checker_knows_a_wrong_value(self, tmp_path: Path) -> None:
        calls = tmp_path / "calls.py"
        calls.write_text(CALLS)
        report, failed, _ = api.run(
            ["--config-file", str(ROOT / "pyproject.toml"), "--no-error-summary", str(calls)]
        )
        assert not failed
        errors = [line.split(":")[1] for line in report.splitlines() if ": error: " in line]
        wrong = ("opened", "urgent", "style", "asleep")
        lines = enumerate(CALLS.splitlines(), start=1)
        assert errors == [str(n) for n, line in lines if any(word in line for word in wrong)]

    async def test_a_plain_text_runs_and_is_checked(self) -> None:
        class Published(AllBroadcasts):
            async def publish(self, event: Event) -> bool:
                return bool(event)

            def _refuse(self, error: InvalidEvent) -> bool:
                raise error

        class State(StrEnum):
            RUNNING = "running"

        call: Any = Published().broadcast_workflow_started
        assert await call("1", "running", 5)
        assert await call("1", State.RUNNING, 5)
        with pytest.raises(InvalidEvent, match="status"):
            await call("1", "".join(["run", "ing!"]), 5)
