"""docs/troubleshooting.md: each command of it is one, each name of it is known."""

import re
from typing import get_args

import pytest

from infra.settings import Settings
from roomcast.cli import COMMANDS, main
from roomcast.schema.explanations import Verdict
from roomcast_backend.protocol.messages import Code
from tests.documents import ROOT, commands

DOCUMENT = "docs/troubleshooting.md"
TEXT = (ROOT / DOCUMENT).read_text()
SPANS = [span for span in re.findall(r"`(roomcast [^`]+)`", TEXT) if "NAME" not in span]


class TestCommands:
    @pytest.mark.parametrize("written", sorted({*SPANS, *commands(DOCUMENT)}))
    def test_is_taken(self, written: str) -> None:
        name, *arguments = written.replace('"$TOKEN"', "T").split()[1:]
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None, f"{name} is not among {[each[0] for each in COMMANDS]}"
        command.make_context(name, arguments)  # raises what a wrong option or argument raises

    def test_are_many(self) -> None:
        assert len(SPANS) > 10
        assert len(commands(DOCUMENT)) == 4


class TestNames:
    def test_every_error_code_that_concerns_delivery(self) -> None:
        of_the_programmer = {"INVALID_MESSAGE", "PAYLOAD_TOO_LARGE"}
        assert {code for code in Code if f"`{code}`" not in TEXT} == of_the_programmer

    def test_settings_are_there(self) -> None:
        named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", TEXT))
        known = set(Settings.model_fields)
        others = {"invalid_events", "at_most", "project_id", "data_ref", "retry_after_ms"}
        verdicts = set(get_args(Verdict))
        assert named - known - others - verdicts == set()
