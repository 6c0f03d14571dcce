"""What has a connection greeted."""

import json

from roomcast_backend.aws import clients
from roomcast_backend.settings import settings


def invoke_open(connection_id: str) -> None:
    """Let `open` greet a connection or session; nothing is waited for."""
    clients.functions().invoke(
        FunctionName=settings().open_function,
        InvocationType="Event",
        Payload=json.dumps({"connection_id": connection_id}).encode(),
    )
