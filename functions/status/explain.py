"""Answers an admin who asks why a user did or did not get an event."""

from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler.exceptions import BadRequestError

from functions.status.wiring import explainer
from roomcast.errors import InvalidRoom
from roomcast.rooms import Room
from roomcast_backend.runtime.http_access import check_admin

LONGEST_EVENT_ID: Final = 1024


def explanation(query: Mapping[str, str], authorization: str) -> dict[str, Any]:
    """Return what became of the `event` of a query for its `user`, of the token's tenant.

    Raises 401, 403 for a role that is not admin, 400 for a query without the two.
    """
    admin = check_admin(authorization)
    event_id, user_id = query.get("event") or "", query.get("user") or ""
    if not event_id or len(event_id) > LONGEST_EVENT_ID:
        raise BadRequestError('expected "event", the id of an event')
    try:
        user = Room.parse(f"user:{user_id}").of(admin.tenant)
    except InvalidRoom as exc:
        raise BadRequestError('expected "user", the id of a user') from exc
    return explainer().explain(event_id, user)
