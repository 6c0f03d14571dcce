"""Some thousand inputs of `make fuzz`, and that it finds what is broken."""

import base64
import json
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from roomcast import envelope
from roomcast.rooms import Room
from roomcast_backend.auth import claims, hmac_signature
from roomcast_backend.github import mapping
from roomcast_backend.github import request as github_request
from roomcast_backend.lifecycle.handshake import Acceptor
from roomcast_backend.protocol import engineio_packets
from tests.fuzz import __main__ as program
from tests.fuzz.__main__ import run
from tests.fuzz.mutations import Mutator
from tests.fuzz.targets import DETAILS, WORDS, Target, quiet, read_room, targets

INPUTS = 500
SEED = 20261125


@pytest.mark.parametrize("target", list(targets(SEED)), ids=lambda target: target.name)
def test_promises_hold(target: Target) -> None:
    with quiet():
        outcome = run(target, INPUTS)
    assert outcome.inputs == INPUTS
    assert outcome.broken == [], target.promise


def test_shares_are_all_of_it() -> None:
    assert sum(target.share for target in targets(1)) == pytest.approx(1)


def test_the_same_seed_makes_the_same_inputs() -> None:
    def made(seed: int) -> list[object]:
        return [target.make() for target in targets(seed) for _ in range(5)]

    assert repr(made(1)) == repr(made(1)) != repr(made(2))


def test_quiet_ends_with_its_block() -> None:
    with quiet():
        assert not logging.getLogger("roomcast").isEnabledFor(logging.CRITICAL)
    assert logging.getLogger("roomcast").isEnabledFor(logging.CRITICAL)


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


def _named(name: str) -> Target:
    (found,) = [target for target in targets(SEED) if target.name == name]
    return found


def _read_last_name(text: bytes) -> Any:
    return json.loads(text)


def _order_unchecked(detail: Mapping[str, Any]) -> Any:
    return detail["publisher"], detail["number"]


def _parts_unchecked(token: str) -> list[bytes]:
    return [base64.urlsafe_b64decode(part + "==") for part in token.split(".")]


def _room_unchecked(name: str) -> Room:
    return Room(*name.split(":"))


FAULTS: list[tuple[str, object, str, Callable[..., Any]]] = [
    ("packets", engineio_packets, "read", lambda frame: int(frame[0])),
    ("queue messages", envelope, "_order_of", _order_unchecked),
    ("admissions", Acceptor, "check_origin", lambda _self, _handshake: None),
    ("signed tokens", hmac_signature, "checked_header", _read_last_name),
    ("signed tokens", hmac_signature, "_checked_algorithm", lambda _header, _allowed: "HS256"),
    ("tokens", hmac_signature, "parts_of", _parts_unchecked),
    ("claims", claims, "_check_times", lambda given, _now, _leeway: given["exp"]),
    ("claims", claims, "is_unicode", lambda _text: True),
    ("claims", claims, "_meant_for", lambda _claims, _audiences: True),
    ("webhooks", github_request, "is_signed", lambda _body, **_how: True),
    ("webhooks", mapping, "read", lambda _kind, payload: payload["action"]),
    ("rooms", Room, "parse", _room_unchecked),
]


@pytest.mark.parametrize(
    ("name", "owner", "attribute", "fault"), FAULTS, ids=[f"{row[0]}-{row[2]}" for row in FAULTS]
)
def test_a_fault_of_the_service_is_found(
    name: str, owner: object, attribute: str, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _named(name)
    monkeypatch.setattr(owner, attribute, fault)
    with quiet():
        assert run(target, 2000).broken


class TestProgram:
    def test_a_broken_promise_is_shown_and_the_exit_code_is_1(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def check(made: object) -> None:
            """Nothing is odd."""
            raise LookupError(str(made))

        broken = Target("odd", 1, lambda: "\ufffe'", check)
        monkeypatch.setattr(program, "targets", lambda _seed: [broken])
        monkeypatch.setattr(sys, "argv", ["fuzz", "--inputs", "7", "--seed", "3"])
        assert program.main() == 1
        printed = capsys.readouterr().out
        assert "seed 3" in printed
        assert repr("\ufffe'") in printed
        assert "LookupError" in printed
        assert "Nothing is odd." in printed

    def test_counts_every_input(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        seen: list[object] = []
        target = Target("kept", 1, lambda: "x", seen.append)
        monkeypatch.setattr(program, "targets", lambda _seed: [target])
        monkeypatch.setattr(sys, "argv", ["fuzz", "--inputs", "1234"])
        assert program.main() == 0
        assert len(seen) == 1234
        assert "1,234" in capsys.readouterr().out
