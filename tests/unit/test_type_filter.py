"""Which types of events a filter takes, and which lists are none."""

import random
from fnmatch import fnmatchcase

import pytest

from roomcast.event_names import SERVICE
from roomcast.events import EVENT_TYPES
from roomcast_backend.inbound.chosen_types import types_of
from roomcast_backend.model.type_filter import (
    EVERYTHING,
    MOST_BYTES,
    MOST_PATTERNS,
    InvalidTypes,
    TypeFilter,
    parse,
)
from roomcast_backend.protocol.messages import Code, CommandRefused

PARTS = ["a", "ab", "b", "workflow"]


class TestTakes:
    @pytest.mark.parametrize(
        ("patterns", "taken", "left"),
        [
            (["pr.created"], ["pr.created"], ["pr.updated", "pr", "pr.created.x", "xpr.created"]),
            (["workflow.*"], ["workflow.a", "workflow.a.b"], ["workflow", "workflows.a", "a"]),
            (["a.b.*"], ["a.b.c"], ["a.b", "a.c", "a.bc.d"]),
            (["*"], ["a", "a.b"], []),
            (["a", "b.*"], ["a", "b.c"], ["a.b", "b"]),
        ],
    )
    def test_patterns(self, patterns: list[str], taken: list[str], left: list[str]) -> None:
        types = parse(patterns)
        assert all(types.takes(each) for each in taken)
        assert not any(types.takes(each) for each in left)

    @pytest.mark.parametrize("seed", range(50))
    def test_as_the_list_says_one_by_one(self, seed: int) -> None:
        """What is left out of the list, since another pattern covers it, changes nothing."""
        chance = random.Random(seed)  # noqa: S311
        types = [".".join(chance.choices(PARTS, k=chance.randint(1, 4))) for _ in range(40)]
        patterns = [each + chance.choice(["", ".*"]) for each in types[:10]]
        found = parse(patterns)
        for each in types:
            assert found.takes(each) == any(fnmatchcase(each, one) for one in patterns), each


class TestParse:
    def test_writes_as_few_patterns_as_say_the_same(self) -> None:
        given = ["pr.created", "pr.*", "pr.a.*", "issue.closed", "issue.closed"]
        assert parse(given) == TypeFilter(frozenset({"pr.*", "issue.closed"}))
        assert parse(["pr.created", "*"]) is EVERYTHING

    def test_the_most(self) -> None:
        assert parse([f"t{number}" for number in range(MOST_PATTERNS)]) != EVERYTHING
        longest = [f"{number}".ljust(128, "a") for number in range(4)]
        assert sum(map(len, longest)) == MOST_BYTES
        assert parse(longest).takes(longest[0])
        with pytest.raises(InvalidTypes):
            parse([*longest, "b"])

    def test_there_is_room_for_all_types_of_the_library(self) -> None:
        types = EVENT_TYPES.keys() - SERVICE
        assert parse(types).patterns == set(types)


class TestTypesOf:
    @pytest.mark.parametrize("body", [{}, {"types": None}, {"types": ["*"]}])
    def test_everything(self, body: dict[str, object]) -> None:
        assert types_of(body) is EVERYTHING

    @pytest.mark.parametrize(
        ("types", "told"),
        [
            ("pr.created", "to be a list, got a string"),
            ({"a": 1}, "to be a list, got an object"),
            (["a", 1], "to be a list of strings, got a number in it"),
            ([], "to be a list of 1 to 50 patterns, got 0"),
            (["a"] * 51, "to be a list of 1 to 50 patterns, got 51"),
            (["a" * 120 + str(n) for n in range(10)], "to be a list of at most 512 bytes"),
            *(
                ([bad], f'to be a list of event types, "workflow.*" or "*", got {bad[:64]!r}')
                for bad in ("", ".*", "work*", "*.created", "a.*.b", "**", "a.**", "a\n", "x" * 129)
            ),
            (["connect"], "event types"),
        ],
    )
    def test_what_is_no_list_of_patterns(self, types: object, told: str) -> None:
        with pytest.raises(CommandRefused) as caught:
            types_of({"types": types})
        assert caught.value.refusal.code is Code.INVALID_MESSAGE
        assert told in caught.value.refusal.message
