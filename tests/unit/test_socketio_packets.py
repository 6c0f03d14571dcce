import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast_backend.protocol import socketio_packets
from roomcast_backend.protocol.engineio_packets import Malformed
from roomcast_backend.protocol.socketio_packets import (
    RESERVED,
    Ack,
    Binary,
    Connect,
    Disconnect,
    Event,
    SocketPacket,
    read,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/socketio.json").read_text("utf-8"))
TYPES = {kind.__name__: kind for kind in (Connect, Disconnect, Event, Ack, Binary)}
MEGABYTE = 1_000_000

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(st.text(), anything, max_size=4)
arguments = st.lists(anything, max_size=4).map(tuple)
event_names = st.text().filter(lambda name: name not in RESERVED)
namespaces = st.just("/") | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=",?"), max_size=255
).map(lambda name: f"/{name}")
ack_ids = st.integers(0, 2**53 - 1)
any_character = st.characters(exclude_categories=()) | st.characters(categories=["Cs"])


def written_by_a_client(packet: SocketPacket) -> str:
    """Write a packet as socket.io-client does."""
    where = "" if packet.namespace == "/" else f"{packet.namespace},"
    match packet:
        case Connect(_, auth):
            return f"0{where}{json.dumps(auth)}"
        case Disconnect():
            return f"1{where}"
        case Event(_, ack, name, args):
            return f"2{where}{'' if ack is None else ack}{json.dumps([name, *args])}"
        case Ack(_, ack, args):
            return f"3{where}{ack}{json.dumps(args)}"
        case Binary(_, ack, attachments):
            number = "" if ack is None else ack
            return f"5{attachments}-{where}{number}" + '["a",{"_placeholder":true,"num":0}]'


def read_by_a_client(frame: str) -> tuple[str, str, str, Any]:
    """Read a frame as socket.io-client does, into type, namespace, ack id and payload."""
    frame.encode()  # what cannot be sent is no frame
    assert frame[0] == "4"
    kind, rest = frame[1], frame[2:]
    namespace = "/"
    if rest.startswith("/"):
        namespace, _, rest = rest.partition(",")
    body = rest.lstrip("0123456789")
    return kind, namespace, rest[: len(rest) - len(body)], json.loads(body) if body else None


class TestVectors:
    @pytest.mark.parametrize("vector", VECTORS["socket"]["read"], ids=lambda each: each["text"])
    def test_a_packet(self, vector: dict[str, Any]) -> None:
        fields = dict(vector["packet"])
        kind = TYPES[fields.pop("type")]
        if "args" in fields:
            fields["args"] = tuple(fields["args"])
        assert read(vector["text"]) == kind(**fields)

    @pytest.mark.parametrize("text", VECTORS["socket"]["malformed"])
    def test_what_is_no_packet_of_a_client(self, text: str) -> None:
        packet = read(text)
        assert isinstance(packet, Malformed)
        assert packet.reason.startswith("expected")

    @pytest.mark.parametrize("vector", VECTORS["write"], ids=lambda each: each["frame"])
    def test_what_the_service_writes(self, vector: dict[str, Any]) -> None:
        write = getattr(socketio_packets, vector["packet"])
        frame = write(vector["namespace"], *vector["args"], **vector.get("more", {}))
        assert frame == vector["frame"]


class TestRead:
    @given(namespaces, objects)
    def test_connect(self, namespace: str, auth: dict[str, Any]) -> None:
        packet = Connect(namespace, auth)
        assert read(written_by_a_client(packet)) == packet

    @given(namespaces)
    def test_disconnect(self, namespace: str) -> None:
        packet = Disconnect(namespace)
        assert read(written_by_a_client(packet)) == packet

    @given(namespaces, st.none() | ack_ids, event_names, arguments)
    def test_event(self, namespace: str, ack: int | None, name: str, args: tuple[Any, ...]) -> None:
        packet = Event(namespace, ack, name, args)
        assert read(written_by_a_client(packet)) == packet

    @given(namespaces, ack_ids, arguments)
    def test_ack(self, namespace: str, ack: int, args: tuple[Any, ...]) -> None:
        packet = Ack(namespace, ack, args)
        assert read(written_by_a_client(packet)) == packet

    @given(namespaces, st.none() | ack_ids, st.integers(0, 10**9 - 1))
    def test_binary(self, namespace: str, ack: int | None, attachments: int) -> None:
        packet = Binary(namespace, ack, attachments)
        assert read(written_by_a_client(packet)) == packet


