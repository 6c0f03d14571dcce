"""`GET` and `HEAD /health`, state and members of rooms; figures and explanations for admins."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.status.explain import explanation
from functions.status.rooms import members_of, state_of
from functions.status.wiring import check_stores, statistics
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.runtime import http_unavailable
from roomcast_backend.runtime.http_access import check_admin
from roomcast_backend.runtime.startup import initialize

logger = Logger()
app = APIGatewayHttpResolver()
initialize(statistics)


@app.get("/health")
def health() -> Response[Any] | dict[str, str]:
    """Answer 200 when every store answers, else 503."""
    return {"status": "ok", "version": check_stores()}


@app.head("/health")
def health_without_body() -> Response[Any]:
    """Answer like GET, without a body; the gateway sends the status and the headers alone."""
    check_stores()
    return Response(200, "application/json", "")


@app.get("/api/v1/websocket/stats")
def stats() -> dict[str, Any]:
    """Answer with the statistics; with `?detail=rooms` also for single rooms."""
    admin = check_admin(app.current_event.headers.get("authorization", ""))
    detail = app.current_event.query_string_parameters.get("detail")
    return statistics().read(rooms=detail == "rooms", tenant=admin.tenant)


@app.get("/api/v1/rooms/<room>/state")
def room_state(room: str) -> dict[str, Any]:
    """Answer with what is current in a room; with `?after=` with the next page."""
    request = app.current_event
    after = request.query_string_parameters.get("after") or ""
    return state_of(room, request.headers.get("authorization", ""), after)


@app.get("/api/v1/rooms/<room>/members")
def room_members(room: str) -> dict[str, Any]:
    """Answer with the users who are in a room."""
    return members_of(room, app.current_event.headers.get("authorization", ""))


@app.get("/api/v1/explain")
def explain() -> dict[str, Any]:
    """Answer with what became of `?event=` for `&user=`."""
    request = app.current_event
    return explanation(request.query_string_parameters, request.headers.get("authorization", ""))


app.exception_handler([AwsError, KeysUnavailable])(http_unavailable.answer)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    return app.resolve(event, context)
