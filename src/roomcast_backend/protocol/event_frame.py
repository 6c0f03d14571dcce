"""Writes an event as the frame of one post; what is too large for a post goes by reference.

The client then gets `"data": {}` and `data_ref`, a link to the data in the data bucket.
"""

from typing import Any, Protocol

from roomcast.envelope import Envelope, encode
from roomcast_backend.protocol import codec_named


class DataKeeper(Protocol):
    """Keeps the data of large events; `LargeData` of the stores in production."""

    def refer(self, envelope: Envelope) -> Envelope:
        """Store the data of an event and return the event with a reference to it."""
        ...

    def link(self, envelope: Envelope) -> Envelope:
        """Return an event that has a reference with a fresh link to its data."""
        ...


class EventFrames:
    """Writes frames of at most `largest` bytes wherever a reference to the data helps."""

    def __init__(self, data: DataKeeper, *, largest: int) -> None:
        self._data = data
        self._largest = largest

    def encode(self, protocol: str, envelope: Envelope, room: str) -> bytes:
        """Return the frame for a protocol; errors of the data bucket are passed on."""
        codec = codec_named(protocol)
        if envelope.reference is None:
            frame = codec.encode_event(envelope, room).encode()
            if len(frame) <= self._largest:
                return frame
            envelope = self._data.refer(envelope)
        return codec.encode_event(self._data.link(envelope), room).encode()

    def copy(self, envelope: Envelope, room: str, *, largest: int) -> dict[str, Any]:
        """Return the copy for a room as a JSON object of at most `largest` bytes, likewise."""
        if envelope.reference is None:
            copy = envelope.for_room(room)
            if len(encode(copy).encode()) <= largest:
                return copy
        return self._data.link(self.small(envelope)).for_room(room)

    def small(self, envelope: Envelope) -> Envelope:
        """Return the smallest form of an event, for clients that the whole is too large for."""
        return envelope if envelope.reference else self._data.refer(envelope)
