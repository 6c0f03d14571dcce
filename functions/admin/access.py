"""Orders of an admin that end a user's access."""

from datetime import datetime
from typing import Any, Final

from aws_lambda_powertools.event_handler.exceptions import BadRequestError, ServiceError
from pydantic import TypeAdapter

from functions.admin import body
from functions.admin.wiring import SOURCE, publisher
from roomcast.access import Order
from roomcast.schema.admin_routes import NewOrder
from roomcast_backend.model.access import Principal

SHAPE: Final = TypeAdapter(NewOrder)


def order(text: str, admin: Principal) -> dict[str, Any]:
    """Put the order of a request on the bus; return its id.

    Raises `InvalidEvent` for a bad user, room, reason or time, 503 if the bus refuses it.
    """
    wanted = body.read(text, SHAPE)
    made = Order.make(
        f"access.{wanted.order}",
        wanted.user,
        wanted.room or "",
        reason=wanted.reason or "",
        source=SOURCE,
        issued_before=_moment(wanted.issued_before),
        tenant=admin.tenant,
    )
    if not publisher(admin.tenant).order(made):
        raise ServiceError(503, f"the bus did not accept {made.type}: send it again")
    about = {"user": made.user_id, **({"room": wanted.room} if wanted.room else {})}
    return {"status": "ordered", "id": made.id, "order": wanted.order, **about}


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadRequestError(
            "issued_before: expected a time such as 2026-11-26T12:00:00Z"
        ) from exc
