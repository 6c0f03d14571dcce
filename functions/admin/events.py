"""Publishes an event for an admin."""

from typing import Any, Final

from aws_lambda_powertools.event_handler.exceptions import BadRequestError, ServiceError
from pydantic import TypeAdapter

from functions.admin import body
from functions.admin.wiring import publisher
from roomcast.envelope import new_id
from roomcast.events import EVENT_TYPES
from roomcast.schema.admin_routes import NewEvent
from roomcast_backend.model.access import Principal

SHAPE: Final = TypeAdapter(NewEvent)


def publish(text: str, admin: Principal) -> dict[str, Any]:
    """Publish the event of a request to the rooms of the admin's tenant; return its id.

    Raises 400 for an unknown type, `InvalidEvent`, `EventTooLarge`, 503 if the bus refuses it.
    """
    wanted = body.read(text, SHAPE)
    kind = EVENT_TYPES.get(wanted.type)
    if kind is None or not kind.publishable:
        raise BadRequestError(
            f"type: {wanted.type!r} is none of this package that can be published; "
            "events of your own are published by the backend that defines them"
        )
    event_id = new_id()
    if not publisher(admin.tenant).publish(kind(**wanted.data), id=event_id):
        raise ServiceError(503, f"the bus did not accept the {wanted.type} event: send it again")
    return {"id": event_id, "type": wanted.type}
