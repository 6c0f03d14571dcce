"""`GET /health`, and the statistics for admins."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ForbiddenError, UnauthorizedError
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.status.wiring import check_stores, statistics
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.auth.verification_keys import KeysUnavailable, principal_of
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.runtime.startup import initialize

logger = Logger()
app = APIGatewayHttpResolver()
initialize(statistics)


@app.get("/health")
def health() -> Response[Any] | dict[str, str]:
    """Say 200 when every store answers, else 503."""
    return {"status": "ok", "version": check_stores()}


@app.get("/api/v1/websocket/stats")
def stats() -> dict[str, Any]:
    """Return the statistics to an admin."""
    _check_admin(app.current_event.headers.get("authorization", ""))
    return statistics().read(
        rooms=app.current_event.query_string_parameters.get("detail") == "rooms"
    )


def _check_admin(authorization: str) -> None:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthorizedError("expected an admin's token in Authorization: Bearer")
    try:
        principal = principal_of(token.strip())
    except TokenRefused as exc:
        raise UnauthorizedError(str(exc)) from exc
    if not principal.is_admin:
        raise ForbiddenError("the token's role is not admin")


@app.exception_handler([AwsError, KeysUnavailable])  # type: ignore[untyped-decorator]
def unavailable(error: Exception) -> Response[Any]:
    """Turn a store that does not answer into a 503."""
    logger.error("a store does not answer", extra={"error": str(error)})
    return Response(503, "application/json", '{"status": "unavailable"}')


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    return app.resolve(event, context)
