"""Writes an event as the frame of one post; what is too large for a post goes without its data.

The client learns that the event took place, with its id, type, time and room, and can ask its
backend for the rest: `"data": {}, "truncated": true`.
"""

from roomcast.envelope import Envelope
from roomcast_backend.protocol import codec_named


def event_frame(protocol: str, envelope: Envelope, room: str, *, largest: int) -> bytes:
    """Return the frame for a protocol, of at most `largest` bytes where leaving out data helps."""
    codec = codec_named(protocol)
    frame = codec.encode_event(envelope, room).encode()
    if len(frame) <= largest:
        return frame
    return codec.encode_event(envelope.without_data(), room).encode()
