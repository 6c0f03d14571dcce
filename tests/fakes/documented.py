"""Checks what the service answers against the models of `roomcast.schema`: no field is unknown."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from pydantic import TypeAdapter

from roomcast.schema.frames import COMMANDS, Refused
from roomcast.schema.http_routes import ROUTES


def check_reply(action: object, reply: Mapping[str, Any]) -> None:
    """Raise an error for a reply that is not documented for a command.

    `id` is the JSON protocol's, and not looked at. What is no command is refused.
    """
    body = {name: value for name, value in reply.items() if name != "id"}
    _, replies = COMMANDS.get(str(action), ((), ()))
    models = (Refused,) if body.get("status") == "error" else replies
    one_of: Any = reduce(or_, models)
    TypeAdapter[Any](one_of).validate_python(body, extra="forbid")


def check_answer(method: str, path: str, status: int, body: object) -> None:
    """Raise an error for a status, or a body, that is not documented for a route."""
    (route,) = (each for each in ROUTES if (each.method, each.path) == (method.lower(), path))
    _, models = route.answers[status]
    if models is not None:
        one_of: Any = reduce(or_, models) if isinstance(models, tuple) else models
        TypeAdapter[Any](one_of).validate_python(body, extra="forbid")
