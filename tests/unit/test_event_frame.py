"""Events as frames of one post, and those that are too large for it."""

import json

import pytest

from roomcast.envelope import Envelope, encode
from roomcast.references import DataReference
from roomcast_backend.protocol import codec_named
from roomcast_backend.protocol.event_frame import EventFrames
from tests.fakes.data import FakeData

EVENT = Envelope(
    "1", "project.updated", "2026-01-01T00:00:00Z", "s", ("project:p",), {"text": "ü" * 2000}
)
PROTOCOLS = ("json", "socketio:/ws", "socketio:/ws:recover")


@pytest.fixture
def data() -> FakeData:
    return FakeData()


@pytest.mark.parametrize("protocol", PROTOCOLS)
class TestEncode:
    def test_of_just_the_size_is_whole(self, data: FakeData, protocol: str) -> None:
        whole = codec_named(protocol).encode_event(EVENT, "project:p").encode()
        frames = EventFrames(data, largest=len(whole))
        assert frames.encode(protocol, EVENT, "project:p") == whole
        assert not data.objects

    def test_of_a_byte_more_goes_by_reference(self, data: FakeData, protocol: str) -> None:
        whole = codec_named(protocol).encode_event(EVENT, "project:p").encode()
        frame = EventFrames(data, largest=len(whole) - 1).encode(protocol, EVENT, "project:p")
        assert len(frame) < 1024
        linked = data.link(data.refer(EVENT))
        assert frame == codec_named(protocol).encode_event(linked, "project:p").encode()


class TestReference:
    def test_a_client_is_told_where_the_data_is_and_how_to_check_it(self, data: FakeData) -> None:
        frame = json.loads(EventFrames(data, largest=1024).encode("json", EVENT, "project:p"))
        encoded = encode(EVENT.data).encode()
        reference = DataReference.of(encoded)
        assert frame == {
            **EVENT.for_room("project:p"),
            "data": {},
            "data_ref": {
                "url": f"https://data.example.com/{reference.key}?signed",
                "size": len(encoded),
                "sha256": reference.sha256,
                "expires_at": "2026-01-01T00:15:00Z",
            },
        }
        assert data.objects[reference.key] == encoded

    def test_what_has_a_reference_already_is_stored_no_second_time(self, data: FakeData) -> None:
        referred = data.refer(EVENT)
        frames = EventFrames(data, largest=10**6)
        assert frames.small(referred) == referred
        assert b"data_ref" in frames.encode("json", referred, "project:p")
        assert data.stored == 1

    def test_a_link_is_made_for_each_post_and_never_travels(self, data: FakeData) -> None:
        linked = data.link(data.refer(EVENT))
        assert linked.link is not None
        assert linked.link.url not in encode(linked.to_detail())
        again = Envelope.from_detail(json.loads(encode(linked.to_detail())))
        assert (again.reference, again.link) == (linked.reference, None)
