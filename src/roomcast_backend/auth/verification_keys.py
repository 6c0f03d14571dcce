"""The keys that tokens are verified with: a secret in Secrets Manager, or a key set's URL."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.auth.lean_pyjwt import pyjwt
from roomcast_backend.auth.tokens import KeyFor, TokenRules, verify
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
    """The secret or the key set did not answer; nothing can be said about a token."""


def principal_of(token: str) -> Principal:
    """Return whom `token` speaks for under this service's settings.

    Raises `TokenRefused` for a token that is not valid, `KeysUnavailable` when that is unknown.
    """
    return verify(token, key_for=_key_for(settings()), rules=_rules(settings()))


def load_verifier() -> None:
    """Import what verifies this service's tokens, before the first one comes."""
    pyjwt(_rules(settings()).algorithms)


def secret(arn: str) -> str:
    """Return a secret's text, at most `SECRET_SECONDS` old."""
    try:
        return clients.secrets().text(arn, max_age=SECRET_SECONDS)
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
    try:
        return _key_set(settings().jwks_url).get_signing_key_from_jwt(token).key
    except pyjwt(ASYMMETRIC).PyJWKClientConnectionError as exc:
        raise KeysUnavailable("the key set did not answer") from exc


@cache
def _key_set(url: str) -> "PyJWKClient":
    client: PyJWKClient = pyjwt(ASYMMETRIC).PyJWKClient(
        url, cache_keys=True, lifespan=SECRET_SECONDS, timeout=3
    )
    return client
