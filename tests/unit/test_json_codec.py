import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast.envelope import Envelope
from roomcast_backend.protocol import codec_named
from roomcast_backend.protocol.json_codec import LARGEST_FRAME, JsonCodec
from roomcast_backend.protocol.messages import UNNUMBERED, Command, Refusal, Reply

codec = JsonCodec()
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


class TestDecode:
    @given(st.text(max_size=20), st.dictionaries(st.text(), anything, max_size=4), anything)
    def test_what_a_client_writes_is_read(
        self, action: str, body: dict[str, Any], ref: Any
    ) -> None:
        body = {key: value for key, value in body.items() if key not in ("action", "id")}
        decoded = codec.decode(json.dumps({"action": action, **body, "id": ref}))
        assert decoded == Command(action, body, ref)

    @given(st.text())
    def test_any_text_is_a_command_or_a_refusal(self, frame: str) -> None:
        assert isinstance(codec.decode(frame), Command | Refusal)

    @pytest.mark.parametrize("opening", ["[", '{"a":', '{"action":"ping","id":['])
    def test_hostile_depth_takes_bounded_time(self, opening: str) -> None:
        frame = opening * (LARGEST_FRAME // len(opening))
        before = time.process_time()
        assert isinstance(codec.decode(frame), Refusal)
        assert time.process_time() - before < 1

    def test_the_size_counts_bytes(self) -> None:
        decoded = codec.decode('{"action":"' + "é" * (LARGEST_FRAME // 2) + '"}')
        assert isinstance(decoded, Refusal)
        assert decoded.code == "PAYLOAD_TOO_LARGE"

    def test_a_frame_without_id_is_unnumbered(self) -> None:
        assert codec.decode('{"action":"ping"}') == Command("ping", {}, UNNUMBERED)

    @pytest.mark.parametrize(
        ("frame", "came"),
        [
            ("[]", "a list"),
            ("null", "null"),
            ("1", "a number"),
            ("true", "a boolean"),
            ('""', "a string"),
        ],
    )
    def test_says_what_came(self, frame: str, came: str) -> None:
        decoded = codec.decode(frame)
        assert isinstance(decoded, Refusal)
        assert decoded.message == f"expected a JSON object, got {came}"


class TestEncode:
    @given(anything)
    def test_a_reply_repeats_the_id(self, ref: Any) -> None:
        reply = json.loads(codec.encode_reply(Reply({"status": "pong"}, ref)))
        assert reply == {"status": "pong", "id": ref}

    @pytest.mark.parametrize(
        "letter", ["\x7f", "é", "\u2028", "\uffff", "😀", r"\u0001", r"\ud800"]
    )
    def test_a_reply_fits_where_the_frame_did(self, letter: str) -> None:
        frame = f'{{"action":"ping","id":"{letter * 5000}"}}'
        decoded = codec.decode(frame)
        assert isinstance(decoded, Command)
        written = codec.encode_reply(Reply({"status": "pong"}, decoded.ref))
        assert len(written.encode()) <= 2 * len(frame.encode())
        assert json.loads(written)["id"] == decoded.ref

    def test_an_event_is_its_envelope(self) -> None:
        envelope = Envelope("1", "t", "2026-01-01T00:00:00Z", "s", ("global",), {"x": "é"})
        assert json.loads(codec.encode_event(envelope, "global")) == envelope.for_room("global")

    def test_the_codec_is_found_by_its_name(self) -> None:
        assert isinstance(codec_named("json"), JsonCodec)

    @pytest.mark.parametrize("name", ["", "xml", "socketio:/ws:other"])
    def test_an_unknown_protocol_has_none(self, name: str) -> None:
        with pytest.raises(KeyError):
            codec_named(name)
