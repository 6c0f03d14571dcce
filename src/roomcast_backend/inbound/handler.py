"""What the dispatcher asks of a protocol: to read a frame, and to handle or refuse what it holds.

The protocol that is stored for a connection tells which handler its frames go to.
"""

from typing import Protocol, TypeVar

from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.messages import Code, Refusal

UNAVAILABLE = Refusal(Code.UNAVAILABLE, "the service cannot answer now: send it again")

PacketT = TypeVar("PacketT")


class ProtocolHandler(Protocol[PacketT]):
    """Handles the frames of the connections that speak one protocol.

    A reply is never empty: API Gateway may send an empty frame then, which ends a Socket.IO client
    (docs/aws.md, `ws-empty-reply`). `last_resort` is the reply when no other can be written.
    """

    last_resort: str

    def read(self, frame: str) -> PacketT:
        """Return what a frame holds; do no I/O and never raise, whatever it holds."""
        ...

    def handle(self, connection: Connection, packet: PacketT) -> str:
        """Do what a packet asks for; return the frame that answers it."""
        ...

    def refuse(self, connection_id: str, packet: PacketT, refusal: Refusal) -> str:
        """Return the frame that refuses a packet, or one that says nothing."""
        ...


__all__ = ["UNAVAILABLE", "PacketT", "ProtocolHandler"]
