"""Fields of events as they are typed in a shell."""

import click
import pytest

from roomcast.cli.fields import read, summary
from roomcast.events import EVENT_TYPES

PROGRESS = EVENT_TYPES["workflow.progress"]
PROJECT = EVENT_TYPES["project.updated"]


class TestRead:
    @pytest.mark.parametrize(
        ("pair", "value"),
        [
            ("workflow_id=7", "7"),
            ("workflow_id=null", "null"),
            ("status=running", "running"),
            ("progress=40", 40),
            ("progress=much", "much"),
            ("progress=", ""),
            ("current_step=2", 2),
            ("current_step=build", "build"),
            ('logs=["a", "b=c"]', ["a", "b=c"]),
            ("unknown=1", 1),
        ],
    )
    def test_json_where_the_field_is_no_text(self, pair: str, value: object) -> None:
        assert read(PROGRESS, None, [pair]) == {pair.partition("=")[0]: value}

    def test_pairs_go_over_data(self) -> None:
        values = read(PROJECT, '{"status": "old", "changes": {"a": 1}}', ["status=new"])
        assert values == {"status": "new", "changes": {"a": 1}}

    def test_a_value_may_hold_equals_signs(self) -> None:
        url = "https://example.com/?a=b"
        assert read(PROJECT, None, [f"repository_url={url}"]) == {"repository_url": url}

    @pytest.mark.parametrize("pair", ["status", "=x", ""])
    def test_what_is_no_pair(self, pair: str) -> None:
        with pytest.raises(click.UsageError, match="expected KEY=VALUE"):
            read(PROJECT, None, [pair])

    @pytest.mark.parametrize("data", ["", "{", "[]", "null", "7"])
    def test_data_that_is_no_object(self, data: str) -> None:
        with pytest.raises(click.UsageError, match="--data: expected a JSON object"):
            read(PROJECT, data, [])


class TestSummary:
    def test_marks_what_may_be_left_out(self) -> None:
        assert summary(EVENT_TYPES["agent.connected"]) == "agent_id, agent_name, metadata?"
