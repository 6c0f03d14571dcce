"""Mints the tokens that open the service to a user: `roomcast.mint_token` (docs/tokens.md).

The claims are those of the contract: `sub`, `iat`, `exp`, `token_type` = `access`, and optional
ones.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from roomcast.errors import RoomcastError
from roomcast.rooms import is_id, is_user_id
from roomcast.secret_text import BadSecret, secrets_in

HOUR: Final = timedelta(hours=1)

Algorithm: TypeAlias = Literal["HS256", "HS384", "HS512"]

SHORTEST_SECRET: Final[dict[str, int]] = {"HS256": 32, "HS384": 48, "HS512": 64}
"""In bytes: as many as the hash has (RFC 7518, section 3.2). The service refuses shorter ones."""

_ROOM: Final = re.compile(
    r"([a-z][a-z0-9_-]*):([A-Za-z0-9._-]{0,128}\*|[A-Za-z0-9._-]{1,128})", re.ASCII
)


class InvalidClaim(RoomcastError, ValueError):
    """A claim or the secret has a value that the service would refuse; no token was made."""


def mint_token(
    secret: str,
    user_id: str,
    *,
    role: str | None = None,
    projects: Iterable[str] | None = None,
    agents: Iterable[str] | None = None,
    rooms: Iterable[str] | None = None,
    email: str | None = None,
    tenant: str | None = None,
    claims: Mapping[str, Any] | None = None,
    lifetime: timedelta = HOUR,
    algorithm: Algorithm = "HS256",
    now: datetime | None = None,
) -> str:
    """Return a JWT, signed with the deployment's secret, that speaks for `user_id`.

    `secret` is the text in Secrets Manager (the output `JwtSecretArn`), as it is there; of several
    secrets the first one signs. The token is good from `now` on, for `lifetime`, and whoever has it
    is that user for so long: minutes are enough for clients that can fetch another one.

    `projects` and `agents` are ids, or `"*"` for all of them; None leaves the claim out. `rooms`
    are rooms to open beside those, or beginnings of their names: `project:atlas`, `project:at*`.
    The `role` `admin` may join every room of its tenant, which is written as the claim `tenant`.
    `claims` are further ones: `aud` and `iss` where the deployment asks for them, those of its own
    kinds of rooms. Times count in whole seconds. `algorithm` is the setting `jwt_algorithm`. Raises
    `InvalidClaim`, which names the argument.
    """
    import jwt  # noqa: PLC0415  publishers do not mint tokens and need not load it

    if lifetime < timedelta(seconds=1):
        raise InvalidClaim(f"lifetime: expected at least a second, got {lifetime}")
    moment = now or datetime.now(UTC)
    named = {
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
    payload = {**_further(claims or {}, named), **_given(named)}
    return jwt.encode(payload, _signing(secret, algorithm), algorithm=algorithm)


def _signing(text: str, algorithm: str) -> str:
    """Return the secret to sign with; its own text is in no message."""
    least = SHORTEST_SECRET.get(algorithm)
    if least is None:
        raise InvalidClaim(f"algorithm: expected one of {', '.join(SHORTEST_SECRET)}")
    try:
        secret = secrets_in(text)[0]
    except BadSecret as exc:
        raise InvalidClaim(f"secret: {exc}") from exc
    if len(secret.encode()) < least:
        raise InvalidClaim(
            f"secret: expected at least {least} bytes for {algorithm}, got {len(secret.encode())}"
        )
    return secret


def _further(claims: Mapping[str, Any], named: Mapping[str, Any]) -> Mapping[str, Any]:
    """Check that no claim is one that another argument writes."""
    twice = sorted(claims.keys() & named.keys())
    if twice:
        raise InvalidClaim(f"claims: expected others than {', '.join(named)}, got {twice[0]}")
    return claims


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
