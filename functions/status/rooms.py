"""Answers what is current in a room, and who is there, to whoever may join it."""

from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.exceptions import (
    BadRequestError,
    ForbiddenError,
    NotFoundError,
)

from functions.status.wiring import presence_store
from roomcast.deliverable import is_key
from roomcast.errors import InvalidRoom
from roomcast.rooms import Room
from roomcast_backend.model.access import may_join
from roomcast_backend.model.presence import has_presence, kinds_of, present
from roomcast_backend.runtime.http_access import check_token
from roomcast_backend.runtime.room_states import state_pages
from roomcast_backend.settings import settings

PAGE_BYTES = 1024 * 1024
"""Of the entities in one answer; Lambda's have 6 MB.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

LARGEST_BYTES = 256 * 1024
"""Of one entity in it; a larger one is there by reference to its data."""


def state_of(name: str, authorization: str, after: str) -> dict[str, Any]:
    """Return a page of what is current in the room `name`, as it stands in the URL.

    Raises 401, 403, 400 for what is no room's name, 404 for a room of which nothing is kept.
    """
    room = _opened(name, authorization)
    if not state_pages().keeps(str(room)):
        raise NotFoundError(f"the service keeps no state of {room.name}")
    if after and not is_key(after):
        raise BadRequestError('expected "after" to be the "next" of an answer')
    page = state_pages().page(str(room), after=after, most=PAGE_BYTES, largest=LARGEST_BYTES)
    return {"room": room.name, **page.body()}


def members_of(name: str, authorization: str) -> dict[str, Any]:
    """Return the users in the room `name`, as it stands in the URL: the first ones, and how many.

    Raises 401, 403, 400 for what is no room's name, 404 for a room without presence.
    """
    room = _opened(name, authorization)
    if not has_presence(str(room), kinds_of(settings().presence_rooms)):
        raise NotFoundError(f"{room.name} has no presence")
    return {"room": room.name, **present(presence_store().users(str(room))).body()}


def _opened(name: str, authorization: str) -> Room:
    """Return the room of a name in a URL; raise 401, 400 or 403 unless the token opens it.

    It is one of the token's tenant.
    """
    principal = check_token(authorization)
    try:
        room = Room.parse(unquote(name)).of(principal.tenant)
    except InvalidRoom as exc:
        raise BadRequestError(str(exc)) from exc
    if not may_join(principal, room):
        raise ForbiddenError(f"the token does not open {room.name}")
    return room
