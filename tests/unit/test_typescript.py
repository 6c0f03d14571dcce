"""The types of the events for TypeScript, and that those in web/packages/client are of today."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from roomcast import Event, typescript
from roomcast.events import EVENT_TYPES

ROOT = Path(__file__).parents[2]
CHECKED_IN = ROOT / "web/packages/client/src/events.ts"


class Colour(StrEnum):
    RED = "red"
    BLUE = 'a "blue"'


class Step(BaseModel):
    name: str
    after: "Step | None" = None
    seconds: float = 0


class OwnEvent(Event):
    """An event of many fields.

    Its comment cannot end */ early.
    """

    type = "deploy.finished"
    source = "deploy_service"

    text: str
    whole: int
    fraction: float
    truth: bool
    nothing: None
    literal: Literal["a", 1]
    enum: Colour
    either: int | str
    maybe: str | None = None
    default: str = "x"
    listed: list[str]
    listed_either: list[int | None]
    pair: tuple[int, str]
    by_name: dict[str, list[int]]
    steps: list[Step]
    anything: Any

    def rooms(self) -> tuple[str, ...]:
        """Return no room: it is not published here."""
        return ()


class TestCheckedIn:
    def test_is_what_the_command_writes(self) -> None:
        """When this fails: `roomcast types > web/packages/client/src/events.ts`."""
        assert CHECKED_IN.read_text() == typescript.whole(EVENT_TYPES.values())

    def test_has_every_command_of_the_protocol(self) -> None:
        protocol = (ROOT / "docs/PROTOCOL.md").read_text()
        documented = re.findall(r"^\| `([a-z:]+)` \| (?:–|`\{)", protocol, re.MULTILINE)
        text = CHECKED_IN.read_text()
        named = text[text.index("interface ClientToServerEvents") :]
        written = re.findall(r'^  "?([a-z:]+)"?\((?:body|$)', named, re.MULTILINE)
        assert len(written) > 3
        assert sorted(written) == sorted(documented)


class TestFields:
    @pytest.mark.parametrize(
        "line",
        [
            "text: string;",
            "whole: number;",
            "fraction: number;",
            "truth: boolean;",
            "nothing: null;",
            'literal: "a" | 1;',
            'enum: "red" | "a \\"blue\\"";',
            "either: number | string;",
            "maybe?: string | null;",
            "default: string;",
            "listed: readonly string[];",
            "listed_either: readonly (number | null)[];",
            "pair: readonly [number, string];",
            "by_name: Readonly<Record<string, readonly number[]>>;",
            "anything: unknown;",
        ],
    )
    def test_have_the_types_of_their_json(self, line: str) -> None:
        assert f"\n  readonly {line}\n" in typescript.whole([OwnEvent])

    def test_of_a_model_that_refers_to_itself(self) -> None:
        step = (
            "{ readonly name: string; readonly after?: unknown | null; readonly seconds: number; }"
        )
        assert f"readonly steps: readonly ({step})[];" in typescript.whole([OwnEvent])

    def test_a_comment_is_one_line_that_ends_where_it_should(self) -> None:
        comment = "An event of many fields. Its comment cannot end * / early."
        assert f"\n/** `deploy.finished`: {comment} */\n" in typescript.whole([OwnEvent])


class TestNames:
    def test_two_classes_of_one_name_have_two(self) -> None:
        other = type("OwnEvent", (OwnEvent,), {"type": "deploy.begun"})
        written = typescript.own([OwnEvent, other])
        assert re.findall(r"interface (\w+)", written) == ["OwnEvent", "OwnEvent2", "EventTypes"]
        assert '    "deploy.begun": OwnEvent2;\n' in written

    def test_own_events_are_added_to_those_of_the_client(self) -> None:
        written = typescript.own([OwnEvent])
        assert 'declare module "@roomcast/client" {\n  interface EventTypes {\n' in written
        assert '    "deploy.finished": OwnEvent;\n  }\n}\n' in written
        assert "interface Envelope" not in written

    def test_and_the_client_is_told_their_entities(self) -> None:
        keyed = type("Keyed", (OwnEvent,), {"type": "deploy.begun", "state_key": ("text", "whole")})
        written = typescript.own([OwnEvent, keyed])
        keys = '{\n  "deploy.begun": ["text", "whole"],\n} as const;\n'
        assert f"export const stateKeys = {keys}" in written
