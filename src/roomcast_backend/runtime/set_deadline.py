"""Queues the check of a connection that has not authenticated."""

import json

from roomcast_backend.aws import clients
from roomcast_backend.settings import settings


def set_deadline(connection_id: str, seconds: int) -> None:
    """Queue the check of a connection, delivered to `deadline` after some seconds (at most 900)."""
    clients.sqs().send_message(
        QueueUrl=settings().deadline_queue_url,
        MessageBody=json.dumps({"connection_id": connection_id}),
        DelaySeconds=seconds,
    )
