"""Verifies JWTs that are signed with a shared secret: HS256, HS384 and HS512.

The form is the compact serialization of RFC 7515, section 7.1; the checks are those of section 5.2:

    base64url(header) . base64url(payload) . base64url(HMAC(secret, header . payload))

Whatever PyJWT refuses is refused here, and more: see docs/decisions/0013-hmac-tokens.md.
"""

import hashlib
import hmac
import json
import re
import warnings
from collections.abc import Collection, Sequence
from typing import Any, Final

from roomcast_backend.auth.compact import BadSignature, checked_header, parts_of

__all__ = ["HASHES", "BadSignature", "checked_key", "verified_payload"]

HASHES: Final = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}

_PEM: Final = re.compile(rb"----[- ]BEGIN ")
_SSH: Final = (b"ssh-ed25519", b"ssh-rsa", b"ssh-dss", b"ecdsa-sha2-nistp")


def verified_payload(
    token: str, secret: str | Sequence[str], *, algorithms: Collection[str]
) -> bytes:
    """Return the payload of `token`, unparsed; `secret` may be several, one of which signed it.

    Raises `BadSignature` or another `ValueError` unless the token has exactly three parts in
    unpadded base64url, a header whose `alg` is one of `algorithms` and that asks for no extension,
    and the signature that a secret makes.
    """
    header, payload, signature = parts_of(token)
    algorithm = _checked_algorithm(checked_header(header), algorithms)
    signed_text = token.rpartition(".")[0].encode("ascii")
    for each in [secret] if isinstance(secret, str) else secret:
        expected = hmac.new(checked_key(each, algorithm), signed_text, HASHES[algorithm]).digest()
        if hmac.compare_digest(expected, signature):
            return payload
    raise BadSignature("the signature does not match")


def _checked_algorithm(header: dict[str, Any], allowed: Collection[str]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise BadSignature("expected the configured algorithm in the header's alg")
    return algorithm


def checked_key(secret: str, algorithm: str) -> bytes:
    """Return the secret's bytes; an empty secret and public keys are refused.

    Everybody may know a public key: whoever configures one as the secret lets everybody in.
    """
    key = secret.encode()
    if not key or _PEM.search(key) or key.startswith(_SSH) or _is_jwk(key):
        raise BadSignature("expected a shared secret, got nothing or a public key")
    shortest = HASHES[algorithm]().digest_size
    if len(key) < shortest:
        warnings.warn(
            f"the secret for {algorithm} has {len(key)} bytes,"
            f" RFC 7518 (section 3.2) asks for at least {shortest}",
            stacklevel=2,
        )
    return key


def _is_jwk(key: bytes) -> bool:
    """Tell whether a secret is a JSON Web Key, or JSON that contains one."""
    names: set[str] = set()
    try:
        json.loads(
            key,
            parse_int=str,
            object_pairs_hook=lambda pairs: names.update(name for name, _ in pairs),
        )
    except RecursionError:
        return True
    except ValueError:
        return False
    return "kty" in names
