"""Answers every frame that clients send: it finds the connection, then its protocol's handler.

frame ─▶ update the connection's row: which protocol? too fast? ─▶ handler.read ─▶ handler.handle
  │ 3 (pong)     │ unknown connection, or no answer                   │ too fast
  ▼              ▼                                                    ▼
  6       refuse in the frame's own protocol                    handler.refuse

This is the one place where a failure becomes a reply. Every frame gets one, which is never empty.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.inbound.handler import UNAVAILABLE, ProtocolHandler
from roomcast_backend.model.connection import SOCKET_IO, Connection
from roomcast_backend.protocol import protocol_of
from roomcast_backend.protocol.engineio_packets import NOOP, PONG
from roomcast_backend.protocol.messages import Code, Refusal
from roomcast_backend.stores.connections import RateLimit, RateLimited

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.inbound.ports import RateLimitedConnections

logger = Logger(child=True)

UNKNOWN = Refusal(Code.AUTH_MISSING, "this connection is not known here: connect again")


class Dispatcher:
    """Passes frames to the handler of their connection's protocol.

    `handlers` has one for each protocol, `limit` is how many commands one connection may send.
    """

    def __init__(
        self,
        *,
        connections: "RateLimitedConnections",
        handlers: Mapping[str, ProtocolHandler[Any]],
        gateway: "Gateway",
        limit: RateLimit,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._handlers = handlers
        self._gateway = gateway
        self._limit = limit
        self._clock = clock

    def answer(self, connection_id: str, frame: str) -> str:
        """Return the reply to one frame; never raises, whatever the frame or the stores do.

        An answer to a heartbeat asks for nothing: it costs no call, whatever the connection speaks.
        """
        if frame == PONG:
            return NOOP
        try:
            admitted = self._admit(connection_id)
            if admitted is not None:
                return self._answer_known(connection_id, admitted, frame)
            self._gateway.close(connection_id)
        except Exception as exc:
            _log_failure(exc)
            return self._refuse_unread(connection_id, frame, UNAVAILABLE)
        if protocol_of(frame) == SOCKET_IO:
            return NOOP  # its client connects again; refused a CONNECT, it would not
        return self._refuse_unread(connection_id, frame, UNKNOWN)

    def _answer_known(
        self, connection_id: str, admitted: Connection | RateLimited, frame: str
    ) -> str:
        """Read the frame of a known connection, then answer it in the connection's protocol."""
        handler = self._handlers[admitted.protocol]
        packet = handler.read(frame)
        try:
            if isinstance(admitted, RateLimited):
                return handler.refuse(connection_id, packet, _too_fast(admitted))
            return handler.handle(admitted, packet)
        except Exception as exc:
            _log_failure(exc)
            return _refuse_safely(handler, connection_id, packet, UNAVAILABLE)

    def _refuse_unread(self, connection_id: str, frame: str, refusal: Refusal) -> str:
        """Refuse a frame in its own protocol: that of its connection cannot be looked up."""
        handler = self._handlers[protocol_of(frame)]
        return _refuse_safely(handler, connection_id, handler.read(frame), refusal)

    def _admit(self, connection_id: str) -> Connection | RateLimited | None:
        now = int(self._clock() * 1000)
        return self._connections.admit(connection_id, now=now, limit=self._limit)


def _too_fast(admitted: RateLimited) -> Refusal:
    wait = admitted.retry_after
    message = f"too many commands: wait {wait} ms"
    return Refusal(Code.RATE_LIMITED, message, {"retry_after_ms": wait})


def _refuse_safely(
    handler: ProtocolHandler[Any], connection_id: str, packet: Any, refusal: Refusal
) -> str:
    """Refuse a packet; return the protocol's last resort when even that fails.

    If an exception left the function, API Gateway would send an error object of its own to the
    client, and that ends a Socket.IO client.
    """
    try:
        return handler.refuse(connection_id, packet, refusal)
    except Exception:
        logger.exception("a refusal could not be written")
        return handler.last_resort


def _log_failure(exc: Exception) -> None:
    """Log why a frame is not answered: in one line when a service of AWS failed."""
    if isinstance(exc, (AwsError, KeysUnavailable)):
        logger.error("no answer from a store", extra={"error": str(exc)})
    else:
        logger.exception("a frame was not answered")
