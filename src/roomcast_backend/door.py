"""The door for everything that clients say: frame in, reply out.

Every frame takes one step at the connection's row, which tells who is speaking in which protocol
and slows down who speaks too fast. This is the one place where a failure becomes a reply.
"""

import time
from collections.abc import Callable

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from roomcast_backend.commands import Commands, Refused
from roomcast_backend.connections import Connection
from roomcast_backend.gateway import Gateway
from roomcast_backend.keyring import KeysUnavailable
from roomcast_backend.protocol import Codec, codec_named
from roomcast_backend.protocol.messages import UNNUMBERED, Code, Command, Refusal, Reply
from roomcast_backend.stores.connections import ConnectionStore, Pace, TooFast

logger = Logger(child=True)

UNAVAILABLE = Refusal(Code.UNAVAILABLE, "the service cannot answer now: send it again")
UNKNOWN = Refusal(Code.AUTH_MISSING, "this connection is not known here: connect again")


class Door:
    """Answers frames."""

    def __init__(
        self,
        *,
        connections: ConnectionStore,
        commands: Commands,
        gateway: Gateway,
        pace: Pace,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._commands = commands
        self._gateway = gateway
        self._pace = pace
        self._clock = clock

    def answer(self, connection_id: str, frame: str) -> str:
        """Return the reply to one frame; never raises, whatever the frame or the stores do."""
        codec = codec_named("json")
        ref: object = UNNUMBERED
        try:
            admitted = self._connections.admit(
                connection_id, now=int(self._clock() * 1000), pace=self._pace
            )
            if admitted is None:
                self._gateway.close(connection_id)
                return _refused(codec, UNKNOWN, ref)
            codec = codec_named(admitted.protocol)
            decoded = codec.decode(frame)
            ref = decoded.ref
            return self._reply(codec, admitted, decoded)
        except (ClientError, BotoCoreError, KeysUnavailable) as exc:
            logger.error("no answer from a store", extra={"error": type(exc).__name__})
        except Exception:
            logger.exception("a frame was not answered")
        return _refused(codec, UNAVAILABLE, ref)

    def _reply(
        self, codec: Codec, admitted: Connection | TooFast, decoded: Command | Refusal
    ) -> str:
        if isinstance(admitted, TooFast):
            wait = admitted.retry_after
            limited = Refusal(
                Code.RATE_LIMITED,
                f"too many commands: wait {wait} ms",
                {"retry_after_ms": wait},
            )
            return _refused(codec, limited, decoded.ref)
        if isinstance(decoded, Refusal):
            return _refused(codec, decoded, decoded.ref)
        try:
            body = self._commands.carry_out(admitted, decoded)
        except Refused as exc:
            return _refused(codec, exc.refusal, decoded.ref)
        return codec.encode_reply(Reply(body, decoded.ref))


def _refused(codec: Codec, refusal: Refusal, ref: object) -> str:
    return codec.encode_reply(Reply(refusal.body(), ref))
