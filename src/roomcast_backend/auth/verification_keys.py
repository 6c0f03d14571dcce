"""The keys that tokens are verified with: a secret in Secrets Manager, or a key set's URL."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast import room_kinds
from roomcast.secret_text import BadSecret, secrets_in
from roomcast_backend.auth import public_key_signature
from roomcast_backend.auth.claim_names import ClaimNames
from roomcast_backend.auth.compact import header_of
from roomcast_backend.auth.shared_secrets import signing_secrets
from roomcast_backend.auth.tokens import KeyFor, TokenRules, uses_shared_secret, verify
from roomcast_backend.aws import clients
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.access import EVERYTHING, NOTHING, Principal
from roomcast_backend.settings import Settings, settings

if TYPE_CHECKING:
    from roomcast_backend.auth.key_set_cache import KeySetCache

SECRET_SECONDS = 300
"""How long a container keeps a secret: a rotated one is used everywhere after that time."""

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""With a key set only these: a public key must never pass for an HMAC secret."""


class KeysUnavailable(Exception):
    """The secret or the key set cannot be read, so that no token can be verified."""


def principal_of(token: str) -> Principal:
    """Return the principal that `token` speaks for under this service's settings.

    Raises `TokenRefused` for a token that is not valid, and `KeysUnavailable` when the keys that
    would tell cannot be read.
    """
    return verify(token, key_for=_key_for(settings()), rules=_rules(settings()))


def load_verifier() -> None:
    """Import the libraries that verify this service's tokens, before the first token comes."""
    if not uses_shared_secret(_rules(settings()).algorithms):
        public_key_signature.load()
    if settings().jwks_url:
        _key_set(settings().jwks_url)


def secret(arn: str) -> str:
    """Return a secret, read anew after `SECRET_SECONDS`; raise `KeysUnavailable`.

    Of several that are valid at once it is the first one, see `roomcast.secret_text`.
    """
    try:
        return secrets_in(_text(arn))[0]
    except BadSecret as exc:
        raise KeysUnavailable(f"the secret {arn}: {exc}") from exc


def _text(arn: str) -> str:
    try:
        return clients.secret_cache().get(arn, max_age=SECRET_SECONDS)
    except AwsError as exc:
        raise KeysUnavailable("Secrets Manager did not give the secret") from exc


def _rules(chosen: Settings) -> TokenRules:
    return TokenRules(
        algorithms=ASYMMETRIC if chosen.jwks_url else (chosen.jwt_algorithm,),
        audience=chosen.jwt_audience,
        issuer=chosen.jwt_issuer,
        without_projects=EVERYTHING if chosen.projects_without_claim == "all" else NOTHING,
        leeway=chosen.jwt_leeway,
        room_kinds=room_kinds.read(chosen.room_kinds),
        names=ClaimNames(
            user=chosen.jwt_user_claim,
            role=chosen.jwt_role_claim,
            projects=chosen.jwt_projects_claim,
            agents=chosen.jwt_agents_claim,
            rooms=chosen.jwt_rooms_claim,
            tenant=chosen.jwt_tenant_claim,
            admin_role=chosen.jwt_admin_role,
            token_type=chosen.jwt_token_type,
        ),
    )


def _key_for(chosen: Settings) -> KeyFor:
    if chosen.jwks_url:
        return _key_in_set
    if not uses_shared_secret((chosen.jwt_algorithm,)):
        return lambda _token: _text(chosen.jwt_secret_arn)  # a public key, as PEM
    return lambda _token: _signing_secrets(chosen)


def _signing_secrets(chosen: Settings) -> tuple[str, ...]:
    text = _text(chosen.jwt_secret_arn)
    try:
        return signing_secrets(text, chosen.jwt_algorithm)
    except BadSecret as exc:
        raise KeysUnavailable(f"the secret {chosen.jwt_secret_arn}: {exc}") from exc


def _key_in_set(token: str) -> object:
    """Return the key that the token's header names; raise `ValueError` when the set lacks it.

    A token that no key of the set can have signed is refused without asking for the set.
    """
    from roomcast_backend.auth.key_set_cache import KeySetUnavailable  # noqa: PLC0415

    header = header_of(token)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ASYMMETRIC or not key_id:
        raise ValueError("expected a header with an alg for public keys, and a kid")
    try:
        return _key_set(settings().jwks_url).find(key_id, algorithm)
    except KeySetUnavailable as exc:
        raise KeysUnavailable(str(exc)) from exc


@cache
def _key_set(url: str) -> "KeySetCache":
    from roomcast_backend.auth.key_set_cache import KeySetCache  # noqa: PLC0415
    from roomcast_backend.auth.key_set_request import fetch_key_set  # noqa: PLC0415

    return KeySetCache(lambda: fetch_key_set(url))
