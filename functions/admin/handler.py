"""`/api/v1/admin/…`: what admins do by HTTP. Next: the module of the route's subject."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, ServiceError
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from functions.admin import access, events, letters, links
from functions.admin.wiring import warm_up
from roomcast.envelope import encode
from roomcast.errors import EventTooLarge, InvalidEvent, InvalidRoom
from roomcast.registry import InvalidLink
from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.access import Principal
from roomcast_backend.runtime import http_unavailable
from roomcast_backend.runtime.http_access import check_admin
from roomcast_backend.runtime.startup import initialize

logger = Logger()
app = APIGatewayHttpResolver()
initialize(warm_up)

LARGEST_BODY = 512 * 1024
"""Bytes of a request; an event in it has less."""

BAD_VALUES: list[type[Exception]] = [InvalidEvent, InvalidLink, InvalidRoom]
UNAVAILABLE: list[type[Exception]] = [AwsError, KeysUnavailable, ClientError, BotoCoreError]


@app.post("/api/v1/admin/events")
def publish() -> Response[Any]:
    """Publish one event."""
    admin = _admin()
    return _accepted(admin, events.publish(_body(), admin))


@app.post("/api/v1/admin/access")
def order() -> Response[Any]:
    """End a user's access."""
    admin = _admin()
    return _accepted(admin, access.order(_body(), admin))


@app.get("/api/v1/admin/links")
def list_links() -> dict[str, Any]:
    """Answer with the links of GitHub's names."""
    return links.all_of(_admin())


@app.put("/api/v1/admin/links")
def link() -> dict[str, Any]:
    """Link a repository or a login."""
    admin = _admin()
    return _audited(admin, links.link(_body(), admin))


@app.delete("/api/v1/admin/links")
def unlink() -> dict[str, Any]:
    """Delete a link."""
    admin = _admin()
    return _audited(admin, links.unlink(app.current_event.query_string_parameters, admin))


@app.get("/api/v1/admin/dead-letters")
def list_letters() -> dict[str, Any]:
    """Answer with the queues of dead letters."""
    return letters.queues(_admin())


@app.post("/api/v1/admin/dead-letters/redrive")
def redrive() -> Response[Any]:
    """Try the dead letters of a queue again."""
    admin = _admin()
    return _accepted(admin, letters.redrive(_body(), admin))


def bad_value(error: Exception) -> Response[Any]:
    """Answer 400 with the words of whoever refuses the value."""
    return _refused(400, str(error))


def too_large(error: Exception) -> Response[Any]:
    """Answer 413."""
    return _refused(413, str(error))


app.exception_handler(UNAVAILABLE)(http_unavailable.answer)
app.exception_handler(BAD_VALUES)(bad_value)
app.exception_handler(EventTooLarge)(too_large)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    return app.resolve(event, context)


def _admin() -> Principal:
    return check_admin(app.current_event.headers.get("authorization", ""))


def _body() -> str:
    try:
        text = app.current_event.decoded_body or ""
    except ValueError as exc:
        raise BadRequestError("the body is not UTF-8") from exc
    if len(text.encode()) > LARGEST_BODY:
        raise ServiceError(413, f"the body has more than {LARGEST_BODY} bytes")
    return text


def _audited(admin: Principal, done: dict[str, Any]) -> dict[str, Any]:
    """Log who did what: nobody else remembers it."""
    logger.info(
        "an admin has changed something",
        extra={
            "admin": admin.user_id,
            "tenant": admin.tenant,
            "route": app.current_event.route_key,
            "done": done,
        },
    )
    return done


def _accepted(admin: Principal, done: dict[str, Any]) -> Response[Any]:
    return Response(202, "application/json", encode(_audited(admin, done)))


def _refused(status: int, message: str) -> Response[Any]:
    body = {"statusCode": status, "message": message}
    return Response(status, "application/json", encode(body))
