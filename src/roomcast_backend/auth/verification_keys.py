"""The keys that tokens are verified with: a secret in Secrets Manager, or a key set's URL."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.auth import public_key_signature
from roomcast_backend.auth.tokens import KeyFor, TokenRules, uses_shared_secret, verify
from roomcast_backend.aws import clients
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.access import EVERYTHING, NOTHING, Principal
from roomcast_backend.settings import Settings, settings

if TYPE_CHECKING:
    from jwt import PyJWKClient

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


def secret(arn: str) -> str:
    """Return a secret's text, at most `SECRET_SECONDS` old; raise `KeysUnavailable`."""
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
    )


def _key_for(chosen: Settings) -> KeyFor:
    if chosen.jwks_url:
        return _key_in_set
    return lambda _token: secret(chosen.jwt_secret_arn)


def _key_in_set(token: str) -> object:
    """Return the key that the token's header names; raise `ValueError` when the set lacks it."""
    import jwt  # noqa: PLC0415  as in public_key_signature

    try:
        return _key_set(settings().jwks_url).get_signing_key_from_jwt(token).key
    except jwt.PyJWKClientConnectionError as exc:
        raise KeysUnavailable("the key set did not answer") from exc
    except (jwt.PyJWTError, RecursionError) as exc:
        raise ValueError("the token names no key of the set") from exc


@cache
def _key_set(url: str) -> "PyJWKClient":
    import jwt  # noqa: PLC0415

    return jwt.PyJWKClient(url, cache_keys=True, lifespan=SECRET_SECONDS, timeout=3)
