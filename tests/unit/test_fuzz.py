"""Some thousand inputs of `make fuzz`, and that it finds what is broken."""

import json

import pytest

from tests.fuzz.__main__ import run
from tests.fuzz.mutations import Mutator
from tests.fuzz.targets import DETAILS, WORDS, Target, quiet, read_room, targets

INPUTS = 500
SEED = 20261125


@pytest.mark.parametrize("target", list(targets(SEED)), ids=lambda target: target.name)
def test_promises_hold(target: Target) -> None:
    inputs = INPUTS if target.share > 0.05 else 50  # noqa: PLR2004
    with quiet():
        outcome = run(target, inputs)
    assert outcome.inputs == inputs
    assert outcome.broken == [], target.promise


def test_shares_are_all_of_it() -> None:
    assert sum(target.share for target in targets(1)) == pytest.approx(1)


def test_the_same_seed_makes_the_same_inputs() -> None:
    def made(seed: int) -> list[object]:
        return [target.make() for target in targets(seed) for _ in range(5)]

    assert repr(made(1)) == repr(made(1)) != repr(made(2))


def test_an_input_leaves_nothing_in_the_next_ones() -> None:
    def made() -> list[str]:
        mutator = Mutator(SEED, WORDS)
        return [json.dumps(mutator.value(DETAILS[0])) for _ in range(INPUTS)]

    assert made() == made()


def test_what_is_broken_is_found() -> None:
    def refuse_long_names(name: str) -> None:
        """Names are short."""
        read_room(name)
        assert len(name) < 80

    (rooms,) = [target for target in targets(SEED) if target.name == "rooms"]
    outcome = run(Target("rooms", 1, rooms.make, refuse_long_names), 1000)
    assert outcome.broken
    assert "AssertionError" in outcome.broken[0]
