"""The JSON form of values as call sites have them, wherever an object of JSON values is taken."""

import json
import os
import subprocess
import sys
from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import ip_address
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, HttpUrl, RootModel, SecretStr

from roomcast.envelope import encode
from roomcast.events import json_values
from roomcast.events.json_values import DEEPEST

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
ID = UUID("7B0F4C5E-1D2A-4C3B-8E9F-0A1B2C3D4E5F")
Point = namedtuple("Point", "x y")  # noqa: PYI024 - call sites have such


class Color(Enum):
    RED = "red"
    SIZES = (1, 2)


class Level(IntEnum):
    HIGH = 3


@dataclass
class Limit:
    name: str
    until: datetime
    tags: set[str] = field(default_factory=set)


class Update(BaseModel):
    at: datetime
    price: Decimal | None = None
    limit: Limit | None = None


class Numbers(RootModel[list[int]]):
    pass


FORMS: list[tuple[object, Any]] = [
    (None, None),
    (True, True),
    (Level.HIGH, 3),
    (Color.RED, "red"),
    (Color.SIZES, [1, 2]),
    (NOON, "2026-01-31T10:00:00.123Z"),
    (datetime(2026, 1, 31, 12), "2026-01-31T12:00:00.000Z"),
    (date(2026, 1, 31), "2026-01-31"),
    (time(12, 30), "12:30:00"),
    (timedelta(minutes=2), 120),
    (timedelta(milliseconds=1500), 1.5),
    (ID, "7b0f4c5e-1d2a-4c3b-8e9f-0a1b2c3d4e5f"),
    (Decimal("19.90"), 19.9),
    (Decimal("5.00"), 5),
    (Decimal("1E+3"), 1000),
    (HttpUrl("https://example.org/a"), "https://example.org/a"),
    (PurePosixPath("/a/b"), "/a/b"),
    (ip_address("::1"), "::1"),
    ((1, "a"), [1, "a"]),
    (Point(1, 2), [1, 2]),
    ({10, 9, 1}, [1, 9, 10]),
    (frozenset({"b", "a"}), ["a", "b"]),
    ({Color.RED, None, 2, 1.5, "a"}, [None, 1.5, 2, "a", "red"]),
    (deque([2, 1]), [2, 1]),
    ({"b": 1, "a": 2}.keys(), ["b", "a"]),
    ({"b": 1, "a": 2}.values(), [1, 2]),
    (MappingProxyType({"a": (1,)}), {"a": [1]}),
    (OrderedDict(a=NOON), {"a": "2026-01-31T10:00:00.123Z"}),
    (
        {1: 1} | {None: 2, 1.5: 3, ID: 4, Color.RED: 5, date(2026, 1, 1): 6},
        {"1": 1, "null": 2, "1.5": 3, str(ID): 4, "red": 5, "2026-01-01": 6},
    ),
    ({False: 1}, {"false": 1}),
    (
        Limit("a", NOON, {"y", "x"}),
        {"name": "a", "until": "2026-01-31T10:00:00.123Z", "tags": ["x", "y"]},
    ),
    (
        Update(at=NOON, price=Decimal("1.10"), limit=Limit("a", NOON)),
        {
            "at": "2026-01-31T10:00:00.123Z",
            "price": 1.1,
            "limit": {"name": "a", "until": "2026-01-31T10:00:00.123Z", "tags": []},
        },
    ),
    (Numbers([1, 2]), [1, 2]),
    (Update(at=NOON).model_dump(exclude_unset=True), {"at": "2026-01-31T10:00:00.123Z"}),
]


class TestForms:
    @pytest.mark.parametrize(("value", "expected"), FORMS, ids=lambda value: type(value).__name__)
    def test_of(self, value: object, expected: Any) -> None:
        for given, wanted in ((value, expected), ({"a": [value]}, {"a": [expected]})):
            made = json_values.of(given)
            assert made == wanted
            assert json.loads(encode(made)) == wanted

    def test_are_of_the_types_that_json_has(self) -> None:
        class Name(str):
            __slots__ = ()

            def __str__(self) -> str:
                return "shown"

        class Number(float):
            pass

        made = json_values.of([Name("kept"), Number(1.5), Level.HIGH])
        assert isinstance(made, list)
        assert [type(item) for item in made] == [str, float, int]
        assert made == ["kept", 1.5, 3]

    def test_of_a_set_are_the_same_in_every_process(self) -> None:
        script = (
            "from roomcast.events import json_values;"
            "print(json_values.of({'one', 'two', 'three', 4, None}))"
        )
        printed = {
            subprocess.run(
                [sys.executable, "-c", script],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
                text=True,
            ).stdout
            for seed in ("1", "2")
        }
        assert printed == {"[None, 4, 'one', 'three', 'two']\n"}


class TestRefused:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (b"x", "bytes"),
            (bytearray(b"x"), "bytes"),
            (memoryview(b"x"), "bytes"),
            (object(), "JSON form"),
            (1j, "JSON form"),
            (Limit, "JSON form"),
            (SecretStr("hidden"), "JSON form"),
            ((item for item in "ab"), "JSON form"),
            (float("nan"), "finite"),
            (float("-inf"), "finite"),
            (Decimal("NaN"), "finite"),
            (Decimal("sNaN"), "finite"),
            (Decimal("Infinity"), "finite"),
            (Decimal("1E+999999999"), "finite"),
            (2**63, "64 bits"),
            (Decimal(2**63), "64 bits"),
            ("\ud800", "surrogates"),
            ({"\ud800": 1}, "surrogates"),
            ({1: 1, "1": 2}, "differ"),
            ({(1, 2): 1}, "text for every key"),
            ({b"x": 1}, "text for every key"),
            (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), "RFC 3339"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_says_what_was_expected(self, value: object, expected: str) -> None:
        for given in (value, [value], {"a": (value,)}):
            with pytest.raises(ValueError, match=expected) as refused:
                json_values.of(given)
            assert str(refused.value).startswith("expected ")
            assert "hidden" not in str(refused.value)

    @pytest.mark.parametrize("make", [list, dict, deque])
    def test_cycles(self, make: Any) -> None:
        loop = make()
        if isinstance(loop, dict):
            loop["again"] = [loop]
        else:
            loop.append({"again": loop})
        with pytest.raises(ValueError, match="without cycles"):
            json_values.of(loop)

    def test_the_same_value_twice_is_no_cycle(self) -> None:
        twice = [1]
        assert json_values.of([twice, twice]) == [[1], [1]]

    @pytest.mark.parametrize("depth", [DEEPEST + 1, 1_000, 100_000])
    def test_deep_nesting(self, depth: int) -> None:
        nested: list[Any] = []
        for _ in range(depth - 1):
            nested = [nested]
        with pytest.raises(ValueError, match=f"at most {DEEPEST} deep"):
            json_values.of(nested)

    def test_deepest_nesting_is_allowed(self) -> None:
        nested: list[Any] = []
        for _ in range(DEEPEST - 1):
            nested = [nested]
        assert json_values.of(nested) == nested


class TestIsObject:
    @pytest.mark.parametrize(
        "value", [{}, MappingProxyType({}), Limit("a", datetime.now(UTC)), Update(at=NOON)]
    )
    def test_is(self, value: object) -> None:
        assert json_values.is_object(value)

    @pytest.mark.parametrize("value", [None, [], "x", 7, Limit, {1}, [("a", 1)]])
    def test_is_not(self, value: object) -> None:
        assert not json_values.is_object(value)
