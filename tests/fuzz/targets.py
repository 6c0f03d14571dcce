"""What is fuzzed: each target makes an input and checks one property, named in its docstring."""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from roomcast import deliverable
from roomcast.envelope import Envelope, InvalidEnvelope, encode
from roomcast.errors import InvalidRoom
from roomcast.rooms import Room
from roomcast_backend.fanout.work import Work
from roomcast_backend.github import mapping
from roomcast_backend.github.payload import InvalidPayload
from roomcast_backend.lifecycle.handshake import Handshake, HandshakeRefused
from roomcast_backend.protocol import engineio_packets, socketio_packets
from roomcast_backend.protocol.json_codec import JsonCodec
from roomcast_backend.protocol.messages import Command, Refusal
from tests.fakes.github import examples
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.socketio_server import Server
from tests.fuzz.admissions import admission_event, admit
from tests.fuzz.claims import let_in, odd_claims
from tests.fuzz.mutations import Mutator
from tests.fuzz.queue_messages import queue_message, read_message
from tests.fuzz.tokens import signed_token, tokens, verify_token
from tests.fuzz.webhooks import answer_webhook, webhook_event

Check = Callable[[Any], None]

ROOMS = ["global", "user:ada", "project:6f1c0f9e-3a52-4c61-9d0a-0d5f4ad5a001", "agent:a-1._b"]

FRAMES = [
    '{"action":"subscribe","room":"project:p1","since":"019a7c3e-5d1f-7cc3-8b5e-3f0d9a2b6c71"}',
    '{"action":"subscribe","rooms":["project:p1","global"],"since":{"global":5},"id":1}',
    '{"action":"unsubscribe","room":"global","id":{"a":[1]}}',
    '{"action":"authenticate","token":"good","id":null}',
    '{"action":"debug:rooms"}',
    '{"action":"ping","id":"x"}',
]
PACKETS = [
    '40/ws,{"token":"good"}',
    '40{"token":"good","recover":true,"pid":"0123456789abcdef0123456789abcdef","offset":"1"}',
    "41/ws,",
    '42/ws,7["subscribe",{"room":"project:p1","since":3}]',
    '42["unsubscribe",{"rooms":["project:p1"]}]',
    '42/ws,["authenticate",{"token":"good"}]',
    '43/ws,7["ok"]',
    '451-/ws,3["upload",{"_placeholder":true,"num":0}]',
    "2probe",
    "3",
    "5",
    "6",
    "bAAEC",
]
WORDS = [
    "/ws,",
    '{"a":',
    "[",
    "]",
    '"room"',
    "since",
    "rooms",
    "null",
    "NaN",
    "1e999",
    "42",
    "45",
    "\\ud800",
    "\\u0000",
    ".",
    "..",
    "eyJ",
    "Bearer",
    "roomcast",
    ",",
    "=",
    "%00",
]


@dataclass(frozen=True, slots=True)
class Target:
    """Makes inputs of one kind and checks each; `share` is its part of all inputs."""

    name: str
    share: float
    make: Callable[[], Any]
    check: Check

    @property
    def promise(self) -> str:
        """What holds for every input."""
        return (self.check.__doc__ or "").strip()


def targets(seed: int) -> Iterator[Target]:
    """Yield all targets; the same seed makes the same inputs."""
    mutator = Mutator(seed, WORDS)
    yield Target("packets", 0.22, lambda: mutator.text(PACKETS), read_packet)
    yield Target("JSON frames", 0.17, lambda: mutator.text(FRAMES), read_json_frame)
    yield Target(
        "envelopes", 0.1, lambda: mutator.value(mutator.random.choice(DETAILS)), read_detail
    )
    yield Target("queue messages", 0.02, lambda: queue_message(mutator), read_message)
    yield Target("handshakes", 0.08, lambda: handshake_event(mutator), read_handshake)
    yield Target("admissions", 0.04, lambda: admission_event(mutator), admit)
    yield Target("tokens", 0.06, lambda: mutator.text(tokens()), verify_token)
    yield Target("signed tokens", 0.06, lambda: signed_token(mutator), verify_token)
    yield Target("claims", 0.05, lambda: odd_claims(mutator), let_in)
    yield Target("rooms", 0.1, lambda: mutator.text(ROOMS), read_room)
    yield Target("GitHub payloads", 0.05, lambda: github_payload(mutator), map_payload)
    yield Target("webhooks", 0.02, lambda: webhook_event(mutator), answer_webhook)
    yield Target("whole answers", 0.03, lambda: mutator.text(PACKETS + FRAMES), Answering())


def read_packet(frame: str) -> None:
    """A frame is a packet or malformed, never an exception; an event's ack can be written."""
    packet: Any = engineio_packets.read(frame)
    if isinstance(packet, engineio_packets.Packet) and isinstance(packet.data, str):
        packet = socketio_packets.read(packet.data)
    if isinstance(packet, socketio_packets.Event) and packet.ack is not None:
        socketio_packets.acknowledgement(packet.namespace, packet.ack, *packet.args).encode()


