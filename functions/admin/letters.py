"""Dead letters, for an admin of no tenant: they are those of the whole deployment."""

import time
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, ForbiddenError
from pydantic import TypeAdapter

from functions.admin import body
from functions.admin.wiring import dead_letters
from roomcast.dead_letters import STREAMS
from roomcast.schema.admin_routes import Queue
from roomcast_backend.model.access import Principal

logger = Logger()

SHAPE: Final = TypeAdapter(Queue)

SHOWN: Final = 5
"""Letters of each queue in an answer."""

LONGEST: Final = 20.0
"""Seconds for which one request tries letters again; API Gateway waits for 30."""


def queues(admin: Principal) -> dict[str, Any]:
    """Return each queue with about how many letters it has, and the first ones.

    They are hidden from others while they are read, and seen again at once. Of a letter is shown
    what it is about, never its payload.
    """
    _check_no_tenant(admin)
    dead = dead_letters()
    found = []
    for name in dead.names:
        count = dead.count(name)
        samples = [letter.summary() for letter in dead.peek(name, SHOWN)] if count else []
        found.append(
            {
                "name": name,
                "messages": max(count, len(samples)),
                "can_redrive": name not in STREAMS,
                "samples": samples,
            }
        )
    return {"queues": found}


def redrive(text: str, admin: Principal) -> dict[str, Any]:
    """Try the letters of a queue again, as many as there is time for; return how many.

    `is_complete` tells whether none is left. A letter leaves its queue after it was handed over.
    """
    _check_no_tenant(admin)
    name = body.read(text, SHAPE).queue
    dead = dead_letters()
    if name not in dead.names:
        raise BadRequestError(f"queue: expected one of {', '.join(dead.names)}")
    if name in STREAMS:
        raise BadRequestError(
            f"queue: the letters of {name} name a batch of a stream, and do not hold it: they "
            "cannot be tried again"
        )
    until = time.monotonic() + LONGEST
    tried = 0
    is_complete = True
    try:
        for letter in dead.letters(name):
            if time.monotonic() >= until:
                dead.release(name, letter)
                is_complete = False
                break
            dead.retry(name, letter)
            tried += 1
    except Exception:
        logger.warning("a redrive broke off", extra={"queue": name, "tried_again": tried})
        raise
    return {"status": "redriven", "queue": name, "tried_again": tried, "is_complete": is_complete}


def _check_no_tenant(admin: Principal) -> None:
    if admin.tenant:
        raise ForbiddenError("dead letters are those of all tenants: they take an admin of none")
