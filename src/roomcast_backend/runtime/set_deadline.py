"""The queued check of a connection that has not authenticated: written, and read again."""

import json

from roomcast import deliverable
from roomcast_backend.aws import clients
from roomcast_backend.settings import settings


def set_deadline(connection_id: str, seconds: int) -> None:
    """Queue the check of a connection, delivered to `deadline` after some seconds (at most 900)."""
    clients.sqs().send_message(
        QueueUrl=settings().deadline_queue_url,
        MessageBody=json.dumps({"connection_id": connection_id}),
        DelaySeconds=seconds,
    )


class InvalidDeadline(ValueError):
    """A message of the queue that names no connection: reading it again would change nothing."""


def connection_of(message: str) -> str:
    """Return the id of the connection that a message asks to check; raise `InvalidDeadline`."""
    try:
        found = json.loads(message)["connection_id"]
    except (ValueError, TypeError, LookupError, RecursionError):
        found = None
    if not deliverable.is_key(found):
        raise InvalidDeadline("connection_id: expected the id of a connection")
    return str(found)
