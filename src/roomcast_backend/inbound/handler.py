"""What the dispatcher asks of a protocol: to read a frame, and to handle or refuse what it holds.

The protocol that is stored for a connection tells which handler its frames go to.
"""

from typing import Protocol, TypeVar

from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.messages import Refusal

NO_REPLY = ""
"""The reply to a frame that needs none."""

PacketT = TypeVar("PacketT")


class ProtocolHandler(Protocol[PacketT]):
    """Handles the frames of the connections that speak one protocol."""

    def is_heartbeat_reply(self, frame: str) -> bool:
        """Tell whether a frame only answers a heartbeat: it asks for nothing and is not counted."""
        ...

    def read(self, frame: str) -> PacketT:
        """Return what a frame holds; do no I/O and never raise, whatever it holds."""
        ...

    def handle(self, connection: Connection, packet: PacketT) -> str:
        """Do what a packet asks for; return the frame that answers it, or `NO_REPLY`."""
        ...

    def refuse(self, connection_id: str, packet: PacketT, refusal: Refusal) -> str:
        """Return the frame that refuses a packet, or `NO_REPLY` when the protocol has none."""
        ...


__all__ = ["NO_REPLY", "PacketT", "ProtocolHandler"]
