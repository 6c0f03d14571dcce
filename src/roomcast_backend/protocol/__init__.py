"""What clients and the service say to each other, as values; no I/O. Imports model.

Commands, replies and events are the same for all protocols. What is read differs too much between
them for one interface, so each handler of `roomcast_backend.inbound` knows its own; what is sent
unasked goes through one, `Codec`. A connection or session keeps the name of its codec.
"""

from functools import cache
from typing import Protocol

from roomcast.envelope import Envelope
from roomcast_backend.protocol.json_codec import JsonCodec
from roomcast_backend.protocol.messages import Command, Refusal, Reply
from roomcast_backend.protocol.socketio_codec import EngineIoCodec, SocketIoCodec


class Codec(Protocol):
    """One way of writing what nobody has asked for."""

    name: str
    heartbeat: str

    def encode_event(self, envelope: Envelope, room: str) -> str:
        """Write the copy of an event that goes through `room`; the same text for all members."""
        ...


@cache
def codec_named(name: str) -> Codec:
    """Return the codec of a connection's or session's stored protocol; raise `KeyError`."""
    match name.split(":"):
        case [JsonCodec.name]:
            return JsonCodec()
        case [EngineIoCodec.name]:
            return EngineIoCodec()
        case [EngineIoCodec.name, namespace]:
            return SocketIoCodec(namespace)
        case [EngineIoCodec.name, namespace, "recover"]:
            return SocketIoCodec(namespace, recover=True)
    raise KeyError(name)


__all__ = ["Codec", "Command", "Refusal", "Reply", "codec_named"]
