"""The wire formats: text frames to values and back, without I/O. Imports model.

Commands, replies and events are the same for all protocols. What clients send differs too much
between the protocols for one interface, so each handler of `roomcast_backend.inbound` knows its
own. Events are written through one interface, `Codec`, whose name is stored with each connection
or session.
"""

from functools import cache
from typing import Protocol

from roomcast.envelope import Envelope
from roomcast_backend.protocol import engineio_packets
from roomcast_backend.protocol.json_codec import JsonCodec
from roomcast_backend.protocol.messages import Command, Refusal, Reply
from roomcast_backend.protocol.socketio_codec import EngineIoCodec, SocketIoCodec


class Codec(Protocol):
    """One way of writing events; replies to clients and heartbeats do not go through it."""

    name: str

    def encode_event(self, envelope: Envelope, room: str) -> str:
        """Write the copy of an event that goes through `room`; the same text for all members."""
        ...


@cache
def codec_named(name: str) -> Codec:
    """Return the codec that is stored for a connection or session.

    Raises `KeyError` for an unknown name.
    """
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


def protocol_of(frame: str) -> str:
    """Return the protocol that a frame is of, where the connection's cannot be looked up.

    Packets of Engine.IO begin with a digit or `b`, commands of the JSON protocol with a brace.
    """
    if frame.startswith("{"):
        return JsonCodec.name
    packet = engineio_packets.read(frame)
    return EngineIoCodec.name if isinstance(packet, engineio_packets.Packet) else JsonCodec.name


__all__ = ["Codec", "Command", "Refusal", "Reply", "codec_named", "protocol_of"]
