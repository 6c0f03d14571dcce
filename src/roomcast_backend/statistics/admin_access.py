"""Checks that a request for the statistics comes from an admin."""

from aws_lambda_powertools.event_handler.exceptions import ForbiddenError, UnauthorizedError

from roomcast_backend.auth.bearer import bearer_token
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import principal_of


def check_admin(authorization: str) -> None:
    """Check the value of an Authorization header, `Bearer <token>`.

    Raise `UnauthorizedError` (401) for a missing or invalid token, `ForbiddenError` (403) for a
    token whose role is not admin, `KeysUnavailable` when the token cannot be verified now.
    """
    token = bearer_token(authorization)
    if token is None:
        raise UnauthorizedError("expected an admin's token in Authorization: Bearer")
    try:
        principal = principal_of(token)
    except TokenRefused as exc:
        raise UnauthorizedError(str(exc)) from exc
    if not principal.is_admin:
        raise ForbiddenError("the token's role is not admin")
