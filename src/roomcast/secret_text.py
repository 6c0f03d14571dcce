"""Reads shared secrets as people keep them in Secrets Manager.

    s3cret                        the secret
    s3cret⏎                       the same: spaces and line breaks around it do not count
    "s3cret"                      the same, in quotes
    {"JWT_SECRET": "s3cret"}      the same, as the console's "key/value" stores it
    ["new", "old"]                several that are valid at once, while one is replaced

Base64 and hexadecimal stay as they are: the letters are the secret, as JWT libraries take them.
"""

import json
from collections.abc import Iterable
from typing import Any

from roomcast.errors import RoomcastError

BYTE_ORDER_MARK = "\ufeff"
"""What some editors put before a text."""


class BadSecret(RoomcastError, ValueError):
    """A secret cannot be used; the message says why and never holds it."""


def secrets_in(text: str) -> tuple[str, ...]:
    """Return the secrets that a text holds, the one to sign with first; raise `BadSecret`."""
    found = tuple(dict.fromkeys(_unquoted(text.strip().removeprefix(BYTE_ORDER_MARK).strip())))
    if not found or not all(found):
        raise BadSecret("expected a secret, got nothing")
    return found


def readings_of(text: str) -> tuple[str, ...]:
    """Return the secrets that a text holds, and the text itself as it is, as the last one.

    An issuer that reads the same text may sign with it just as it is, quotes, line break and all.
    """
    return tuple(dict.fromkeys((*secrets_in(text), text)))


def _unquoted(text: str) -> Iterable[str]:
    """Return the secrets of a text; one that only looks like JSON is itself the secret."""
    if text[:1] == text[-1:] == "'" and len(text) > 1:
        return [text[1:-1].strip()]
    if text[:1] not in ('"', "{", "["):
        return [text]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return _of_json(value, text)


def _of_json(value: Any, text: str) -> Iterable[str]:
    if isinstance(value, dict):
        if "kty" in value or "keys" in value:
            return [text]  # a JSON Web Key, which the verifier refuses
        if len(value) != 1:
            raise BadSecret(f"expected a JSON object with one key, got {len(value)}")
        value = next(iter(value.values()))
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in values):
        raise BadSecret("expected text in the JSON of a secret")
    return [each.strip() for each in values]
