"""What each action calls of AWS, exactly: on AWS these numbers are the bill and the latency.

A number that differs from simulation/metered.json fails. When the change is meant, write the new
ones, which also writes the tables of docs/cost.md that are made of them, and look at what changed:

    ROOMCAST_METER=write python -m pytest -q tests/functional/test_metered.py
"""

import os
from collections.abc import Callable, Iterator
from functools import partial
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
MOST_IN_MOTO = 1_000

GOALS = {
    "greeting, JSON": 2,  # the third call is the post itself
    "greeting, Socket.IO": 2,
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


def event_to(members: int) -> Callable[[Deployment], Metered]:
    detail = {
        "id": "01a204e4-0f4e-7a8c-a1e5-c82f4978aa0d",
        "type": "project.updated",
        "timestamp": "2026-01-01T00:00:00Z",
        "source": "project_service",
        "rooms": [PROJECT],
        "data": {"project_id": PROJECT.removeprefix("project:"), "changes": {"name": "x" * 300}},
    }
    event = {"id": "b1", "detail-type": "project.updated", "detail": detail}

    def run(service: Deployment) -> Metered:
        service.members(PROJECT, members, crowd=members > MOST_IN_MOTO)
        return service.measure(
            lambda: service.run("broadcast", event),
            sees="post",
            then=lambda: service.deliver_queued("broadcast"),
        )

    return run


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
