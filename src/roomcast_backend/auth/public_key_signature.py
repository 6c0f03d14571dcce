"""Verifies JWTs that are signed with a private key, by PyJWT and cryptography.

Both are imported with the first token, or when a container starts. They take longer than the rest
of a function, and services with a shared secret do not need them.
"""

from collections.abc import Collection
from typing import Any


def load() -> None:
    """Import PyJWT with cryptography."""
    import jwt  # noqa: F401, PLC0415


def verified_payload(token: str, key: Any, *, algorithms: Collection[str]) -> bytes:
    """Return the payload of `token`, unparsed; raise `ValueError` unless `key` verifies it.

    `key` is a public key: an object of cryptography, or PEM as text.
    """
    import jwt  # noqa: PLC0415
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415

    try:
        payload: bytes = jwt.PyJWS().decode(token, key, algorithms=list(algorithms))
    except (jwt.PyJWTError, TypeError, AttributeError, RecursionError, UnsupportedAlgorithm) as exc:
        # PyJWT raises TypeError when the header's algorithm is for another kind of key, and
        # AttributeError for a private key of RSA.
        raise ValueError("the signature does not verify") from exc
    return payload