class TestWrite:
    @given(namespaces, event_names, arguments)
    def test_event(self, namespace: str, name: str, args: tuple[Any, ...]) -> None:
        frame = socketio_packets.event(namespace, name, *args)
        assert read_by_a_client(frame) == ("2", namespace, "", [name, *args])

    @given(namespaces, ack_ids, arguments)
    def test_acknowledgement(self, namespace: str, ack: int, args: tuple[Any, ...]) -> None:
        frame = socketio_packets.acknowledgement(namespace, ack, *args)
        assert read_by_a_client(frame) == ("3", namespace, str(ack), list(args))

    @given(namespaces, st.text(), st.text())
    def test_connected(self, namespace: str, sid: str, pid: str) -> None:
        frame = socketio_packets.connected(namespace, sid, pid=pid)
        assert read_by_a_client(frame) == ("0", namespace, "", {"sid": sid, "pid": pid})

    @given(namespaces, st.text(), objects)
    def test_connect_error(self, namespace: str, message: str, data: dict[str, Any]) -> None:
        frame = socketio_packets.connect_error(namespace, message, data)
        body = {"message": message, **({"data": data} if data else {})}
        assert read_by_a_client(frame) == ("4", namespace, "", body)

    @given(namespaces)
    def test_disconnected(self, namespace: str) -> None:
        frame = socketio_packets.disconnected(namespace)
        assert read_by_a_client(frame) == ("1", namespace, "", None)

    @given(st.text(any_character))
    def test_text_that_utf_8_cannot_carry_is_escaped(self, text: str) -> None:
        frame = socketio_packets.acknowledgement("/ws", 1, {"id": text})
        assert read_by_a_client(frame) == ("3", "/ws", "1", [{"id": text}])


class TestHostile:
    @given(st.text(any_character))
    def test_any_text_is_a_value(self, text: str) -> None:
        assert isinstance(read(text), SocketPacket | Malformed)

    @given(st.sampled_from("0123456"), st.text(any_character), st.text('0123456789-,/[]{}"\\ab'))
    def test_anything_after_a_type_is_a_value(self, kind: str, middle: str, rest: str) -> None:
        assert isinstance(read(kind + middle + rest), SocketPacket | Malformed)

    @given(namespaces, ack_ids, event_names, arguments, st.data())
    def test_a_truncated_event_is_malformed(
        self, namespace: str, ack: int, name: str, args: tuple[Any, ...], data: st.DataObject
    ) -> None:
        text = written_by_a_client(Event(namespace, ack, name, args))
        length = data.draw(st.integers(0, len(text) - 1))
        assert isinstance(read(text[:length]), Malformed)

    @pytest.mark.parametrize(
        "number",
        ["9" * 17, "9" * 5000, "1" * MEGABYTE, "-1", "1e5", "٣", "１", "1_0", "0x1", " 1"],
        ids=lambda number: f"{number[:8]}…{len(number)}",
    )
    def test_an_ack_id_that_no_client_counts_to(self, number: str) -> None:
        assert isinstance(read(f'2{number}["a"]'), Malformed)
        assert isinstance(read(f"3{number}[]"), Malformed)

    @given(namespaces, st.text(st.characters(exclude_characters=","), min_size=256))
    def test_a_query_of_any_length_is_not_the_namespace(self, namespace: str, query: str) -> None:
        assert read(f"0{namespace}?{query},{{}}") == Connect(namespace, {})

    @pytest.mark.parametrize("namespace", ["/\ud800", "/ws\udfff", "/\ud800?x=1"])
    def test_a_namespace_that_cannot_be_answered(self, namespace: str) -> None:
        assert isinstance(read(f"0{namespace},"), Malformed)

    @pytest.mark.parametrize("number", ["9" * 10, "9" * MEGABYTE, "٣", "-1"])
    def test_more_attachments_than_can_come(self, number: str) -> None:
        assert isinstance(read(f'5{number}-["a"]'), Malformed)

    @pytest.mark.parametrize("start", ["0", "1", "2", "27", "37", "2/ws,7", "51-", "0/ws,"])
    @pytest.mark.parametrize(
        "filling",
        ["[", '{"a":', "9", "-", "/", "a", ",", '"', "\\", "\ud800", "\0", "٣", " ", '["a",', "1-"],
    )
    def test_a_megabyte_takes_bounded_time(self, start: str, filling: str) -> None:
        text = start + filling * (MEGABYTE // len(filling))
        before = time.process_time()
        assert isinstance(read(text), SocketPacket | Malformed)
        assert time.process_time() - before < 1

    @pytest.mark.parametrize("depth", [100, 10_000, 400_000])
    def test_deep_json_is_an_event_or_malformed(self, depth: int) -> None:
        text = '2["a",' + "[" * depth + "]" * depth + "]"
        before = time.process_time()
        assert isinstance(read(text), Event | Malformed)
        assert time.process_time() - before < 1

    def test_a_number_that_takes_long_to_read_is_malformed(self) -> None:
        before = time.process_time()
        assert isinstance(read('2["a",' + "9" * MEGABYTE + "]"), Malformed)
        assert time.process_time() - before < 1

    def test_lone_surrogates_in_json_are_read(self) -> None:
        assert read('2["\\ud800",{"a":"\\udfff"}]') == Event(
            "/", None, "\ud800", ({"a": "\udfff"},)
        )
