"""Verifies JWTs that are signed with a shared secret: HS256, HS384 and HS512.

The form is the compact serialization of RFC 7515, section 7.1; the checks are those of section 5.2:

    base64url(header) . base64url(payload) . base64url(HMAC(secret, header . payload))

Whatever PyJWT refuses is refused here, and more: see docs/decisions/0013-hmac-tokens.md.
"""

import base64
import hashlib
import hmac
import json
import re
import warnings
from collections.abc import Collection
from typing import Any, Final

from roomcast_backend.auth.strict_json import read_object

HASHES: Final = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}

_PEM: Final = re.compile(rb"----[- ]BEGIN ")
_SSH: Final = (b"ssh-ed25519", b"ssh-rsa", b"ssh-dss", b"ecdsa-sha2-nistp")


class BadSignature(ValueError):
    """A token is malformed, or was not signed with this secret; the message is for logs."""


def verified_payload(token: str, secret: str, *, algorithms: Collection[str]) -> bytes:
    """Return the payload of `token`, unparsed.

    Raises `BadSignature` or another `ValueError` unless the token has exactly three parts in
    unpadded base64url, a header whose `alg` is one of `algorithms` and that asks for no extension,
    and the signature that `secret` makes.
    """
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  the compact serialization
        raise BadSignature(f"expected three parts, got {len(parts)}")
    header, payload, signature = map(_base64url_decoded, parts)
    algorithm = _checked_algorithm(read_object(header), algorithms)
    signed_text = token.rpartition(".")[0].encode("ascii")
    expected = hmac.new(_checked_key(secret, algorithm), signed_text, HASHES[algorithm]).digest()
    if not hmac.compare_digest(expected, signature):
        raise BadSignature("the signature does not match")
    return payload


def _base64url_decoded(part: str) -> bytes:
    """Decode one part; the comparison refuses padding, foreign characters and unused bits."""
    text = part.encode("ascii")
    decoded = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != text:
        raise BadSignature("expected base64url without padding")
    return decoded


def _checked_algorithm(header: dict[str, Any], allowed: Collection[str]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise BadSignature("expected the configured algorithm in the header's alg")
    if "crit" in header or "b64" in header:  # RFC 7515, section 4.1.11; RFC 7797
        raise BadSignature("expected a header without extensions")
    if not isinstance(header.get("kid", ""), str):
        raise BadSignature("expected text in the header's kid")
    return algorithm


def _checked_key(secret: str, algorithm: str) -> bytes:
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
