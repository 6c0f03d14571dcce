"""Signed tokens with odd claims, given to `verify`: what is let in, and as whom."""

import json
import time
import warnings
from dataclasses import replace
from typing import Any

import jwt

from roomcast.rooms import Room, is_user_id
from roomcast_backend.auth.claims import LATEST_TIME, TokenRefused, TokenRules
from roomcast_backend.auth.tokens import verify
from roomcast_backend.model.access import Principal, may_join
from roomcast_backend.stores.items import principal_item
from tests.fuzz.mutations import Mutator
from tests.fuzz.tokens import ALGORITHMS, SECRET, signed

LEEWAY = 30
RULES = TokenRules(
    algorithms=tuple(ALGORITHMS),
    audience="roomcast, other",
    issuer="https://id",
    leeway=LEEWAY,
    room_kinds={"team": "teams", "run": ""},
)
CLAIMS: list[dict[str, Any]] = [
    {
        "sub": "auth0|6553da60",
        "exp": 2_000_000_000,
        "nbf": 1_500_000_000,
        "iat": 1_500_000_000.5,
        "iss": "https://id",
        "aud": ["roomcast", "mine"],
        "token_type": "access",
        "jti": "1",
    },
    {
        "sub": "6F1C0F9E-0000-4000-8000-000000000001",
        "exp": 2_000_000_000,
        "iss": "https://id",
        "aud": "other",
        "token_type": "access",
        "role": "admin",
        "projects": ["p1", "*"],
        "agents": "a1 a2",
        "rooms": ["project:at*", "team:red", "user:u1"],
        "teams": ["red", "*"],
    },
]


def odd_claims(mutator: Mutator) -> str:
    """Return a token that is signed as it should be, with claims that are almost right."""
    return signed('{"alg":"HS256"}', json.dumps(mutator.value(mutator.random.choice(CLAIMS))))


def let_in(token: str) -> None:
    """A token is refused, or PyJWT takes it too and its user can be stored and joined to rooms."""
    principal = _let_in(token)
    if principal is None:
        return
    claims = _pyjwts(token)
    assert claims["token_type"] == "access"
    assert is_user_id(principal.user_id)
    assert time.time() < principal.expires_at <= min(claims["exp"] + LEEWAY, LATEST_TIME)
    assert principal.is_admin == _names(claims, "role", "admin")
    _check_grants(principal, claims)
    assert not may_join(replace(principal, role=""), Room("user", "somebody-else"))
    json.dumps(principal_item(principal), ensure_ascii=False).encode()


def _let_in(token: str) -> Principal | None:
    try:
        return verify(token, key_for=lambda _token: SECRET, rules=RULES)
    except TokenRefused:
        return None


def _check_grants(principal: Principal, claims: dict[str, Any]) -> None:
    for name, grant, absent in (
        ("projects", principal.projects, False),
        ("agents", principal.agents, True),
    ):
        given = claims.get(name)
        listed = given.split() if isinstance(given, str) else given
        assert grant.everything == (absent if listed is None else "*" in listed)


def _names(claims: dict[str, Any], name: str, value: str) -> bool:
    given = claims.get(name)
    return given == value or (isinstance(given, list) and value in given)


def _pyjwts(token: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.decode(
            token,
            SECRET,
            algorithms=ALGORITHMS,
            audience=["roomcast", "other"],
            issuer="https://id",
            leeway=LEEWAY,
            options={"require": ["exp", "sub"]},
        )
