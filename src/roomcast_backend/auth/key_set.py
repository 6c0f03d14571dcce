"""Reads a JSON Web Key Set: which key may verify which algorithms (RFC 7517, RFC 7518, RFC 8037).

A key that may verify nothing (a weak one, one for encryption, a shared secret) stays in the set
with no algorithm: a token that names it is refused, which is something else than not to know it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

LARGEST: Final = 256 * 1024
"""Bytes of a set; those of large providers have some 20 KB."""

LEAST_RSA_BITS: Final = 2048
"""RFC 7518, sections 3.3 and 3.5."""

MOST_RSA_BITS: Final = 16_384
"""A longer key makes each verification slow."""

_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_CURVES: Final = {
    "P-256": frozenset({"ES256"}),
    "P-384": frozenset({"ES384"}),
    "Ed25519": frozenset({"EdDSA"}),
    "Ed448": frozenset({"EdDSA"}),
}
_NOTHING: Final[frozenset[str]] = frozenset()
_PUBLIC: Final = ("kty", "crv", "n", "e", "x", "y")
"""The members of a public key: private ones, which do not belong into a set, are not read."""

ALGORITHMS: Final = tuple(sorted(_RSA.union(*_CURVES.values())))
"""With a key set only these: a public key must never pass for an HMAC secret."""


class BadKeySet(ValueError):
    """What an issuer answered is no key set, or holds no key; the message is for logs."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key of a set, and the algorithms of tokens that it may verify."""

    key_id: str
    algorithms: frozenset[str]
    key: Any


def read_key_set(body: bytes) -> tuple[VerificationKey, ...]:
    """Return the keys of a set that have an id; raise `BadKeySet` when there is none.

    A single key that cannot be read (an unknown type or curve, a damaged one) is left out.
    """
    if len(body) > LARGEST:
        raise BadKeySet(f"expected a key set of at most {LARGEST} bytes")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise BadKeySet("expected a key set, got something that is not JSON") from exc
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise BadKeySet("expected a key set, got JSON without a list of keys")
    keys = tuple(key for key in map(_read_key, entries) if key is not None)
    if not keys:
        raise BadKeySet(f"expected a key with an id, got none in {len(entries)} entries")
    return keys


def _read_key(entry: Any) -> VerificationKey | None:
    """Return a key, or None for an entry that is none or has no id."""
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if entry.get("kty") == "oct":
        return VerificationKey(entry["kid"], _NOTHING, None)
    try:
        key = _public_key(entry)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, UnsupportedAlgorithm):
        return None
    return VerificationKey(entry["kid"], _algorithms_of(entry, key), key)


def _public_key(entry: Mapping[str, Any]) -> Any:
    public = {name: entry[name] for name in _PUBLIC if name in entry}
    match public.get("kty"):
        case "RSA":
            return RSAAlgorithm.from_jwk(public)
        case "EC":
            return ECAlgorithm.from_jwk(public)
        case "OKP":
            return OKPAlgorithm.from_jwk(public)
    raise ValueError("an unknown type of key")


def _algorithms_of(entry: Mapping[str, Any], key: Any) -> frozenset[str]:
    """Return the algorithms that type, curve and size allow, and that the key's own members do.

    `use`, `key_ops` and `alg` are optional: RFC 7517, sections 4.2 to 4.4.
    """
    if entry.get("use", "sig") != "sig":
        return _NOTHING
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return _NOTHING
    if entry["kty"] == "RSA":
        able = _RSA if LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS else _NOTHING
    else:
        able = _CURVES.get(str(entry.get("crv")), _NOTHING)
    if "alg" not in entry:
        return able
    return able & ({entry["alg"]} if isinstance(entry["alg"], str) else _NOTHING)
