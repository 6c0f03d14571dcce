"""What may be delivered: the names of events, their ids, and data that everything can carry."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast import deliverable, event_names
from roomcast.deliverable import DEEPEST, LONGEST_ID, LONGEST_TEXT
from roomcast.envelope import MAX_ENTRY_BYTES, Envelope, InvalidEnvelope

EVENT = Envelope("1", "t", "2026-01-01T00:00:00Z", "s", ("global",), {"x": 1})
RESERVED = [
    *("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"),
    *("__disconnect_final", "connection.established", "connection.error"),
    *("connection_established", "connection_error"),
]
NO_NAMES = ["", "x" * 129, "a\nb", "\x00", "a\x7f", "a\x9f", "   ", "\ud800"]
NOT_ROOMS: list[Any] = [
    *(None, [], "global", ["tenant:a"], ["global", "x"], [1], [None], ["project:"]),
    *(["user:a b"], ["global:x"], [["global"]], {"global": 1}, ["project:\ud800"]),
]


def nested(depth: int) -> dict[str, Any]:
    inner: Any = {}
    for level in range(depth - 1):
        inner = {"a": inner} if level % 2 or level == depth - 2 else [inner]
    return inner  # type: ignore[no-any-return]


class TestNames:
    @pytest.mark.parametrize("name", [*RESERVED, *NO_NAMES[:-1]])
    def test_bad_one(self, name: str) -> None:
        assert event_names.problem(name)

    @pytest.mark.parametrize("value", [None, 7, ["a"]])
    def test_of_another_type(self, value: object) -> None:
        assert event_names.problem(value)

    @pytest.mark.parametrize("name", ["project.updated", "x" * 128, "Disconnect", "日本", "\uffff"])
    def test_good_one(self, name: str) -> None:
        assert event_names.problem(name) == ""


class TestRead:
    def detail(self, **fields: Any) -> dict[str, Any]:
        return {**EVENT.to_detail(), **fields}

    def refused(self, detail: object) -> str:
        with pytest.raises(InvalidEnvelope) as error:
            deliverable.read(detail)
        return str(error.value)

    def test_good_one(self) -> None:
        assert deliverable.read(self.detail()) == EVENT

    @pytest.mark.parametrize("detail", [None, [], "x", 7, {}])
    def test_what_is_no_object(self, detail: object) -> None:
        assert "expected" in self.refused(detail)

    @pytest.mark.parametrize("name", [*RESERVED, *NO_NAMES])
    def test_bad_type(self, name: str) -> None:
        assert self.refused(self.detail(type=name)).startswith("type: ")

    @pytest.mark.parametrize("rooms", NOT_ROOMS)
    def test_bad_rooms(self, rooms: Any) -> None:
        assert self.refused(self.detail(rooms=rooms)).startswith("rooms: ")

    @pytest.mark.parametrize("field", ["id", "timestamp", "source"])
    def test_lone_surrogate_in_a_text(self, field: str) -> None:
        assert self.refused(self.detail(**{field: "a\udfff"})).startswith(f"{field}: ")

    @pytest.mark.parametrize(
        "data",
        [
            *({"a": "\ud800"}, {"\udc00": 1}, {"a": [{"b": "\ud83d"}]}),
            *({"a": float("nan")}, {"a": [float("inf")]}, nested(DEEPEST + 1), nested(900)),
            {"a": "x" * MAX_ENTRY_BYTES},
        ],
        ids=["high", "key", "inner", "nan", "infinity", "deep", "deeper", "large"],
    )
    def test_bad_data(self, data: dict[str, Any]) -> None:
        said = self.refused(self.detail(data=data))
        assert said.startswith("data: expected ")
        assert len(said) < 200

    @pytest.mark.parametrize(
        "data",
        [{"a": "\uffff\ufffe\u2028\x00😀"}, nested(DEEPEST), {"a": 2**80}],
        ids=["characters", "deep", "integer"],
    )
    def test_odd_but_good_data(self, data: dict[str, Any]) -> None:
        assert deliverable.read(self.detail(data=data)).data == data

    @pytest.mark.parametrize(
        ("field", "longest"),
        [("id", LONGEST_ID), ("timestamp", LONGEST_TEXT), ("source", LONGEST_TEXT)],
    )
    def test_longest_text(self, field: str, longest: int) -> None:
        text = "é" * (longest // 2)
        assert deliverable.read(self.detail(**{field: text}))
        assert self.refused(self.detail(**{field: f"{text}a"})).startswith(f"{field}: ")

    def test_names_every_field(self) -> None:
        said = self.refused(self.detail(type="disconnect", id="\ud800", data={"a": "\ud800"}))
        assert [part.partition(":")[0] for part in said.split("; ")] == ["type", "id", "data"]

    @given(
        st.recursive(
            st.none() | st.floats() | st.integers() | st.text(st.characters()),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
        st.text(st.characters()),
    )
    def test_raises_nothing_else(self, value: Any, text: str) -> None:
        for detail in (value, self.detail(data={"a": value}, type=text), self.detail(rooms=value)):
            try:
                envelope = deliverable.read(detail)
            except InvalidEnvelope:
                continue
            assert json.loads(json.dumps(envelope.to_detail(), allow_nan=False))


class TestProblems:
    def test_a_publisher_has_other_limits_of_size(self) -> None:
        large = replace(EVENT, data={"a": "x" * MAX_ENTRY_BYTES})
        assert deliverable.problems(large) == {}
        assert list(deliverable.problems(large, largest=MAX_ENTRY_BYTES)) == ["data"]
