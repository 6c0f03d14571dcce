"""Checks the token of a request."""

from aws_lambda_powertools.event_handler.exceptions import ForbiddenError, UnauthorizedError

from roomcast_backend.auth.bearer import bearer_token
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.model.access import Principal
from roomcast_backend.runtime.tokens import tokens


def check_token(authorization: str) -> Principal:
    """Return the user of an Authorization header, `Bearer <token>`.

    Raise `UnauthorizedError` (401) for a missing, invalid or revoked token, `KeysUnavailable` or
    `AwsError` when nothing is known of it now.
    """
    token = bearer_token(authorization)
    if token is None:
        raise UnauthorizedError("expected a token in Authorization: Bearer")
    try:
        return tokens().take(token).principal
    except TokenRefused as exc:
        raise UnauthorizedError(str(exc)) from exc


def check_admin(authorization: str) -> Principal:
    """Return the admin; raise as `check_token`, and `ForbiddenError` (403) for another role."""
    principal = check_token(authorization)
    if not principal.is_admin:
        raise ForbiddenError("the token's role is not admin")
    return principal
