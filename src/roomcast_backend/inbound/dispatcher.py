"""The door for everything that clients say: frame in, reply out.

Every frame takes one step at the connection's row, which tells who is speaking in which protocol
and slows down who speaks too fast. This is the one place where a failure becomes a reply.
"""

import time
from collections.abc import Callable, Mapping

from aws_lambda_powertools import Logger

from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway.connections_api import Gateway
from roomcast_backend.inbound.handler import SILENCE, ProtocolHandler
from roomcast_backend.model.connection import JSON, SOCKET_IO, Connection
from roomcast_backend.protocol.messages import Code, Refusal
from roomcast_backend.stores.connections import CommandRate, ConnectionStore, TooFast

logger = Logger(child=True)

PONG = "3"
"""Engine.IO's answer to a heartbeat: it asks for nothing and so takes no step."""

UNAVAILABLE = Refusal(Code.UNAVAILABLE, "the service cannot answer now: send it again")
UNKNOWN = Refusal(Code.AUTH_MISSING, "this connection is not known here: connect again")


class Dispatcher:
    """Answers frames. `handlers` are found by the protocol of the connection's row."""

    def __init__(
        self,
        *,
        connections: ConnectionStore,
        handlers: Mapping[str, ProtocolHandler],
        gateway: Gateway,
        pace: CommandRate,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._handlers = handlers
        self._gateway = gateway
        self._pace = pace
        self._clock = clock

    def answer(self, connection_id: str, frame: str) -> str:
        """Return the reply to one frame; never raises, whatever the frame or the stores do."""
        conversation = self._handlers[JSON]
        try:
            if frame == PONG and self._speaks_socket_io(connection_id):
                return SILENCE
            admitted = self._admit(connection_id)
            if admitted is None:
                self._gateway.close(connection_id)
                return conversation.refuse(connection_id, frame, UNKNOWN)
            conversation = self._handlers[admitted.protocol]
            if isinstance(admitted, TooFast):
                return conversation.refuse(connection_id, frame, _too_fast(admitted))
            return conversation.hear(admitted, frame)
        except (AwsError, KeysUnavailable) as exc:
            logger.error("no answer from a store", extra={"error": str(exc)})
        except Exception:
            logger.exception("a frame was not answered")
        return _last_resort(conversation, connection_id, frame)

    def _admit(self, connection_id: str) -> Connection | TooFast | None:
        now = int(self._clock() * 1000)
        return self._connections.admit(connection_id, now=now, pace=self._pace)

    def _speaks_socket_io(self, connection_id: str) -> bool:
        connection = self._connections.get(connection_id)
        return connection is not None and connection.protocol == SOCKET_IO


def _too_fast(admitted: TooFast) -> Refusal:
    wait = admitted.retry_after
    message = f"too many commands: wait {wait} ms"
    return Refusal(Code.RATE_LIMITED, message, {"retry_after_ms": wait})


def _last_resort(conversation: ProtocolHandler, connection_id: str, frame: str) -> str:
    """Say that the service failed, or nothing when even that fails.

    An exception that leaves the function would put an error of API Gateway's on the wire, which
    ends a Socket.IO client.
    """
    try:
        return conversation.refuse(connection_id, frame, UNAVAILABLE)
    except Exception:
        logger.exception("a failure was not told")
        return SILENCE
