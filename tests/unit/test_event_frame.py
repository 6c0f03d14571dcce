"""Events as frames of one post, and those that are too large for it."""

import json

import pytest

from roomcast.envelope import Envelope
from roomcast_backend.protocol import codec_named
from roomcast_backend.protocol.event_frame import event_frame

EVENT = Envelope(
    "1", "project.updated", "2026-01-01T00:00:00Z", "s", ("project:p",), {"text": "ü" * 2000}
)
PROTOCOLS = ("json", "socketio:/ws", "socketio:/ws:recover")


@pytest.mark.parametrize("protocol", PROTOCOLS)
class TestEventFrame:
    def test_of_just_the_size_is_whole(self, protocol: str) -> None:
        whole = codec_named(protocol).encode_event(EVENT, "project:p").encode()
        assert event_frame(protocol, EVENT, "project:p", largest=len(whole)) == whole

    def test_of_a_byte_more_has_no_data(self, protocol: str) -> None:
        whole = codec_named(protocol).encode_event(EVENT, "project:p").encode()
        frame = event_frame(protocol, EVENT, "project:p", largest=len(whole) - 1)
        assert len(frame) < 1024
        assert (
            frame == codec_named(protocol).encode_event(EVENT.without_data(), "project:p").encode()
        )


def test_a_client_is_told_which_event_it_was() -> None:
    frame = json.loads(event_frame("json", EVENT, "project:p", largest=1024))
    assert frame == {**EVENT.for_room("project:p"), "data": {}, "truncated": True}


def test_on_the_bus_no_event_is_truncated() -> None:
    assert "truncated" not in EVENT.to_detail()
    assert "truncated" not in EVENT.for_room("project:p")
