"""The kinds of rooms that a deployment adds to the built-in ones: the setting `room_kinds`.

{"team": {"claim": "teams"}, "run": "authenticated"}

A room `team:<id>` opens for whoever has its id in the token's claim `teams`, `run:<id>` for
everyone with a token. The service and its publishers read the same text, from the same variable.
"""

import json
import re
from functools import lru_cache
from typing import Any, Final

BUILT_IN: Final = ("global", "project", "user", "agent")

RESERVED: Final = (*BUILT_IN, "connection")
"""Names that no kind may have; `connection:<id>` is the `room` of events for one connection."""

MOST: Final = 20
"""Kinds in one deployment: the statistics read the counters of each."""

AUTHENTICATED: Final = "authenticated"

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,30}", re.ASCII)
_CLAIM: Final = re.compile(r"[^\s,]+")


def is_name(text: str) -> bool:
    """Tell whether `text` is the name of a kind: 1 to 31 of `a-z 0-9 _ -`, a letter first."""
    return _NAME.fullmatch(text) is not None


@lru_cache(maxsize=8)
def read(text: str) -> dict[str, str]:
    """Return for each kind the claim with its ids, empty for everyone with a token.

    Empty text is no kinds. Raises `ValueError`, whose message says what was expected.
    """
    return {name: _claim(name, rule) for name, rule in _rules(text).items()}


def _rules(text: str) -> dict[str, Any]:
    try:
        rules = json.loads(text or "{}")
    except (ValueError, RecursionError):
        rules = None
    if not isinstance(rules, dict):
        raise ValueError('expected a JSON object such as {"team": {"claim": "teams"}}')
    if len(rules) > MOST:
        raise ValueError(f"expected at most {MOST} kinds, got {len(rules)}")
    return rules


def _claim(name: str, rule: object) -> str:
    if not is_name(name) or name in RESERVED:
        raise ValueError(
            "expected names of 1 to 31 of a-z 0-9 _ -, which begin with a letter and are none of "
            f"{', '.join(RESERVED)}; got {name[:64]!r}"
        )
    if rule == AUTHENTICATED:
        return ""
    claim = rule.get("claim") if isinstance(rule, dict) and len(rule) == 1 else None
    if not isinstance(claim, str) or not _CLAIM.fullmatch(claim):
        raise ValueError(
            f'{name}: expected {{"claim": "<the claim with its ids>"}} or "{AUTHENTICATED}"'
        )
    return claim
