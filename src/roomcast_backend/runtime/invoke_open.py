"""Invokes the function `open`, which greets a connection."""

import json

from roomcast_backend.aws import clients
from roomcast_backend.settings import settings


def invoke_open(connection_id: str) -> None:
    """Invoke `open` for a connection or session asynchronously."""
    clients.lambda_invoker().invoke(
        FunctionName=settings().open_function,
        InvocationType="Event",
        Payload=json.dumps({"connection_id": connection_id}).encode(),
    )
