"""Mints tokens for development, like those that an identity service issues.

The claims are those of the contract: `sub`, `iat`, `exp`, `token_type` = `access`, and optional
ones.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from roomcast.errors import RoomcastError
from roomcast.rooms import is_id, is_user_id

HOUR: Final = timedelta(hours=1)

_ROOM: Final = re.compile(
    r"([a-z][a-z0-9_-]*):([A-Za-z0-9._-]{0,128}\*|[A-Za-z0-9._-]{1,128})", re.ASCII
)


class InvalidClaim(RoomcastError, ValueError):
    """A claim or the secret has a value that the service would refuse; no token was made."""


def mint(
    secret: str,
    user_id: str,
    *,
    role: str | None = None,
    projects: Iterable[str] | None = None,
    agents: Iterable[str] | None = None,
    rooms: Iterable[str] | None = None,
    email: str | None = None,
    tenant: str | None = None,
    lifetime: timedelta = HOUR,
    now: datetime | None = None,
) -> str:
    """Return a JWT, signed with HS256, that speaks for `user_id` during `lifetime`.

    `projects` and `agents` are ids, or `"*"` for all of them; None leaves the claim out. `rooms`
    are rooms to open beside those, or beginnings of their names: `project:atlas`, `project:at*`.
    The `role` `admin` may join every room of its tenant, which is written as the claim `tenant`.
    Times count in whole seconds. Raises `InvalidClaim`, which names the argument.
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
        "rooms": _rooms(rooms),
        "tenant": None if tenant is None else _id("tenant", tenant),
    }
    return jwt.encode(_given(claims), secret, algorithm="HS256")


def _given(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


def _ids(claim: str, ids: Iterable[str] | None) -> list[str] | None:
    if ids is None:
        return None
    listed = [ids] if isinstance(ids, str) else list(ids)
    return [each if each == "*" else _id(claim, each) for each in listed]


def _rooms(names: Iterable[str] | None) -> list[str] | None:
    if names is None:
        return None
    listed = [names] if isinstance(names, str) else list(names)
    for each in listed:
        found = _ROOM.fullmatch(each)
        if found is None or found[1] in ("global", "user", "connection"):
            raise InvalidClaim(
                "rooms: expected the name of a room other than global and user:<id>, or its "
                f"beginning with one * at the end, such as project:at*; got {each!r}"
            )
    return listed


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
