"""Heartbeats: what is sent to connections that are quiet, and what clients are told of it.

The setting `socketio_heartbeat` is the mode of Engine.IO's connections. JSON clients get the same
in either mode.

noop   6 ─▶               needs no answer; no client waits for it
ping   2 ─▶   ◀─ 3 (pong)   a client that gets none in time takes its connection for lost
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from roomcast_backend.protocol import engineio_packets
from roomcast_backend.protocol.json_codec import LARGEST_FRAME, JsonCodec

NOOP_MODE = "noop"
PING_MODE = "ping"

LIFE = 2 * 60 * 60 * 1000
"""Milliseconds after which API Gateway ends every connection.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""


def heartbeat_frame(protocol: str, mode: str) -> str:
    """Return the heartbeat for connections or sessions of a protocol, by its stored name.

    `mode` is the setting `socketio_heartbeat`. Raises `KeyError` for an unknown mode.
    """
    if protocol == JsonCodec.name:
        return JsonCodec.heartbeat
    return {NOOP_MODE: engineio_packets.NOOP, PING_MODE: engineio_packets.PING}[mode]


@dataclass(frozen=True, slots=True)
class EngineIoTimers:
    """The timers that Engine.IO's open packet announces, in milliseconds.

    `interval` is the time between two heartbeats, `timeout` how much later than that a PING may
    come before the client closes the connection.
    """

    interval: int
    timeout: int

    @classmethod
    def announced(cls, mode: str, *, interval: int, timeout: int) -> Self:
        """Return the timers for a mode; `interval` and `timeout` are the settings, in seconds.

        engine.io-client starts its timer anew only at a PING, and python-engineio ends when it has
        sent nothing for the longer one of both. So without PINGs the timeout is a connection's
        whole life, and no client gives up by itself.
        """
        return cls(interval * 1000, LIFE if mode == NOOP_MODE else timeout * 1000)

    def open_packet(
        self, sid: str, *, max_payload: int = LARGEST_FRAME, upgrades: Sequence[str] = ()
    ) -> str:
        """Encode the open packet, Engine.IO's handshake."""
        return engineio_packets.opening(
            sid,
            interval=self.interval,
            timeout=self.timeout,
            max_payload=max_payload,
            upgrades=upgrades,
        )
