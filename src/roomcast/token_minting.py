"""Mints tokens for development, like those that an identity service issues.

The claims are those of the contract: `sub`, `iat`, `exp`, `token_type` = `access`, and optional
ones.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from roomcast.errors import RoomcastError
from roomcast.rooms import is_id, is_user_id

HOUR: Final = timedelta(hours=1)


class InvalidClaim(RoomcastError, ValueError):
    """A claim or the secret has a value that the service would refuse; no token was made."""


def mint(
    secret: str,
    user_id: str,
    *,
    role: str | None = None,
    projects: Iterable[str] | None = None,
    agents: Iterable[str] | None = None,
    email: str | None = None,
    lifetime: timedelta = HOUR,
    now: datetime | None = None,
) -> str:
    """Return a JWT, signed with HS256, that speaks for `user_id` during `lifetime`.

    `projects` and `agents` are ids, or `"*"` for all of them; None leaves the claim out. The `role`
    `admin` may join every room. Times count in whole seconds. Raises `InvalidClaim`, which names
    the argument.
    """
    import jwt  # noqa: PLC0415  publishers do not mint tokens and need not load it

    if not secret:
        raise InvalidClaim("secret: expected the service's JWT secret, got nothing")
    moment = now or datetime.now(UTC)
    claims = {
        "sub": _user_id(user_id),
        "iat": int(moment.timestamp()),
        "exp": int((moment + lifetime).timestamp()),
        "token_type": "access",
        "role": role,
        "email": email,
        "projects": _ids("projects", projects),
        "agents": _ids("agents", agents),
    }
    return jwt.encode(_given(claims), secret, algorithm="HS256")


def _given(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


def _ids(claim: str, ids: Iterable[str] | None) -> list[str] | None:
    if ids is None:
        return None
    listed = [ids] if isinstance(ids, str) else list(ids)
    return [each if each == "*" else _id(claim, each) for each in listed]


def _user_id(value: str) -> str:
    """Check a subject that is its own user id; see `roomcast.rooms.user_id` for the others."""
    if not is_user_id(value) or "%" in value:
        raise InvalidClaim(
            f"user_id: expected 1 to 128 of A-Z a-z 0-9 . _ - | @ + / = ~, got {value!r}"
        )
    return value


def _id(claim: str, value: str) -> str:
    if not is_id(value):
        raise InvalidClaim(f"{claim}: expected 1 to 128 of A-Z a-z 0-9 . _ -, got {value!r}")
    return value
