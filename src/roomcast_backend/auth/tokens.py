"""Tokens: from a JWT to the principal it speaks for (contract: Tokens).

    token ─▶ length ─▶ key ─▶ signature ─────────────────▶ JSON ──────▶ claims ─▶ Principal
                              hmac_signature, or           strict_json  claims
                              public_key_signature

The caller gives the key: see `verification_keys`.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from roomcast_backend.auth import claims, hmac_signature, public_key_signature
from roomcast_backend.auth.claims import TokenRefused, TokenRules
from roomcast_backend.auth.strict_json import read_object
from roomcast_backend.model.access import Principal

__all__ = ["LONGEST_TOKEN", "KeyFor", "TokenRefused", "TokenRules", "uses_shared_secret", "verify"]

LONGEST_TOKEN: Final = 8192
"""Characters; a handshake's URL holds 4,096 at API Gateway, its headers 8 to 10 KB."""

KeyFor = Callable[[str], Any]
"""Finds the key for a token: the shared secret, several of them, or the public key of its `kid`.

Raises `ValueError` when the token names no known key.
"""


def verify(
    token: str, *, key_for: KeyFor, rules: TokenRules, clock: Callable[[], float] = time.time
) -> Principal:
    """Return the principal that `token` speaks for; raise `TokenRefused` for a bad token.

    Other exceptions of `key_for` are passed on: nothing is known about the token then. `clock`
    gives epoch seconds.
    """
    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("the token is too long")
    try:
        payload = read_object(_verified_payload(token, key_for(token), rules.algorithms))
    except ValueError as exc:
        raise TokenRefused("the token is not valid") from exc
    return claims.principal(payload, rules, now=clock())


def uses_shared_secret(algorithms: tuple[str, ...]) -> bool:
    """Tell whether tokens are signed with a shared secret, not with private keys.

    Raises `ValueError` for a mixture: a public key could then pass for a secret.
    """
    shared = hmac_signature.HASHES.keys() & set(algorithms)
    if shared and len(shared) < len(set(algorithms)):
        raise ValueError("expected algorithms for a shared secret, or others, not both")
    return bool(shared)


def _verified_payload(token: str, key: Any, algorithms: tuple[str, ...]) -> bytes:
    if uses_shared_secret(algorithms):
        return hmac_signature.verified_payload(token, key, algorithms=algorithms)
    return public_key_signature.verified_payload(token, key, algorithms=algorithms)
