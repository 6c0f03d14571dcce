"""What each action calls of AWS, exactly: on AWS these numbers are the bill and the latency.

A number that differs from simulation/metered.json fails. When the change is meant, write the new
ones, which also writes the tables of docs/cost.md that are made of them, and look at what changed:

    ROOMCAST_METER=write python -m pytest -q tests/functional/test_metered.py
"""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from roomcast_backend.aws import clients
from simulation import markdown, metered
from simulation.constants import Constants, values
from simulation.metered import Metered
from simulation.tables import CALCULATED
from tests.fakes.deployment import SOCKET_IO, Deployment
from tests.fakes.github import example, request

ROOT = Path(__file__).parents[2]
WRITES = os.environ.get("ROOMCAST_METER") == "write"
CONNECTION = "L0SM9cOFvHcCIhw="
PROJECT = "project:7c9e6679-7425-40de-944b-e07fc1f90ae7"
HEARTBEATS = 160
ENTITIES = 10
MOST_IN_MOTO = 1_000
PROBED_AT = 3
"""During which sleep of a GET the WebSocket's probe comes, 0.3 s after it began: an assumption."""

GOALS = {
    "greeting, JSON": 2,  # the third call is the post itself
    "greeting, Socket.IO": 2,
    "polling: `5`, its reply to the CONNECT, the greeting": 4,  # one more than without an upgrade
    "subscribe, JSON": 2,
    "subscribe, Socket.IO": 2,
    "event to 1": 2,
    "event to 10": 2,
    "event to 1,000": 2,
    "event to 100,000": 2,
    "pong": 0,
}
"""The most calls in sequence before the client sees something."""

NOT_YET: dict[str, int] = {}
"""What the same is as long as a goal is not met; a goal that is met has no line here."""


