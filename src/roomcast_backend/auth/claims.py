"""Checks the claims of a verified token, whichever algorithm signed it (RFC 7519, section 4.1).

Required claims: `sub`, `exp` and `token_type` = `access`; `role`, `projects` and `agents` are known
(contract: Tokens). `iat` is not checked: an issuer whose clock runs ahead is no reason to refuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from roomcast.rooms import canonical_id, is_id
from roomcast_backend.model.access import EVERYTHING, NOTHING, Grant, Principal

LATEST_TIME: Final = 2**53 - 1
"""Seconds; the largest integer that clients and tables hold exactly."""


class TokenRefused(Exception):
    """A token is not valid; the message is fit for the client and never carries the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token must satisfy; an empty audience or issuer is not checked.

    `algorithms` are those that the service is configured with, all for a shared secret or all for
    public keys. `without_projects` is the grant of a token that has no claim `projects`.
    """

    algorithms: tuple[str, ...]
    audience: str = ""
    issuer: str = ""
    without_projects: Grant = NOTHING


def principal(claims: Mapping[str, Any], rules: TokenRules, *, now: float) -> Principal:
    """Return the principal that `claims` describe at `now` (epoch seconds); raise `TokenRefused`.

    An `exp` or `nbf` may be a number or the text of a whole number, and counts in whole seconds.
    """
    _check_times(claims, now)
    _check_addresses(claims, rules)
    if claims.get("token_type") != "access":
        raise TokenRefused("the token is not an access token")
    return Principal(
        user_id=_user_id(claims),
        expires_at=_seconds(claims["exp"]),
        role=_role(claims),
        projects=_grant(claims, "projects", absent=rules.without_projects),
        agents=_grant(claims, "agents", absent=EVERYTHING),
    )


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    if "nbf" in claims and _seconds(claims["nbf"]) > now:
        raise TokenRefused("the token is not valid")
    if _seconds(claims.get("exp")) <= now:
        raise TokenRefused("the token has expired")


def _seconds(value: Any) -> int:
    try:
        seconds = int(value)
    except (ValueError, TypeError, OverflowError) as exc:
        raise TokenRefused("the token is not valid") from exc
    if abs(seconds) > LATEST_TIME:
        raise TokenRefused("the token is not valid")
    return seconds


def _check_addresses(claims: Mapping[str, Any], rules: TokenRules) -> None:
    """Check who issued the token (`iss`), for whom (`aud`), and the type of its id (`jti`)."""
    audiences = claims.get("aud")
    listed = [audiences] if isinstance(audiences, str) else audiences
    if rules.audience and not (_is_texts(listed) and rules.audience in listed):
        raise TokenRefused("the token is not valid")
    if rules.issuer and claims.get("iss") != rules.issuer:
        raise TokenRefused("the token is not valid")
    if not isinstance(claims.get("jti", ""), str):
        raise TokenRefused("the token is not valid")


def _user_id(claims: Mapping[str, Any]) -> str:
    user_id = claims.get("sub")
    if not isinstance(user_id, str) or not is_id(user_id):
        raise TokenRefused("the token's sub is not a user id")
    return canonical_id(user_id)


def _role(claims: Mapping[str, Any]) -> str:
    role = claims.get("role")
    return role if isinstance(role, str) else ""


def _grant(claims: Mapping[str, Any], name: str, *, absent: Grant) -> Grant:
    """Read `projects` or `agents`: a list of ids, `"*"` alone or in it for all of them."""
    value = claims.get(name)
    if value is None:
        return absent
    ids = [value] if isinstance(value, str) else value
    if not _is_texts(ids):
        raise TokenRefused(f"the token's {name} is not a list of ids")
    if "*" in ids:
        return EVERYTHING
    return Grant(ids=frozenset(canonical_id(item) for item in ids))


def _is_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