def read_json_frame(frame: str) -> None:
    """A frame is a command or a refusal that names a code, never an exception."""
    read = JsonCodec().decode(frame)
    if isinstance(read, Refusal):
        assert read.message
    else:
        assert isinstance(read, Command)


DETAILS = [
    {
        "id": "019a7c3e-5d1f-7cc3-8b5e-3f0d9a2b6c71",
        "type": "project.updated",
        "timestamp": "2026-11-22T19:30:00.123Z",
        "source": "project_service",
        "rooms": ["project:p1", "user:ada"],
        "data": {"project_id": "p1", "changes": {"name": ["a", 1, None]}},
        "publisher": "0a1b2c3d4e5f",
        "number": 17,
    },
    {
        "id": "order-42",
        "type": "agent.connected",
        "timestamp": "2026-11-22T19:30:00Z",
        "source": "mine",
        "rooms": ["global"],
        "data": {},
        "data_ref": {"size": 5, "sha256": "0" * 64},
    },
]


def read_detail(detail: Any) -> None:
    """A detail is refused as documented, or read; then queue and log give it back unchanged."""
    try:
        envelope = deliverable.read(detail)
    except InvalidEnvelope:
        return
    again = Envelope.from_detail(json.loads(encode(envelope.to_detail())))
    assert again == envelope
    work = Work(envelope, 1.5, 0, 0)
    message = work.to_message()
    message.encode()
    assert Work.from_message(message) == work


def handshake_event(mutator: Mutator) -> dict[str, Any]:
    """Return API Gateway's `$connect` event with headers and a query as a client chose them."""
    headers = {
        "Authorization": mutator.text(["Bearer a.b.c", "Basic YTpi"]),
        "Sec-WebSocket-Protocol": mutator.text(["roomcast, eyJh.eyJi.c", "chat, superchat", ""]),
        "Origin": mutator.text(["https://app.example.com", "null"]),
    }
    query = {"EIO": mutator.text(["4", "3"]), "transport": mutator.text(["websocket", "polling"]),
             "token": mutator.text(["a.b.c"])}  # fmt: skip
    chosen = {name: value for name, value in headers.items() if mutator.random.random() < 0.7}  # noqa: PLR2004
    asked = {name: value for name, value in query.items() if mutator.random.random() < 0.7}  # noqa: PLR2004
    return {
        "requestContext": {"connectionId": "c1"},
        "headers": chosen or None,
        "queryStringParameters": asked or None,
    }


def read_handshake(event: Any) -> None:
    """A handshake is refused with 400, or read; the answer names what was offered, no token."""
    handshake = Handshake.from_event(event)
    assert _status(handshake) in (101, 400)
    header = handshake.headers.get("sec-websocket-protocol", "")
    answer = handshake.subprotocol
    assert answer is None or answer in header
    assert answer is None or not (answer.startswith("ey") and answer.count(".") == 2)


def _status(handshake: Handshake) -> int:
    try:
        return 101 if handshake.protocol else 0
    except HandshakeRefused as refused:
        return refused.status


def read_room(name: str) -> None:
    """A name is refused as documented, or a room's; its canonical form is the same room."""
    try:
        room = Room.parse(name)
    except InvalidRoom:
        return
    assert Room.parse(str(room)) == room
    str(room).encode("ascii")


def github_payload(mutator: Mutator) -> tuple[str, Any]:
    """Return a recorded webhook with other values in some places."""
    kind = mutator.random.choice(list(mapping.DELIVERIES))
    return kind, mutator.value(mutator.random.choice(examples()[kind]))


def map_payload(delivery: tuple[str, Any]) -> None:
    """A payload is refused as documented, or maps to nothing, or to an event that is delivered."""
    kind, payload = delivery
    try:
        read = mapping.read(kind, payload)
    except InvalidPayload:
        return
    event = read.event("p1", "ada", also=("bob",)) if read else None
    if event is not None:
        deliverable.read(json.loads(encode(event.to_envelope().to_detail())))


class Answering:
    """Every frame has an answer that its client can read; the function never raises."""

    def __init__(self) -> None:
        self._made = 0
        self._server = self._fresh()

    def __call__(self, frame: str) -> None:
        """Ask the service, with a connection of each protocol."""
        self._made += 1
        if self._made % 500 == 0:
            self._server = self._fresh()
        for connection_id in ("j1", "c1"):
            reply = self._server.say(frame, connection_id)
            if connection_id == "j1" and frame != "3":
                assert "status" in json.loads(reply), reply
            else:
                assert isinstance(engineio_packets.read(reply), engineio_packets.Packet), reply

    @staticmethod
    def _fresh() -> Server:
        server = Server(MemoryTables())
        server.connect("j1", server.principal(), protocol="json")
        server.connect("c1")
        server.begin()
        return server


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings and logs: they would be printed for each of many thousand inputs."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
