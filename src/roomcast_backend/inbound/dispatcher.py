"""Answers every frame that clients send: it finds the connection, then its protocol's handler.

frame ─▶ handler.read ─┬─▶ update the connection's row: protocol? too fast? ─┬─▶ handler.handle
  │ 3 (pong)           └─▶ handler.prefetch, in another thread ─────────────┤
  ▼                             unknown connection, or no answer │          │ too fast
  6                                                              ▼          ▼
                               refuse in the frame's own protocol    handler.refuse, when it
                                                                     floods after a close

A frame is read in its own protocol, before it is known whether its connection speaks that; if it
speaks another one, the frame is read anew and what was prefetched is not used.
Whatever a frame holds counts as a command: what is malformed, too large or unknown, and pongs that
come faster than any client sends them.
This is the one place where a failure becomes a reply. Every frame gets one, which is never empty.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from roomcast_backend.auth.verification_keys import KeysUnavailable
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.inbound.handler import UNAVAILABLE, Beside, ProtocolHandler
from roomcast_backend.lifecycle.frame_limit import FrameLimit
from roomcast_backend.model.connection import SOCKET_IO, Connection
from roomcast_backend.protocol import protocol_of
from roomcast_backend.protocol.engineio_packets import NOOP, PONG
from roomcast_backend.protocol.messages import Code, Refusal
from roomcast_backend.stores.connections import RateLimit, RateLimited

if TYPE_CHECKING:
    from roomcast_backend.gateway.port import Gateway
    from roomcast_backend.lifecycle.ports import CommandCounter

logger = Logger(child=True)

UNKNOWN = Refusal(Code.AUTH_MISSING, "this connection is not known here: connect again")


@dataclass(frozen=True, slots=True)
class _ReadFrame:
    """A frame as one protocol reads it, and when it came, epoch milliseconds.

    `row` is read beside the connection's, if it needs one.
    """

    protocol: str
    frame: str
    at: int
    handler: ProtocolHandler[Any]
    packet: Any
    row: Beside | None = None


class Dispatcher:
    """Passes frames to the handler of their connection's protocol.

    `handlers` has one for each protocol, `limit` is how many commands one connection may send.
    `count_unavailable` is called for each frame that is refused because something failed.
    `count_flooding` is called for each connection that is closed for flooding.
    """

    def __init__(
        self,
        *,
        connections: "CommandCounter",
        handlers: Mapping[str, ProtocolHandler[Any]],
        gateway: "Gateway",
        limit: RateLimit,
        count_unavailable: Callable[[], object] = lambda: None,
        count_flooding: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._handlers = handlers
        self._gateway = gateway
        self._limit = FrameLimit(
            connections=connections,
            gateway=gateway,
            limit=limit,
            count_flooding=count_flooding,
            clock=clock,
        )
        self._count_unavailable = count_unavailable
        self._clock = clock

    def answer(self, connection_id: str, frame: str, *, at: int | None = None) -> str:
        """Return the reply to one frame; never raises, whatever the frame or the stores do.

        `at` is when API Gateway got it, epoch milliseconds; without it, that is now.
        An answer to a heartbeat asks for nothing: it costs no call, whatever the connection speaks.
        """
        if frame == PONG and self._limit.takes_free(connection_id):
            return NOOP
        read = self._read(protocol_of(frame), frame, self._now() if at is None else at)
        refused = self._limit.remembered(connection_id)
        if refused is not None:
            return self._answer_known(connection_id, refused, read)
        try:
            row = read.handler.prefetch(connection_id, read.packet)
            if row is not None:
                read = replace(read, row=row)
            admitted = self._admit(connection_id, row)
            if admitted is not None:
                return self._answer_known(connection_id, admitted, read)
            self._gateway.close(connection_id)
        except Exception as exc:
            self._note_failure(exc)
            return _refuse_safely(connection_id, read, UNAVAILABLE)
        if read.protocol == SOCKET_IO:
            return NOOP  # its client connects again; refused a CONNECT, it would not
        return _refuse_safely(connection_id, read, UNKNOWN)

    def _answer_known(
        self, connection_id: str, admitted: Connection | RateLimited, read: _ReadFrame
    ) -> str:
        """Answer the frame of a known connection in the connection's protocol."""
        if read.frame == PONG:
            return NOOP
        if read.protocol != admitted.protocol:
            read = self._read(admitted.protocol, read.frame, read.at)
        try:
            if isinstance(admitted, RateLimited):
                return read.handler.refuse(connection_id, read.packet, _too_fast(admitted))
            return read.handler.handle(admitted, read.packet, read.row, at=read.at)
        except Exception as exc:
            self._note_failure(exc)
            return _refuse_safely(connection_id, read, UNAVAILABLE)

    def _note_failure(self, exc: Exception) -> None:
        _log_failure(exc)
        self._count_unavailable()

    def _read(self, protocol: str, frame: str, at: int) -> _ReadFrame:
        handler = self._handlers[protocol]
        return _ReadFrame(protocol, frame, at, handler, handler.read(frame))

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _admit(self, connection_id: str, beside: Beside | None) -> Connection | RateLimited | None:
        """Count the command against the rate limit; return when the read beside it is done, too."""
        try:
            return self._limit.admit(connection_id)
        finally:
            if beside is not None:
                wait([beside])  # Lambda would freeze it in the middle of its call


def _too_fast(admitted: RateLimited) -> Refusal:
    pause = admitted.retry_after
    message = f"too many commands: wait {pause} ms"
    return Refusal(Code.RATE_LIMITED, message, {"retry_after_ms": pause})


def _refuse_safely(connection_id: str, read: _ReadFrame, refusal: Refusal) -> str:
    """Refuse a packet; return the protocol's last resort when even that fails.

    If an exception left the function, API Gateway would send an error object of its own to the
    client, and that ends a Socket.IO client.
    """
    try:
        return read.handler.refuse(connection_id, read.packet, refusal)
    except Exception:
        logger.exception("a refusal could not be written")
        return read.handler.last_resort


def _log_failure(exc: Exception) -> None:
    """Log why a frame is not answered: in one line when a service of AWS failed."""
    if isinstance(exc, (AwsError, KeysUnavailable)):
        logger.error("no answer from a store", extra={"error": str(exc)})
    else:
        logger.exception("a frame was not answered")
