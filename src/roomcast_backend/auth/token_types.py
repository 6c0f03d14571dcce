"""Tells access tokens from ID tokens and refresh tokens, which are signed with the same keys."""

from collections.abc import Mapping
from typing import Any, Final

from roomcast_backend.auth.claim_names import find

OWN: Final = ("token_type", "access")
"""The claim of the contract."""

OF_PROVIDERS: Final = (OWN, ("token_use", "access"), ("typ", "Bearer"))
"""Claims by which an access token is known: the contract's, Amazon Cognito's, Keycloak's.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
https://www.keycloak.org/docs/latest/server_admin/#_oidc_token_types
"""


def is_access_token(
    claims: Mapping[str, Any], *, configured: str, shared_secret: bool, audience: bool
) -> bool:
    """Tell whether `claims` are those of an access token.

    `configured` is `claim=value`. Without it, tokens with a shared secret need the contract's
    claim, those of a key set one of `OF_PROVIDERS` and nothing that contradicts it. A token with
    none of these claims (Auth0, Microsoft Entra) passes where an `audience` is asked for: an ID
    token is meant for the client, not for this service.
    """
    if configured:
        name, _, value = configured.rpartition("=")
        return bool(find(claims, name) == value)
    if shared_secret:
        return bool(claims.get(OWN[0]) == OWN[1])
    told = [claims[name] == value for name, value in OF_PROVIDERS if name in claims]
    return all(told) if told else audience
