"""For `connect`: what accepts connections."""

import json
from functools import cache

from roomcast_backend.auth.verification_keys import principal_of
from roomcast_backend.aws import clients
from roomcast_backend.lifecycle.handshake import Handshakes
from roomcast_backend.runtime.invoke_open import invoke_open
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.counters import CONNECTIONS, Counter, CounterStore


@cache
def handshakes() -> Handshakes:
    """Return what accepts connections."""
    chosen = settings()
    counters = CounterStore(chosen)
    return Handshakes(
        chosen,
        connections=ConnectionStore(chosen),
        principal_of=principal_of,
        count_connections=lambda: counters.total(Counter(CONNECTIONS)),
        open_connection=invoke_open,
        set_deadline=_set_deadline,
    )


def _set_deadline(connection_id: str, seconds: int) -> None:
    """Have a connection looked at again after some seconds (at most 900)."""
    clients.sqs().send_message(
        QueueUrl=settings().deadline_queue_url,
        MessageBody=json.dumps({"connection_id": connection_id}),
        DelaySeconds=seconds,
    )
