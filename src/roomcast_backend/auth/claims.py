"""Checks the claims of a verified token, whichever algorithm signed it (RFC 7519, section 4.1).

Required are the user's id (`sub`), `exp`, and what tells an access token; role and grants are known
(contract: Tokens). `ClaimNames` says under which names an identity provider writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from roomcast.deliverable import is_unicode
from roomcast.rooms import canonical_id, is_id
from roomcast.rooms import user_id as id_of_user
from roomcast_backend.auth.claim_names import ClaimNames, find
from roomcast_backend.auth.token_types import is_access_token
from roomcast_backend.model.access import ADMIN, EVERYTHING, NOTHING, Grant, Principal
from roomcast_backend.model.room_patterns import patterns

LATEST_TIME: Final = 253_402_300_799
"""Epoch seconds of the last second that RFC 3339 can write, in the year 9999.

A time in milliseconds, which some issuers write, lies beyond it.
"""


class TokenRefused(Exception):
    """A token is not valid; the message is fit for the client and never carries the token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token must satisfy; an empty audience or issuer is not checked.

    `algorithms` are those that the service is configured with, all for a shared secret or all for
    public keys. Audience and issuer may be several, comma-separated: one of them suffices.
    `leeway` is in seconds. `without_projects` is the grant of a token that names no projects.
    `room_kinds` are the deployment's own, each with the claim that has its ids, see
    `roomcast.room_kinds`.
    """

    algorithms: tuple[str, ...]
    audience: str = ""
    issuer: str = ""
    without_projects: Grant = NOTHING
    leeway: int = 0
    names: ClaimNames = field(default_factory=ClaimNames)
    room_kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def shared_secret(self) -> bool:
        """Tell whether the algorithms are those of shared secrets."""
        return all(algorithm.startswith("HS") for algorithm in self.algorithms)


def principal(claims: Mapping[str, Any], rules: TokenRules, *, now: float) -> Principal:
    """Return the principal that `claims` describe at `now` (epoch seconds); raise `TokenRefused`.

    Times count in whole seconds. The principal's `expires_at` is `exp` and the leeway: the moment
    from which the service takes the token no more, at whatever place it asks.
    """
    expires_at = _check_times(claims, now, rules.leeway)
    _check_addresses(claims, rules)
    if not is_access_token(
        claims,
        configured=rules.names.token_type,
        shared_secret=rules.shared_secret,
        audience=bool(rules.audience),
    ):
        raise TokenRefused("the token is not an access token")
    return Principal(
        user_id=_user_id(claims, rules.names.user),
        expires_at=expires_at,
        role=_role(claims, rules.names),
        projects=_grant(claims, rules.names.projects, absent=rules.without_projects),
        agents=_grant(claims, rules.names.agents, absent=EVERYTHING),
        rooms=_opened_rooms(claims, rules),
        issued_at=_seconds(claims.get("iat", 0)),
        tenant=_tenant(claims, rules.names.tenant),
    )


def _check_times(claims: Mapping[str, Any], now: float, leeway: int) -> int:
    """Check `nbf`, `iat` and `exp`, and return when the token expires, leeway included."""
    for name in ("nbf", "iat"):
        if name in claims and _seconds(claims[name]) - leeway > now:
            raise TokenRefused("the token is not valid yet")
    expires_at = _seconds(claims.get("exp")) + leeway
    if expires_at <= now:
        raise TokenRefused("the token has expired")
    return min(expires_at, LATEST_TIME)


def _seconds(value: Any) -> int:
    """Return a NumericDate in whole seconds (RFC 7519, section 2); refuse all other values."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= LATEST_TIME:  # NaN is in no range
        raise TokenRefused("the token is not valid")
    return int(value)


def _check_addresses(claims: Mapping[str, Any], rules: TokenRules) -> None:
    """Check who issued the token (`iss`), for whom (`aud`), and the type of its id (`jti`).

    Access tokens of Amazon Cognito have no `aud`: their `client_id` stands for it, as in AWS's own
    authorizers. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """
    if rules.audience and not _meant_for(claims, _listed(rules.audience)):
        raise TokenRefused("the token is not valid")
    issuer = claims.get("iss")
    if rules.issuer and not (isinstance(issuer, str) and issuer in _listed(rules.issuer)):
        raise TokenRefused("the token is not valid")
    if not isinstance(claims.get("jti", ""), str):
        raise TokenRefused("the token is not valid")


def _meant_for(claims: Mapping[str, Any], audiences: list[str]) -> bool:
    named = claims["aud"] if "aud" in claims else claims.get("client_id")
    listed = [named] if isinstance(named, str) else named
    return _is_texts(listed) and not set(audiences).isdisjoint(listed)


def _listed(setting: str) -> list[str]:
    return [each.strip() for each in setting.split(",")]


def _user_id(claims: Mapping[str, Any], name: str) -> str:
    subject = find(claims, name)
    try:
        if isinstance(subject, str):
            return id_of_user(subject)
    except ValueError as exc:
        raise TokenRefused(f"the token's {name} is not a user id") from exc
    raise TokenRefused(f"the token's {name} is not a user id")


def _tenant(claims: Mapping[str, Any], name: str) -> str:
    """Return the tenant, empty without the claim.

    What is no id, the empty text too, is refused: who belongs to some tenant must not come to those
    who belong to none.
    """
    value = find(claims, name) if name else None
    if value is None:
        return ""
    if not isinstance(value, str) or not is_id(value):
        raise TokenRefused(f"the token's {name} is not an id")
    return canonical_id(value)


def _role(claims: Mapping[str, Any], names: ClaimNames) -> str:
    """Return the role: `ADMIN` for whoever has the setting's role of admins, alone or in a list.

    The contract's own claim is one role, so `account admin` is none of an admin. In a claim that
    the settings name, spaces part several, as in OAuth's `scope`. Lone surrogates are refused.
    """
    value = find(claims, names.role)
    if isinstance(value, str):
        value = [value] if names.role == ClaimNames().role else value.split()
    roles = [role for role in value if isinstance(role, str)] if isinstance(value, list) else []
    if not all(map(is_unicode, roles)):
        raise TokenRefused(f"the token's {names.role} is not text")
    if names.admin_role in roles:
        return ADMIN
    return next((role for role in roles if role != ADMIN), "")


def _grant(claims: Mapping[str, Any], name: str, *, absent: Grant) -> Grant:
    """Read projects or agents: ids in a list, or parted by spaces; `"*"` among them is all."""
    ids = _texts(claims, name)
    if ids is None:
        return absent
    if "*" in ids:
        return EVERYTHING
    return Grant(ids=frozenset(canonical_id(item) for item in ids))


def _opened_rooms(claims: Mapping[str, Any], rules: TokenRules) -> frozenset[str]:
    """Return the patterns of the claim `rooms`, and those that the deployment's own kinds give."""
    opened = patterns(_texts(claims, rules.names.rooms) or ())
    for kind, claim in rules.room_kinds.items():
        ids = ["*"] if not claim else _texts(claims, claim) or ()
        opened |= patterns(f"{kind}:{each}" for each in ids if each == "*" or is_id(each))
    return opened


def _texts(claims: Mapping[str, Any], name: str) -> list[str] | None:
    """Return the texts of a claim: those of a list, or parted by spaces; None without the claim."""
    value = find(claims, name)
    if value is None:
        return None
    texts = value.split() if isinstance(value, str) else value
    if not _is_texts(texts) or not all(map(is_unicode, texts)):
        raise TokenRefused(f"the token's {name} is not a list of ids")
    return texts


def _is_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
