import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast_backend.protocol.engineio_packets import (
    LONGEST_TIMER,
    Kind,
    Malformed,
    Packet,
    opening,
    read,
    write,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/socketio.json").read_text("utf-8"))
MEGABYTE = 1_000_000
kinds = st.sampled_from(Kind)
any_character = st.characters(exclude_categories=()) | st.characters(categories=["Cs"])


class TestRead:
    @pytest.mark.parametrize("vector", VECTORS["engine"]["read"], ids=lambda each: each["frame"])
    def test_a_packet(self, vector: dict[str, Any]) -> None:
        data = bytes(vector["bytes"]) if "bytes" in vector else vector["data"]
        assert read(vector["frame"]) == Packet(Kind(vector["kind"]), data)

    @pytest.mark.parametrize("frame", VECTORS["engine"]["malformed"])
    def test_what_is_no_packet(self, frame: str) -> None:
        packet = read(frame)
        assert isinstance(packet, Malformed)
        assert packet.reason.startswith("expected")

    @given(st.text(any_character))
    def test_any_text_is_a_packet_or_malformed(self, frame: str) -> None:
        assert isinstance(read(frame), Packet | Malformed)

    @given(st.text(any_character))
    def test_any_base64_is_bytes_or_malformed(self, text: str) -> None:
        packet = read("b" + text)
        assert isinstance(packet, Malformed) or isinstance(packet.data, bytes)

    @pytest.mark.parametrize("start", ["4", "b", "bA", "x", "٤", "4\ud800", "b\ud800"])
    def test_a_megabyte_takes_bounded_time(self, start: str) -> None:
        before = time.process_time()
        for filling in ("A", "=", "é", "\ud800", "\0"):
            assert isinstance(read(start + filling * MEGABYTE), Packet | Malformed)
        assert time.process_time() - before < 1


class TestWrite:
    @given(kinds, st.text())
    def test_text_comes_back(self, kind: Kind, data: str) -> None:
        assert read(write(Packet(kind, data))) == Packet(kind, data)

    @given(st.binary())
    def test_binary_comes_back_as_a_message(self, data: bytes) -> None:
        frame = write(Packet(Kind.MESSAGE, data))
        assert frame[0] == "b"
        assert read(frame) == Packet(Kind.MESSAGE, data)


class TestOpening:
    def test_is_what_clients_expect(self) -> None:
        frame = opening("abc=", interval=300_000, timeout=240_000, max_payload=32_768)
        assert frame == (
            '0{"sid":"abc=","upgrades":[],"pingInterval":300000,"pingTimeout":240000,'
            '"maxPayload":32768}'
        )

    def test_the_longest_timers(self) -> None:
        frame = opening("s", interval=LONGEST_TIMER - 1, timeout=1, max_payload=1)
        assert json.loads(frame[1:])["pingInterval"] == 2**31 - 2

    def test_timers_that_disconnect_clients_at_once(self) -> None:
        with pytest.raises(ValueError, match="2147483647"):
            opening("s", interval=LONGEST_TIMER, timeout=1, max_payload=1)
