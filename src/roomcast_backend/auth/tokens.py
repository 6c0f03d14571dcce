"""Tokens: from a JWT to the principal it speaks for.

Required claims: `sub`, `exp` and `token_type` = `access`; `role`, `projects` and `agents` are known
(contract: Tokens). The caller gives the key: see `verification_keys`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from roomcast.rooms import canonical_id, is_id
from roomcast_backend.auth.lean_pyjwt import pyjwt
from roomcast_backend.model.access import EVERYTHING, NOTHING, Grant, Principal

LONGEST_TOKEN = 8192
"""Characters; a handshake's URL holds 4,096 at API Gateway, its headers 8 to 10 KB."""

KeyFor = Callable[[str], Any]
"""Finds the key for a token: a shared secret, or a public key by the token's key id."""


class TokenRefused(Exception):
    """A token is not valid; the message is fit for the client and never carries the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token must satisfy; empty strings ask nothing."""

    algorithms: tuple[str, ...]
    audience: str = ""
    issuer: str = ""
    without_projects: Grant = NOTHING


def verify(token: str, *, key_for: KeyFor, rules: TokenRules) -> Principal:
    """Return whom `token` speaks for; raise `TokenRefused` for every other token.

    `key_for` gets the token, since a key set is asked by the token's key id.
    """
    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("the token is too long")
    jwt = pyjwt(rules.algorithms)
    try:
        claims = jwt.decode(
            token,
            key_for(token),
            algorithms=list(rules.algorithms),
            audience=rules.audience or None,
            issuer=rules.issuer or None,
            # An issuer whose clock runs ahead is no reason to refuse a token: `iat` is not checked.
            options={
                "require": ["exp", "sub"],
                "verify_aud": bool(rules.audience),
                "verify_iat": False,
            },
        )
    except jwt.ExpiredSignatureError as exc:
        raise TokenRefused("the token has expired") from exc
    except (jwt.PyJWTError, ValueError, RecursionError) as exc:
        raise TokenRefused("the token is not valid") from exc
    return _principal(claims, rules)


def _principal(claims: Mapping[str, Any], rules: TokenRules) -> Principal:
    if claims.get("token_type") != "access":
        raise TokenRefused("the token is not an access token")
    user_id = claims["sub"]
    if not isinstance(user_id, str) or not is_id(user_id):
        raise TokenRefused("the token's sub is not a user id")
    role = claims.get("role")
    return Principal(
        user_id=canonical_id(user_id),
        expires_at=int(claims["exp"]),
        role=role if isinstance(role, str) else "",
        projects=_grant(claims, "projects", absent=rules.without_projects),
        agents=_grant(claims, "agents", absent=EVERYTHING),
    )


def _grant(claims: Mapping[str, Any], name: str, *, absent: Grant) -> Grant:
    """Read `projects` or `agents`: a list of ids, `"*"` alone or in it for all of them."""
    value = claims.get(name)
    if value is None:
        return absent
    ids = [value] if isinstance(value, str) else value
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise TokenRefused(f"the token's {name} is not a list of ids")
    if "*" in ids:
        return EVERYTHING
    return Grant(ids=frozenset(canonical_id(item) for item in ids))
