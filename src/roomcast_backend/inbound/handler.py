"""What the dispatcher asks of a protocol: to read a frame, and to handle or refuse what it holds.

The protocol that is stored for a connection tells which handler its frames go to.
"""

from concurrent.futures import Future
from typing import Any, Protocol, TypeAlias, TypeVar

from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.messages import Code, Refusal

UNAVAILABLE = Refusal(Code.UNAVAILABLE, "the service cannot answer now: send it again")

PacketT = TypeVar("PacketT")

Beside: TypeAlias = Future[Any]
"""What another thread does for a packet while the connection is read: a row, or its token."""

RowRead: TypeAlias = Future[Connection | None]
"""A read of one row of the connections table, which another thread makes."""


class ProtocolHandler(Protocol[PacketT]):
    """Handles the frames of the connections that speak one protocol.

    A reply is never empty: API Gateway may send an empty frame then, which ends a Socket.IO client
    (docs/aws.md, `ws-empty-reply`). `last_resort` is the reply when no other can be written.
    """

    last_resort: str

    def read(self, frame: str) -> PacketT:
        """Return what a frame holds; do no I/O and never raise, whatever it holds."""
        ...

    def prefetch(self, connection_id: str, packet: PacketT) -> Beside | None:
        """Begin to read what `handle` needs for a packet beside the row of the connection.

        Returns None when it needs nothing else, or that does not follow from the packet. The
        caller waits until the read is done, and only passes it on if the packet may be handled.
        """
        ...

    def handle(
        self,
        connection: Connection,
        packet: PacketT,
        prefetched: Beside | None = None,
        *,
        at: int,
    ) -> str:
        """Do what a packet asks for; return the frame that answers it.

        `at` is when the packet was sent, epoch milliseconds: of two, the later one wins.
        `prefetched` is what `prefetch` returned for this packet; without it, `handle` reads itself.
        """
        ...

    def refuse(self, connection_id: str, packet: PacketT, refusal: Refusal) -> str:
        """Return the frame that refuses a packet, or one that says nothing."""
        ...


__all__ = ["UNAVAILABLE", "Beside", "PacketT", "ProtocolHandler", "RowRead"]
