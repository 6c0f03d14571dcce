"""What is said on one connection, protocol by protocol: a frame in, the reply's frame out.

The door knows only this interface; a connection's stored protocol tells which one speaks.
"""

from typing import Protocol

from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.messages import Refusal

SILENCE = ""
"""The reply to what needs none."""


class ProtocolHandler(Protocol):
    """Answers the frames of connections that speak one protocol."""

    def hear(self, connection: Connection, frame: str) -> str:
        """Do what a frame asks for; return the frame that answers it, or `SILENCE`."""
        ...

    def refuse(self, connection_id: str, frame: str, refusal: Refusal) -> str:
        """Return the frame that refuses another one, whatever it asks for."""
        ...


__all__ = ["SILENCE", "ProtocolHandler"]
