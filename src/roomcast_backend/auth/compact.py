"""Reads the compact serialization of tokens (RFC 7515, section 7.1), before anything is verified.

base64url(header) . base64url(payload) . base64url(signature)
"""

import base64
from typing import Any

from roomcast_backend.auth.strict_json import read_object


class BadSignature(ValueError):
    """A token is malformed, or was not signed with a known key; the message is for logs."""


def parts_of(token: str) -> tuple[bytes, bytes, bytes]:
    """Return header, payload and signature, decoded; raise `ValueError` unless there are three."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004  the compact serialization
        raise BadSignature(f"expected three parts, got {len(parts)}")
    header, payload, signature = map(_base64url_decoded, parts)
    return header, payload, signature


def header_of(token: str) -> dict[str, Any]:
    """Return the header of a token; raise `ValueError` when it is none, or asks for an extension.

    Nothing of it is verified: it tells which key to try, and nothing else.
    """
    return checked_header(parts_of(token)[0])


def checked_header(text: bytes) -> dict[str, Any]:
    """Read a header; one that asks for an extension, or whose `kid` is not text, is refused."""
    header = read_object(text)
    if "crit" in header or "b64" in header:  # RFC 7515, section 4.1.11; RFC 7797
        raise BadSignature("expected a header without extensions")
    if not isinstance(header.get("kid", ""), str):
        raise BadSignature("expected text in the header's kid")
    return header


def _base64url_decoded(part: str) -> bytes:
    """Decode one part; the comparison refuses padding, foreign characters and unused bits."""
    text = part.encode("ascii")
    decoded = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != text:
        raise BadSignature("expected base64url without padding")
    return decoded
