"""The setting `room_kinds`, as a mapping of `cdk.json` or as JSON; checked before it is deployed.

The functions read it with `roomcast.room_kinds`, which the infrastructure does not import; a test
compares both.
"""

import json
import re
from typing import Any

BUILT_IN = ("global", "project", "user", "agent", "connection")
MOST = 20
LONGEST = 2000
"""Characters: all variables of a function share 4 KB.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""


def as_text(value: Any) -> str:
    """Return the kinds as compact JSON, empty for none; a `ValueError` says what was expected."""
    rules = _from_json(value) if isinstance(value, str) else value
    if not isinstance(rules, dict):
        raise ValueError('expected an object such as {"team": {"claim": "teams"}}')
    if len(rules) > MOST:
        raise ValueError(f"expected at most {MOST} kinds, got {len(rules)}")
    for name, rule in rules.items():
        _check(name, rule)
    text = json.dumps(rules, separators=(",", ":")) if rules else ""
    if len(text) > LONGEST:
        raise ValueError(f"expected at most {LONGEST} characters of JSON, got {len(text)}")
    return text


def _from_json(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return None


def _check(name: str, rule: Any) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,30}", name) or name in BUILT_IN:
        raise ValueError(
            f"expected names of 1 to 31 of a-z 0-9 _ -, which begin with a letter and are none of "
            f"{', '.join(BUILT_IN)}; got {name!r}"
        )
    claim = rule.get("claim") if isinstance(rule, dict) and len(rule) == 1 else None
    is_claim = isinstance(claim, str) and re.fullmatch(r"[^\s,]+", claim)
    if rule != "authenticated" and not is_claim:
        raise ValueError(
            f'{name}: expected {{"claim": "<the claim with its ids>"}} or "authenticated"'
        )