@pytest.fixture
def deployment(boto3_dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    folders = (("functions", "*/wiring.py"), ("src", "roomcast_backend/runtime/*.py"))
    names = [
        str(path.relative_to(ROOT / "src" if top == "src" else ROOT).with_suffix(""))
        for top, pattern in folders
        for path in (ROOT / top).glob(pattern)
    ]
    modules = [clients, *(import_module(name.replace("/", ".")) for name in names)]
    modules.append(import_module("roomcast_backend.settings"))
    caches = [value for module in modules for value in vars(module).values()]
    caches = [cached for cached in caches if hasattr(cached, "cache_clear")]
    found = Deployment(boto3_dynamodb, monkeypatch)
    for cached in caches:
        cached.cache_clear()
    found.connect("warm", token=found.token())  # the secret is in its cache from here on
    found.opened.clear()
    yield found
    for cached in caches:
        cached.cache_clear()


def connect_json(service: Deployment) -> Metered:
    token = service.token()
    return service.measure(lambda: service.connect(CONNECTION, token=token))


def greet_json(service: Deployment) -> Metered:
    service.connect(CONNECTION, token=service.token())
    return service.measure(service.open_all, sees="post")


def connect_socketio(service: Deployment) -> Metered:
    return service.measure(lambda: service.connect(CONNECTION, **SOCKET_IO))


def greet_socketio(service: Deployment) -> Metered:
    service.connect(CONNECTION, **SOCKET_IO)
    return service.measure(service.open_all, sees="post")


def authenticate_json(service: Deployment) -> Metered:
    service.connect(CONNECTION)
    frame = {"action": "authenticate", "token": service.token()}
    return service.measure(lambda: service.say(CONNECTION, frame), then=service.open_all)


def authenticate_socketio(service: Deployment) -> Metered:
    service.connect(CONNECTION, **SOCKET_IO)
    service.open_all()
    frame = f'40/ws,{{"token":"{service.token()}"}}'
    return service.measure(lambda: service.say(CONNECTION, frame), then=service.open_all)


def check_deadline(service: Deployment) -> Metered:
    begin_socketio(service)
    return service.measure(lambda: service.deliver_queued("deadline"), sees="nothing")


def begin_json(service: Deployment) -> None:
    service.connect(CONNECTION, token=service.token())
    service.open_all()


def begin_socketio(service: Deployment) -> None:
    service.connect(CONNECTION, **SOCKET_IO)
    service.open_all()
    assert service.say(CONNECTION, f'40/ws,{{"token":"{service.token()}"}}').startswith("40/ws,{")
    service.open_all()


def command_json(action: str, **body: str) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        begin_json(service)
        if action == "unsubscribe":
            service.say(CONNECTION, {"action": "subscribe", **body})
        frame = {"action": action, **body, "id": 1}
        return service.measure(lambda: service.say(CONNECTION, frame))

    return run


def command_socketio(action: str, body: str = "") -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        begin_socketio(service)
        if action == "unsubscribe":
            service.say(CONNECTION, f'42/ws,0["subscribe"{body}]')
        return service.measure(lambda: service.say(CONNECTION, f'42/ws,1["{action}"{body}]'))

    return run


def pong(service: Deployment) -> Metered:
    begin_socketio(service)
    return service.measure(lambda: service.say(CONNECTION, "3"))


def disconnect_json(service: Deployment) -> Metered:
    begin_json(service)
    service.say(CONNECTION, {"action": "subscribe", "room": PROJECT})
    return service.measure(lambda: service.disconnect(CONNECTION), sees="nothing")


def disconnect_socketio(service: Deployment) -> Metered:
    begin_socketio(service)
    service.say(CONNECTION, f'42/ws,1["subscribe",{{"room":"{PROJECT}"}}]')
    return service.measure(lambda: service.disconnect(CONNECTION), sees="nothing")


def polling_handshake(service: Deployment) -> Metered:
    return service.measure(service.poll)


def polling_connect(service: Deployment) -> Metered:
    sid = begin_polling(service)
    return service.measure(lambda: service.poll(sid, connect_packet(service)))


def poll_until_probed(service: Deployment) -> Metered:
    sid = begin_polling(service)
    service.poll(sid, connect_packet(service))
    service.meanwhile[PROBED_AT] = lambda: probe(service, sid)
    return service.measure(lambda: service.poll(sid))


def connect_to_upgrade(service: Deployment) -> Metered:
    sid = begin_polling(service)
    service.poll(sid, connect_packet(service))
    return service.measure(lambda: service.connect(CONNECTION, **SOCKET_IO, sid=sid))


def probe_to_upgrade(service: Deployment) -> Metered:
    sid = begin_polling(service)
    service.poll(sid, connect_packet(service))
    service.connect(CONNECTION, **SOCKET_IO, sid=sid)
    return service.measure(lambda: service.say(CONNECTION, "2probe"))


def upgrade(service: Deployment) -> Metered:
    sid = begin_polling(service)
    service.poll(sid, connect_packet(service))
    probe(service, sid)
    return service.measure(lambda: service.say(CONNECTION, "5"), then=service.open_all)


def settle(service: Deployment) -> Metered:
    sid = begin_polling(service)
    service.poll(sid, connect_packet(service))
    return service.measure(lambda: service.poll(sid), then=service.open_all)


def poll_for_the_greeting(service: Deployment) -> Metered:
    sid = begin_polling(service)
    service.poll(sid, connect_packet(service))
    service.poll(sid)
    service.open_all()
    return service.measure(lambda: service.poll(sid))


def poll_for_nothing(service: Deployment) -> Metered:
    sid = begin_staying(service)
    return service.measure(lambda: service.poll(sid))


def poll_for_an_event(service: Deployment) -> Metered:
    sid = begin_staying(service)
    service.run("broadcast", event("global"))
    return service.measure(lambda: service.poll(sid))


def poll_after_an_event(service: Deployment) -> Metered:
    sid = begin_staying(service)
    service.run("broadcast", event("global"))
    service.poll(sid)
    return service.measure(lambda: service.poll(sid))


def event_to_an_outbox(service: Deployment) -> Metered:
    sid = begin_staying(service)
    service.poll(sid, f'42/ws,0["subscribe",{{"room":"{PROJECT}"}}]')
    return service.measure(lambda: service.run("broadcast", event(PROJECT)), sees="packet")


def polling_subscribe(service: Deployment) -> Metered:
    sid = begin_staying(service)
    command = f'42/ws,1["subscribe",{{"room":"{PROJECT}"}}]'
    return service.measure(lambda: service.poll(sid, command), sees="packet")


def polling_close(service: Deployment) -> Metered:
    sid = begin_staying(service)
    service.poll(sid, f'42/ws,1["subscribe",{{"room":"{PROJECT}"}}]')
    return service.measure(lambda: service.poll(sid, "1"), sees="nothing")


def begin_polling(service: Deployment) -> str:
    sid: str = json.loads(service.poll()[1:])["sid"]
    return sid


def connect_packet(service: Deployment) -> str:
    return f'40/ws,{{"token":"{service.token()}"}}'


def probe(service: Deployment, sid: str) -> None:
    service.connect(CONNECTION, **SOCKET_IO, sid=sid)
    assert service.say(CONNECTION, "2probe") == "3probe"


def begin_staying(service: Deployment) -> str:
    """Return the sid of a client that has got its greeting by polling, and waits for nothing."""
    sid = begin_polling(service)
    service.poll(sid, connect_packet(service))
    assert service.poll(sid).startswith("40/ws,{")
    service.open_all()
    assert "connection_established" in service.poll(sid)
    assert service.poll(sid) == "6"
    return sid


def event_to(members: int) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        service.members(PROJECT, members, crowd=members > MOST_IN_MOTO)
        return service.measure(
            lambda: service.run("broadcast", event(PROJECT)),
            sees="post",
            then=lambda: service.deliver_queued("broadcast"),
        )

    return run


def subscribe_with_state(how: object) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        begin_json(service)
        for number in range(ENTITIES):
            about = {"workflow_id": str(number), "progress": 10, "current_step": "x" * 300}
            service.run("broadcast", event(PROJECT, f"b{number}", "workflow.progress", about))
        frame = {"action": "subscribe", "room": PROJECT, "state": how, "id": 1}
        return service.measure(lambda: service.say(CONNECTION, frame))

    return run


UPDATE = {"project_id": PROJECT.removeprefix("project:"), "changes": {"name": "x" * 300}}


def event(
    room: str,
    event_id: str = "01a204e4-0f4e-7a8c-a1e5-c82f4978aa0d",
    event_type: str = "project.updated",
    data: dict[str, Any] = UPDATE,
) -> dict[str, Any]:
    detail = {
        "id": event_id,
        "type": event_type,
        "timestamp": "2026-01-01T00:00:00Z",
        "source": "project_service",
        "rooms": [room],
        "data": data,
    }
    return {"id": "b1", "detail-type": event_type, "detail": detail}


def heartbeat(service: Deployment) -> Metered:
    service.members("global", HEARTBEATS, shards=16)
    return service.measure(lambda: service.run("heartbeat", {}), sees="post")


def webhook(service: Deployment) -> Metered:
    clients_of = import_module("functions.webhooks.wiring")
    payload = example("pull_request", "opened")
    registry = import_module("roomcast.registry").Registry(
        "registry", client=clients_of._dynamodb()
    )
    registry.link_repository(payload["repository"]["full_name"], "7c9e6679")

    def deliver(delivery: str) -> None:
        answer = service.run("webhooks", request("pull_request", payload, delivery=delivery))
        assert answer["statusCode"] == 202, answer

    deliver("warm")
    return service.measure(lambda: deliver("72d3162e-cc78-11e3-81ab-4c9367dc0958"), sees="reply")


def handshake(status: int, **query: str) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        def connect() -> None:
            assert service.try_to_connect(CONNECTION, **query) == status
            if status == HTTPStatus.OK:
                service.gateway.open.add(CONNECTION)

        return service.measure(connect, then=service.open_all)

    return run


def end_at_the_deadline(**query: str) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        service.connect(CONNECTION, **query)
        service.open_all()
        service.pass_deadline(CONNECTION)

        def end() -> None:
            service.deliver_queued("deadline")
            assert service.gateway.closed == [CONNECTION]
            service.disconnect(CONNECTION)

        return service.measure(end, sees="post")

    return run


def pending_frame(frame: str, expected: str, **query: str) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        service.connect(CONNECTION, **query)
        service.open_all()

        def say() -> None:
            assert expected in service.say(CONNECTION, frame)

        return service.measure(say)

    return run


def refused_frame(service: Deployment) -> Metered:
    service.connect(CONNECTION)
    service.hold_back(CONNECTION, milliseconds=60_000)
    return service.measure(lambda: service.say(CONNECTION, PING))


def refused_frame_again(service: Deployment) -> Metered:
    service.connect(CONNECTION)
    service.hold_back(CONNECTION, milliseconds=60_000)
    service.say(CONNECTION, PING)
    return service.measure(lambda: service.say(CONNECTION, PING))


def unknown_connection(service: Deployment) -> Metered:
    return service.measure(lambda: service.say("L0SM9stranger=", PING))


def pongs(service: Deployment) -> Metered:
    service.connect(CONNECTION, **SOCKET_IO)
    service.open_all()
    return service.measure(lambda: service.say(CONNECTION, "3"))


def poll_as_a_stranger(service: Deployment) -> Metered:
    return service.measure(service.poll)


def wait_as_a_stranger(service: Deployment) -> Metered:
    sid = begin_polling(service)
    return service.measure(lambda: service.poll(sid))


def poll_refused(
    status: int, sid: str = "", *packets: str, **query: str
) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        def ask() -> None:
            service.poll(sid, *packets, expected=status, **query)

        return service.measure(ask)

    return run


def webhook_unsigned(body: bytes, status: int, **headers: str) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        def send(delivery: str) -> None:
            sent: dict[str, str | None] = dict(headers)
            event = request("pull_request", body=body, delivery=delivery, headers=sent)
            assert service.run("webhooks", event)["statusCode"] == status

        send("warm")
        return service.measure(lambda: send("72d3162e-cc78-11e3-81ab-4c9367dc0958"))

    return run


def http(path: str, status: int, **headers: str) -> Callable[[Deployment], Metered]:
    def run(service: Deployment) -> Metered:
        def get() -> None:
            assert service.get(path, **headers) == status

        get()
        return service.measure(get)

    return run


PING = '{"action":"ping"}'
LARGE = '{"action":"ping","x":"' + 40_000 * "x" + '"}'
LARGE_BODY = 130 * 1024 * "x"
BAD_TOKEN = '{"action":"authenticate","token":"eyJhbGciOiJIUzI1NiJ9.e30.bad"}'
STRANGERS: dict[str, Callable[[Deployment], Metered]] = {
    "a handshake with a bad token": handshake(401, token="eyJhbGciOiJIUzI1NiJ9.e30.bad"),
    "a handshake of no protocol": handshake(400, EIO="3", transport="websocket"),
    "a handshake without a token, JSON": handshake(200),
    "a handshake without a token, Socket.IO": handshake(200, **SOCKET_IO),
    "its end at the deadline, JSON": end_at_the_deadline(),
    "its end at the deadline, Socket.IO": end_at_the_deadline(**SOCKET_IO),
    "a frame that is not JSON": pending_frame("x", "INVALID_MESSAGE"),
    "a frame that is too large": pending_frame(LARGE, "PAYLOAD_TOO_LARGE"),
    "a command before authenticating": pending_frame(PING, "AUTH_MISSING"),
    "`authenticate` with a bad token": pending_frame(BAD_TOKEN, "AUTH_FAILED"),
    "a CONNECT with a bad token": pending_frame('40/ws,{"token":"x"}', "AUTH_FAILED", **SOCKET_IO),
    "a frame that comes too fast": refused_frame,
    "another one within the same pause": refused_frame_again,
    "a pong": pongs,
    "a frame of a connection that is not known": unknown_connection,
    "a polling handshake without a token": poll_as_a_stranger,
    "a polling request of no protocol": poll_refused(400, EIO="3"),
    "a GET or POST without a session": poll_refused(400, "unknown"),
    "a body over the limit": poll_refused(413, "unknown", LARGE_BODY),
    "a GET that waits, of a client that has sent no CONNECT": wait_as_a_stranger,
    "a webhook with a bad signature": webhook_unsigned(
        b"{}", 401, **{"x-hub-signature-256": "sha256=" + 64 * "0"}
    ),
    "a webhook that is too large": webhook_unsigned(b"x" * 5_242_881, 413),
    "`GET /health`": http("/health", 200),
    "statistics without a token": http("/api/v1/websocket/stats", 401),
}
FREE = (
    "a handshake with a bad token",
    "a handshake of no protocol",
    "another one within the same pause",
    "a pong",
    "a polling request of no protocol",
    "a body over the limit",
    "a webhook with a bad signature",
    "a webhook that is too large",
    "`GET /health`",
    "statistics without a token",
)
"""What strangers do without a call of AWS."""

CLIENTS_THAT_POLL: dict[str, Callable[[Deployment], Metered]] = {
    "the handshake": polling_handshake,
    "POST of the CONNECT": polling_connect,
    "GET until the WebSocket has probed": poll_until_probed,
    "`$connect` of the WebSocket": connect_to_upgrade,
    "`2probe`": probe_to_upgrade,
    "`5`, its reply to the CONNECT, the greeting": upgrade,
    "GET that settles and answers the CONNECT, the greeting": settle,
    "GET that returns the greeting": poll_for_the_greeting,
    "GET that waits for nothing": poll_for_nothing,
    "GET that returns an event": poll_for_an_event,
    "the GET after it": poll_after_an_event,
    "POST of a `subscribe`": polling_subscribe,
    "event to 1 that polls": event_to_an_outbox,
    "POST of the end": polling_close,
}

ROOM = f',{{"room":"{PROJECT}"}}'
ACTIONS: dict[str, Callable[[Deployment], Metered]] = {
    "connect, JSON with a token": connect_json,
    "greeting, JSON": greet_json,
    "connect, Socket.IO": connect_socketio,
    "greeting, Socket.IO": greet_socketio,
    "authenticate, JSON": authenticate_json,
    "authenticate, Socket.IO": authenticate_socketio,
    "deadline of a connection without a token": check_deadline,
    "subscribe, JSON": command_json("subscribe", room=PROJECT),
    "subscribe, Socket.IO": command_socketio("subscribe", ROOM),
    f"subscribe with the state of {ENTITIES}, JSON": subscribe_with_state(True),
    f"subscribe with the state of {ENTITIES} as events, JSON": subscribe_with_state("replay"),
    "unsubscribe, JSON": command_json("unsubscribe", room=PROJECT),
    "unsubscribe, Socket.IO": command_socketio("unsubscribe", ROOM),
    "ping, JSON": command_json("ping"),
    "ping, Socket.IO": command_socketio("ping"),
    "pong": pong,
    "disconnect, JSON": disconnect_json,
    "disconnect, Socket.IO": disconnect_socketio,
    "event to 1": event_to(1),
    "event to 10": event_to(10),
    "event to 1,000": event_to(1_000),
    "event to 100,000": event_to(100_000),
    f"heartbeat of {HEARTBEATS} connections": heartbeat,
    "webhook": webhook,
    **{f"{metered.POLLING}{name}": action for name, action in CLIENTS_THAT_POLL.items()},
    **{f"{metered.STRANGER}{name}": action for name, action in STRANGERS.items()},
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_takes_what_is_recorded(deployment: Deployment, action: str) -> None:
    found = ACTIONS[action](deployment)
    if WRITES:
        metered.record(action, found)
    assert found == metered.recorded()[action], "see the top of this file for how to record anew"


def test_what_is_recorded_are_the_actions() -> None:
    if WRITES:
        metered.keep(list(ACTIONS))
        constants = Constants.of(values())
        tables = {name: partial(write, constants) for name, write in CALCULATED.items()}
        markdown.fill(ROOT / "docs/cost.md", tables)
    assert list(metered.recorded()) == list(ACTIONS)


class TestStrangers:
    """Who has no valid token makes nobody pay for much: figures may fall, and not rise."""

    @pytest.mark.parametrize("name", FREE)
    def test_what_is_refused_at_once_calls_nothing(self, name: str) -> None:
        assert metered.strangers()[name].calls == {}

    def test_a_frame_takes_at_most_two_calls(self) -> None:
        for name, figures in metered.strangers().items():
            if figures.frames_in:
                assert sum(figures.calls.values()) <= 2, name

    def test_nothing_reads_more_than_a_row(self) -> None:
        for name, figures in metered.strangers().items():
            assert figures.read_units <= 1 or figures.waits, name


class TestGoals:
    @pytest.mark.parametrize("action", GOALS)
    def test_calls_in_sequence(self, action: str) -> None:
        sequence = metered.recorded()[action].sequence
        assert sequence == NOT_YET.get(action, sequence), "its line in NOT_YET can change or go"
        if action not in NOT_YET:
            assert sequence is not None
            assert sequence <= GOALS[action]

    def test_a_goal_that_is_met_is_not_excused(self) -> None:
        assert {action for action, most in NOT_YET.items() if most <= GOALS[action]} == set()
