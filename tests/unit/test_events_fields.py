"""The values of each field: which are accepted, how they are written, how bad ones are refused."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from traceback import format_exception
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import HttpUrl

from roomcast.errors import InvalidEvent
from roomcast.events import EVENT_TYPES
from tests.fakes.payloads import PAYLOADS

PROJECT = UUID("7b0f4c5e-1d2a-4c3b-8e9f-0a1b2c3d4e5f")

IDS_OF_ROOMS = {
    *("project_id", "updated_by", "deleted_by", "agent_id", "assigned_to", "user_id"),
}
OTHER_IDS = {
    *("workflow_id", "pr_id", "issue_id", "suggestion_id", "target_id", "analysis_id"),
}
TEXTS = {
    *("project_name", "repository_url", "agent_name", "title", "description", "author", "branch"),
    *("github_url", "suggested_action", "summary", "error_code", "error_message"),
}
STATUSES = {
    "agent.status_changed": {"online", "offline", "busy", "idle", "error"},
    "workflow.progress": {"pending", "running", "completed", "failed", "cancelled"},
    "pr.updated": {"open", "closed", "merged", "draft"},
    "issue.updated": {"open", "in_progress", "closed", "blocked"},
}
CHOICES = {
    **{(event_type, "status"): values for event_type, values in STATUSES.items()},
    ("issue.updated", "priority"): {"low", "medium", "high", "critical"},
    ("ai.suggestion", "target_type"): {"issue", "pr", "code"},
    ("ai.suggestion", "category"): {
        *("optimization", "refactor", "bug_fix", "security", "performance", "maintainability"),
    },
    ("ai.suggestion", "severity"): {"info", "warning", "critical"},
}
NOT_NUMBERS = [
    *("50", True, None, float("nan"), float("inf"), -1, [1], Decimal("NaN"), Decimal(-1)),
]


def written(event_type: str, field: str, value: object) -> Any:
    """Return what the event's JSON says for a field that was given `value`."""
    event = EVENT_TYPES[event_type](**{**PAYLOADS[event_type], field: value})
    return json.loads(json.dumps(event.data()))[field]


def refused(event_type: str, field: str, value: object) -> str:
    """Return what was said about the only field that was refused."""
    with pytest.raises(InvalidEvent) as error:
        EVENT_TYPES[event_type](**{**PAYLOADS[event_type], field: value})
    (named,) = error.value.fields.items()
    assert named[0].split(".")[0] == field
    assert f"{event_type} was not sent: {named[0]}: {named[1]}" == str(error.value)
    return named[1]


def fields(names: set[str]) -> list[tuple[str, str]]:
    """Return each type with each of its fields that is among `names`."""
    return [
        (event_type, field)
        for event_type, kind in EVENT_TYPES.items()
        for field in kind.model_fields
        if field in names and (event_type, field) != ("connection.error", "connection_id")
    ]


class TestIds:
    @pytest.mark.parametrize(("event_type", "field"), fields(IDS_OF_ROOMS | OTHER_IDS))
    def test_uuid_is_written_as_lower_case_text(self, event_type: str, field: str) -> None:
        assert written(event_type, field, PROJECT) == str(PROJECT)
        assert written(event_type, field, str(PROJECT).upper()) == str(PROJECT)
        assert written(event_type, field, "Short_1.a-b") == "Short_1.a-b"

    @pytest.mark.parametrize(("event_type", "field"), fields(IDS_OF_ROOMS | OTHER_IDS))
    def test_integer_is_written_as_text(self, event_type: str, field: str) -> None:
        assert written(event_type, field, 7) == "7"
        assert written(event_type, field, IntEnum("Id", {"SEVEN": 7}).SEVEN) == "7"  # type: ignore[attr-defined]
        assert written(event_type, field, 2**63 - 1) == "9223372036854775807"

    @pytest.mark.parametrize(("event_type", "field"), fields(IDS_OF_ROOMS))
    @pytest.mark.parametrize("value", ["", "a b", "a:b", "é", "x" * 129, "1\n", b"7", "\ud800"])
    def test_bad_id_of_a_room_is_refused(self, event_type: str, field: str, value: object) -> None:
        assert refused(event_type, field, value).startswith("expected a UUID, or a short id")

    @pytest.mark.parametrize(("event_type", "field"), fields(OTHER_IDS))
    @pytest.mark.parametrize("value", ["order/2026:x", "a b", "é", "x" * 256, "日本/😀", "\uffff"])
    def test_other_id_may_be_any_text(self, event_type: str, field: str, value: str) -> None:
        assert written(event_type, field, value) == value

    @pytest.mark.parametrize(("event_type", "field"), fields(OTHER_IDS))
    @pytest.mark.parametrize(
        "value", ["", "x" * 257, "1\n", "\x7f", "\x9f", b"7", "\ud800", True, 1.5, 10**300, None]
    )
    def test_bad_other_id_is_refused(self, event_type: str, field: str, value: object) -> None:
        assert refused(event_type, field, value).startswith("expected ")


