"""Counts the frames of a connection against its rate limit, and closes one that floods.

frame ─▶ remembered as refused? ─▶ update the row ─┬─▶ taken
              │ no call                            ├─▶ refused ─▶ for the 100th time: error, close
              ▼                                    └─▶ unknown
           refused
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from roomcast_backend.aws.errors import AwsError
from roomcast_backend.lifecycle.rate_memory import RateMemory
from roomcast_backend.lifecycle.system_events import error_frame
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.messages import Code
from roomcast_backend.protocol.socketio_codec import codec_name
from roomcast_backend.stores.connections import RateLimit, RateLimited

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.lifecycle.ports import CommandCounter

logger = Logger(child=True)

MESSAGE = "too many commands without a pause: the connection is closed"


class FrameLimit:
    """Says which frames of a connection are taken.

    `count_flooding` is called for each connection that is closed for flooding.
    """

    def __init__(
        self,
        *,
        connections: "CommandCounter",
        gateway: "Gateway",
        limit: RateLimit,
        count_flooding: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._gateway = gateway
        self._limit = limit
        self._count_flooding = count_flooding
        self._clock = clock
        self._memory = RateMemory()

    def takes_free(self, connection_id: str) -> bool:
        """Count a frame that needs no row; return False when it is to be counted as a command."""
        return self._memory.takes_free(connection_id, now=self._now())

    def remembered(self, connection_id: str) -> RateLimited | None:
        """Return the refusal of a command that the row would refuse, without asking it."""
        return self._memory.refuse(connection_id, now=self._now())

    def admit(self, connection_id: str) -> Connection | RateLimited | None:
        """Count a command; return the connection, its refusal, or None when it is unknown.

        Raises `AwsError` when the table does not answer. A connection that floods is closed.
        """
        now = self._now()
        uncounted = self._memory.uncounted(connection_id)
        admitted = self._connections.admit(
            connection_id, now=now, limit=self._limit, uncounted=uncounted
        )
        if isinstance(admitted, RateLimited):
            closed = admitted.flooding and self._close(connection_id, admitted)
            self._memory.note(connection_id, admitted, now=now, closed=closed)
        return admitted

    def _close(self, connection_id: str, limited: RateLimited) -> bool:
        """Close a connection with the reason, in each namespace in which it has a session.

        Returns whether it was closed. Otherwise it is refused as before, and is closed when as many
        of its commands were refused again.
        """
        joined = [codec_name(namespace) for namespace in sorted(limited.namespaces)]
        frames = [
            error_frame(connection_id, protocol, Code.RATE_LIMITED, MESSAGE).encode()
            for protocol in joined or [limited.protocol]
        ]
        for _ in self._gateway.post_in_order(connection_id, frames):
            pass  # one that does not arrive is not an error
        try:
            self._gateway.close(connection_id)
        except AwsError as exc:
            logger.error("not closed for flooding", extra={"error": str(exc)})
            return False
        logger.info("closed for flooding", extra={"connection_id": connection_id})
        self._count_flooding()
        return True

    def _now(self) -> int:
        return int(self._clock() * 1000)
