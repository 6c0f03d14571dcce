"""What clients and the service say to each other, as values; no I/O.

Each protocol is a codec behind one interface, `Codec`; commands, replies and events are the same
for all of them. A connection keeps the name of its protocol, `codec_named` finds the codec.
"""

from collections.abc import Mapping
from typing import Protocol

from roomcast.envelope import Envelope
from roomcast_backend.protocol.json_codec import JsonCodec
from roomcast_backend.protocol.messages import Command, Refusal, Reply


class Codec(Protocol):
    """One protocol's way of writing: text frames in, values out, and back."""

    name: str
    heartbeat: str

    def decode(self, frame: str) -> Command | Refusal:
        """Read one frame of a client; a `Refusal` when it is not a frame of the protocol."""
        ...

    def encode_reply(self, reply: Reply) -> str:
        """Write the answer to a command."""
        ...

    def encode_event(self, envelope: Envelope, room: str) -> str:
        """Write the copy of an event that goes through `room`; the same text for all members."""
        ...


_CODECS: Mapping[str, Codec] = {codec.name: codec for codec in (JsonCodec(),)}


def codec_named(name: str) -> Codec:
    """Return the codec of a connection's stored protocol."""
    return _CODECS[name]


__all__ = ["Codec", "Command", "Refusal", "Reply", "codec_named"]