class TestUsers:
    @pytest.mark.parametrize(
        ("event_type", "field"), fields({"updated_by", "deleted_by", "assigned_to"})
    )
    @pytest.mark.parametrize("value", ["auth0|6553da60", "ada@example.com", "f%3A1%3Aada"])
    def test_are_named_as_in_tokens(self, event_type: str, field: str, value: str) -> None:
        assert written(event_type, field, value) == value

    @pytest.mark.parametrize(("event_type", "field"), fields({"project_id", "agent_id"}))
    def test_others_are_not(self, event_type: str, field: str) -> None:
        assert refused(event_type, field, "auth0|6553da60").startswith("expected a UUID")


class TestTexts:
    @pytest.mark.parametrize(("event_type", "field"), fields(TEXTS))
    @pytest.mark.parametrize("value", [7, b"x", ["x"], {"x": 1}, True])
    def test_only_text_is_text(self, event_type: str, field: str, value: object) -> None:
        assert refused(event_type, field, value) == "expected text"

    @pytest.mark.parametrize(("event_type", "field"), fields(TEXTS))
    def test_url_is_written_as_text(self, event_type: str, field: str) -> None:
        assert written(event_type, field, HttpUrl("https://a.example/b")) == "https://a.example/b"

    @pytest.mark.parametrize(("event_type", "field"), fields(TEXTS))
    def test_lone_surrogate_is_refused(self, event_type: str, field: str) -> None:
        assert "surrogate" in refused(event_type, field, "broken \ud83d emoji")

    def test_project_status_is_free(self) -> None:
        assert written("project.updated", "status", "on hold 😀") == "on hold 😀"


class TestChoices:
    @pytest.mark.parametrize(("event_type", "field"), CHOICES)
    def test_are_those_of_the_protocol(self, event_type: str, field: str) -> None:
        schema = EVENT_TYPES[event_type].model_json_schema()["properties"][field]
        offered = set(schema.get("enum") or schema["anyOf"][0]["enum"])
        assert offered == CHOICES[event_type, field]

    @pytest.mark.parametrize(("event_type", "field"), CHOICES)
    def test_each_is_accepted_as_text_and_as_enum(self, event_type: str, field: str) -> None:
        for value in CHOICES[event_type, field]:
            modern = StrEnum("modern", {"MEMBER": value})
            old = Enum("old", {"MEMBER": value}, type=str)
            for given_value in (value, modern["MEMBER"], old["MEMBER"]):
                assert written(event_type, field, given_value) == value

    @pytest.mark.parametrize(("event_type", "field"), CHOICES)
    @pytest.mark.parametrize("value", ["", "unheard of", "ONLINE", 1, True, ["open"], "open "])
    def test_others_are_refused(self, event_type: str, field: str, value: object) -> None:
        said = refused(event_type, field, value)
        assert all(repr(choice) in said for choice in CHOICES[event_type, field])


class TestNumbers:
    @pytest.mark.parametrize(
        ("event_type", "field"),
        [
            ("agent.status_changed", "availability"),
            ("workflow.progress", "progress"),
            ("workflow.completed", "progress"),
            ("workflow.failed", "progress"),
        ],
    )
    def test_percentage(self, event_type: str, field: str) -> None:
        for value in (0, 100, 33.3):
            assert written(event_type, field, value) == value
        assert isinstance(written(event_type, field, 50), int)
        assert written(event_type, field, Decimal("40.5")) == 40.5
        for bad in (*NOT_NUMBERS, 100.1, 101, 10**5000):
            assert refused(event_type, field, bad) == "expected a number from 0 to 100"

    def test_confidence(self) -> None:
        assert written("ai.suggestion", "confidence", 1) == 1
        assert written("ai.suggestion", "confidence", 0.25) == 0.25
        for bad in (*NOT_NUMBERS, 1.01):
            assert refused("ai.suggestion", "confidence", bad) == "expected a number from 0 to 1"

    def test_remaining_seconds(self) -> None:
        assert written("workflow.progress", "estimated_time_remaining", 1.5) == 1.5
        assert written("workflow.progress", "estimated_time_remaining", None) is None
        assert written("workflow.progress", "estimated_time_remaining", timedelta(minutes=2)) == 120
        for bad in ("1", True, -1, float("inf"), 1e300, timedelta(seconds=-1)):
            assert "number" in refused("workflow.progress", "estimated_time_remaining", bad)

    @pytest.mark.parametrize(
        ("event_type", "field"),
        [("workflow.started", "total_steps"), ("ai.analysis_complete", "suggestion_count")],
    )
    def test_counts(self, event_type: str, field: str) -> None:
        assert written(event_type, field, 0) == 0
        assert written(event_type, field, Decimal(5)) == 5
        for bad in (*NOT_NUMBERS, 2.0, 2**53, 10**5000, Decimal("1.5"), Decimal("1E+999999")):
            assert refused(event_type, field, bad).startswith("expected a whole number")

    def test_step_is_a_name_or_a_number(self) -> None:
        assert written("workflow.progress", "current_step", "test") == "test"
        assert written("workflow.progress", "current_step", 2) == 2
        for bad in (None, True, -1, 1.5, "\ud800", ["test"]):
            assert "step" in refused("workflow.progress", "current_step", bad)


class TestLists:
    @pytest.mark.parametrize("field", ["logs", "errors"])
    def test_texts_in_order(self, field: str) -> None:
        assert written("workflow.failed", field, ("a", "b")) == ["a", "b"]
        assert written("workflow.failed", field, None) is None

    @pytest.mark.parametrize("value", ["text", 7, {"a": 1}])
    def test_anything_else_is_refused(self, value: object) -> None:
        assert refused("workflow.failed", "logs", value) == "expected a list"

    def test_bad_item_is_named_by_its_place(self) -> None:
        with pytest.raises(InvalidEvent) as error:
            EVENT_TYPES["workflow.failed"](**PAYLOADS["workflow.failed"], logs=["a", 7])
        assert error.value.fields == {"logs.1": "expected text"}


class TestObjects:
    FIELDS = fields({"changes", "metadata"})

    @pytest.mark.parametrize(("event_type", "field"), FIELDS)
    def test_json_is_kept_and_none_is_empty(self, event_type: str, field: str) -> None:
        value = {"a": [1, 2.5, "é", None, True, {"b": {}}]}
        assert written(event_type, field, value) == value
        assert written(event_type, field, None) == {}

    @pytest.mark.parametrize(("event_type", "field"), FIELDS)
    @pytest.mark.parametrize(
        "value",
        [
            *([], "x", 7, [("a", 1)], {"a": object()}, {(1, 2): 3}, {"a": {b"x": 1}}),
            *({"a": b"x"}, {"a": float("nan")}, {"a": [float("inf")]}, {"a": 2**63}),
            *({"a": -(10**5000)}, {"a": "\ud800"}, {"\udfff": 1}, {"a": [{"\udfff": 1}]}),
        ],
    )
    def test_anything_else_is_refused(self, event_type: str, field: str, value: object) -> None:
        assert refused(event_type, field, value).startswith("expected ")

    def test_cycle_is_refused(self) -> None:
        loop: dict[str, Any] = {}
        loop["again"] = loop
        assert refused("agent.connected", "metadata", loop) == "expected JSON without cycles"

    @pytest.mark.parametrize("depth", [300, 100_000])
    def test_bottomless_nesting_is_refused(self, depth: int) -> None:
        nested: dict[str, Any] = {}
        for _ in range(depth):
            nested = {"deeper": nested}
        assert "nested" in refused("agent.connected", "metadata", nested)

    @pytest.mark.parametrize("depth", [1, 250])
    def test_deep_nesting_is_kept(self, depth: int) -> None:
        nested: dict[str, Any] = {}
        for _ in range(depth - 1):
            nested = {"deeper": nested}
        assert written("agent.connected", "metadata", nested) == nested

    @given(
        st.dictionaries(
            st.text(),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            ),
        )
    )
    def test_is_written_as_it_is_or_refused(self, value: Mapping[str, Any]) -> None:
        try:
            event = EVENT_TYPES["agent.connected"](**PAYLOADS["agent.connected"], metadata=value)
        except InvalidEvent:
            return
        assert json.loads(json.dumps(event.data(), allow_nan=False))["metadata"] == value


class TestRefusal:
    def test_names_every_field_at_once(self) -> None:
        with pytest.raises(InvalidEvent) as error:
            EVENT_TYPES["project.deleted"](project_id="a b", deleted_by=None, force=True)
        assert set(error.value.fields) == {"project_id", "deleted_by", "force"}
        assert error.value.fields["force"] == "not a field of this event"

    def test_repeats_no_value(self) -> None:
        secret = "ghp_0123456789 "
        with pytest.raises(InvalidEvent) as error:
            EVENT_TYPES["agent.status_changed"](
                agent_id=secret, agent_name="x", status=secret, metadata={secret: {secret}}
            )
        assert secret.strip() not in "".join(format_exception(error.value))

    def test_long_or_unprintable_names_are_cut_and_escaped(self) -> None:
        with pytest.raises(InvalidEvent) as error:
            EVENT_TYPES["project.deleted"](**PAYLOADS["project.deleted"], **{"ü\n" * 500: 1})
        (name,) = error.value.fields
        assert len(name) < 500
        assert str(error.value).isascii()

    def test_name_that_is_no_unicode(self) -> None:
        with pytest.raises(InvalidEvent, match="data: "):
            EVENT_TYPES["project.deleted"](**PAYLOADS["project.deleted"], **{"\ud800": 1})
