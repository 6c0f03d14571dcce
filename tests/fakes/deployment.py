"""The functions as they are wired, on moto's tables, with every call of AWS metered.

Not on moto: Lambda and SQS, whose requests are kept (`opened`, `queued`) to be carried out by
`open_all` and `deliver_queued`; @connections, which is a `FakeGateway`; and rooms that are too
large for moto, which are answered from `crowds`. Nor does a request of long-polling sleep: it has a
`clock` of its own, which its sleeping moves.
"""

import io
import json
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from http import HTTPStatus
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import boto3
import jwt
import pytest
from botocore.client import BaseClient

from roomcast_backend.aws.http.transport import HttpResponse
from roomcast_backend.aws.service_client import ServiceClient
from roomcast_backend.model.connection import JSON, Member
from roomcast_backend.polling.transport import PollingTransport
from roomcast_backend.protocol.engineio_packets import SEPARATOR
from roomcast_backend.stores import keys
from roomcast_backend.stores.items import Item, member_item
from simulation import sizes
from simulation.metered import Metered
from tests.fakes import capacity
from tests.fakes.calls import Call, Calls
from tests.fakes.clock import FakeClock
from tests.fakes.gateway import FakeGateway
from tests.fakes.github import SECRET as GITHUB_SECRET
from tests.fakes.tables import KEYS

SECRET = "0123456789abcdef0123456789abcdef"
USER = "0f8fad5b-d9cb-469f-a165-70867728950e"
SOCKET_IO = {"EIO": "4", "transport": "websocket"}
POLLING = {"EIO": "4", "transport": "polling"}
FUNCTIONS = ("broadcast", "connect", "deadline", "disconnect", "heartbeat", "open", "poll",
             "status", "subscribe", "webhooks")  # fmt: skip

SETTLED = 0.25
"""Seconds without a new call until those under way end, while sequences are counted."""

SERVICES = {"dynamodb": "DynamoDB", "lambda": "Lambda", "sqs": "SQS", "events": "EventBridge",
            "secretsmanager": "Secrets Manager"}  # fmt: skip
GATEWAY = {"post": "POST", "exists": "GET", "close": "DELETE"}

LOG_GRAIN = 50
"""Bytes that logs are rounded up to, so that a word more or less in a line changes nothing."""


class Deployment:
    """All functions, warm, and what they have around them."""

    def __init__(self, tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gateway = FakeGateway()
        self.opened: list[dict[str, Any]] = []
        self.queued: list[str] = []
        self.crowds: dict[str, list[Item]] = {}
        self.calls = Calls(settled=0)
        self.clock = FakeClock(time.time())
        self.meanwhile: dict[int, Callable[[], object]] = {}
        self._tables = tables
        self._handlers = {name: import_module(f"functions.{name}.handler") for name in FUNCTIONS}
        self._logs, self._prints = io.StringIO(), io.StringIO()
        self._invocations: Counter[str] = Counter()
        self._frames_in = 0
        self._slept = 0.0
        self._replies: list[str] = []
        self._replies_over_http: list[str] = []
        self._sizes: dict[capacity.Key, int] = {}
        self._context: Any = SimpleNamespace(
            function_name="f",
            memory_limit_in_mb=512,
            invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
            aws_request_id="c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            get_remaining_time_in_millis=lambda: 60_000,
        )
        self._create(monkeypatch)
        self._record(monkeypatch)

    # What clients, the bus and GitHub do.

    def token(self) -> str:
        """Return a token that opens every project."""
        claims = {
            "sub": USER,
            "exp": int(time.time()) + 3600,
            "token_type": "access",
            "projects": "*",
        }
        return jwt.encode(claims, SECRET, algorithm="HS256")

    def connect(self, connection_id: str, **query: str) -> None:
        """Let a client through its handshake."""
        assert self.try_to_connect(connection_id, **query) == 200
        self.gateway.open.add(connection_id)

    def try_to_connect(self, connection_id: str, **query: str) -> int:
        """Try a handshake; return its status."""
        context = {"connectionId": connection_id, "eventType": "CONNECT"}
        event = {"requestContext": context, "headers": {}, "queryStringParameters": query}
        status: int = self.run("connect", event)["statusCode"]
        return status

    def hold_back(self, connection_id: str, *, milliseconds: int) -> None:
        """Let a connection have sent so much that its commands are refused for some time."""
        self._set_time(connection_id, "arrival_time", milliseconds)

    def pass_deadline(self, connection_id: str) -> None:
        """Let a connection have been greeted a minute ago."""
        self._set_time(connection_id, "greeted_at", -60_000)

    def _set_time(self, connection_id: str, attribute: str, milliseconds: int) -> None:
        """Set a time of a connection's row, from now on."""
        value = int(time.time() * 1000) + milliseconds
        self._tables.update_item(
            TableName="connections",
            Key={"connection_id": {"S": connection_id}},
            UpdateExpression=f"SET {attribute} = :value",
            ExpressionAttributeValues={":value": {"N": str(value)}},
        )

    def get(self, path: str, **headers: str) -> int:
        """Send a GET to the HTTP API; return the status of its answer."""
        context = {"http": {"method": "GET", "path": path}, "stage": "$default", "requestId": "r"}
        event = {"version": "2.0", "rawPath": path, "headers": headers, "requestContext": context}
        status: int = self.run("status", event)["statusCode"]
        return status

    def poll(
        self, sid: str = "", *packets: str, expected: int = HTTPStatus.OK, **query: str
    ) -> str:
        """Send a request of long-polling, a POST if there are packets; return the body's answer.

        While it sleeps for the nth time, `meanwhile[n]` happens, which is not metered.
        """
        context = {"http": {"method": "POST" if packets else "GET"}, "requestId": "r"}
        event = {
            "version": "2.0",
            "rawPath": "/socket.io/",
            "headers": {},
            "queryStringParameters": POLLING | ({"sid": sid} if sid else {}) | query,
            "requestContext": context,
            "body": SEPARATOR.join(packets),
        }
        self.clock.slept.clear()
        answer = self.run("poll", event)
        assert answer["statusCode"] == expected, answer
        self._slept += sum(self.clock.slept)
        self._replies_over_http.append(answer["body"])
        return str(answer["body"])

    def open_all(self) -> None:
        """Run `open` for each connection or session that it was invoked for."""
        while self.opened:
            self.run("open", self.opened.pop(0))

    def say(self, connection_id: str, frame: str | dict[str, Any]) -> str:
        """Send a frame; return the reply, empty when there is none."""
        self._frames_in += 1
        body = frame if isinstance(frame, str) else json.dumps(frame)
        context = {"connectionId": connection_id, "eventType": "MESSAGE"}
        reply: str = self.run("subscribe", {"requestContext": context, "body": body}).get(
            "body", ""
        )
        if reply:
            self._replies.append(reply)
        return reply

    def disconnect(self, connection_id: str) -> None:
        """Close a client's connection."""
        context = {"connectionId": connection_id, "eventType": "DISCONNECT"}
        self.gateway.open.discard(connection_id)
        self.run("disconnect", {"requestContext": context})

    def deliver_queued(self, function: str) -> None:
        """Run a function for each message that is in its queue, and for those that it queues."""
        while self.queued:
            body = self.queued.pop(0)
            record = {"messageId": "m", "eventSource": "aws:sqs", "body": body}
            assert self.run(function, {"Records": [record]}) == {"batchItemFailures": []}

    def run(self, function: str, event: Any) -> Any:
        """Invoke a function."""
        self._invocations[function] += 1
        with redirect_stdout(self._prints):
            return self._handlers[function].handler(event, self._context)

    def members(self, room: str, count: int, *, shards: int = 1, crowd: bool = False) -> None:
        """Put open connections into a room, as many into each shard; a `crowd` is not in moto."""
        for shard in range(shards):
            partition = keys.partition(room, shard)
            ids = [f"L0SM{shard:03d}{number:06d}HcCI="[:16] for number in range(count // shards)]
            now = int(time.time())
            items = [member_item(partition, Member(each, JSON, now + 3600, 0)) for each in ids]
            self.gateway.open.update(ids)
            if crowd:
                self.crowds[partition] = items
            else:
                self._put("rooms", items)

    # What it takes.

    def measure(
        self,
        do: Callable[[], object],
        *,
        sees: str = "reply",
        then: Callable[[], object] = lambda: None,
    ) -> Metered:
        """Meter an action: `do`, in which sequences are counted, and `then`, what follows it.

        The client sees the `reply` (when `do` has ended), the first `post`, the first `packet`
        that is put into an outbox, or `nothing`.
        """
        self._forget()
        before = self._scan()
        self.calls = Calls(settled=SETTLED)
        do()
        first = self.calls
        self.calls = Calls(settled=0)
        then()
        self._sizes = _larger(before, self._scan())
        made = [*first.all, *self.calls.all]
        sequence = {
            "reply": lambda: first.depth,
            "post": lambda: first.depth_before("post"),
            "packet": lambda: first.depth_before("dynamodb PutItem", _is_packet),
        }
        return Metered(
            calls=dict(sorted(Counter(_operation(call.name) for call in made).items())),
            sequence=sequence[sees]() if sees in sequence else None,
            depth=first.depth,
            invocations=dict(sorted(self._invocations.items())),
            **self._frames(made),
            read_units=sum(self._read(call) for call in made),
            write_units=sum(self._written(call) for call in made),
            logs=_rounded(self._logs.getvalue().replace('"cold_start":true', '"cold_start":false')),
            metrics=_rounded(self._prints.getvalue()),
            waits=round(self._slept, 1),
        )

    def _frames(self, made: Iterable[Call]) -> dict[str, int]:
        posted = [len(call.request["frame"]) for call in made if call.name == "post"]
        replied = [len(reply.encode()) for reply in self._replies]
        over_http = sum(len(body.encode()) for body in self._replies_over_http)
        return {
            "frames_in": self._frames_in,
            "frames_out": len(posted) + len(replied),
            "bytes": sum(posted) + sum(replied) + over_http,
        }

    def _read(self, call: Call) -> float:
        service, _, action = call.name.partition(" ")
        if service != "dynamodb":
            return 0.0
        return capacity.read_units(action, call.request, call.answer, self._size_of)

    def _written(self, call: Call) -> int:
        service, _, action = call.name.partition(" ")
        if service != "dynamodb":
            return 0
        return capacity.write_units(action, call.request, self._size_of)

    def _size_of(self, key: capacity.Key) -> int:
        if key[0] == "rooms" and key[1] in self.crowds:
            return sizes.item_bytes(self.crowds[key[1]][0])  # all of them are alike
        return self._sizes.get(key, 0)

    def _scan(self) -> dict[capacity.Key, int]:
        """Return the sizes of all items of all tables."""
        found: dict[capacity.Key, int] = {}
        for table in KEYS:
            for page in self._tables.get_paginator("scan").paginate(TableName=table):
                found |= {
                    capacity.key_of(table, item): sizes.item_bytes(item) for item in page["Items"]
                }
        return found

    def _forget(self) -> None:
        """Forget what was counted while the action was prepared."""
        self._invocations.clear()
        self._replies.clear()
        self._replies_over_http.clear()
        self._frames_in = 0
        self._slept = 0.0
        for written in (self._logs, self._prints):
            written.seek(0)
            written.truncate()

    # How it is put together.

    def _create(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Create what the stack creates, and tell the functions its names."""
        secrets = boto3.client("secretsmanager")
        boto3.client("events").create_event_bus(Name="bus")
        variables = {f"{name}_table": name for name in KEYS} | {
            "jwt_secret_arn": secrets.create_secret(Name="jwt", SecretString=SECRET)["ARN"],
            "github_secret_arn": secrets.create_secret(Name="hub", SecretString=GITHUB_SECRET)[
                "ARN"
            ],
            "open_function": "open",
            "deadline_queue_url": "https://sqs/deadline",
            "pages_queue_url": "https://sqs/pages",
            "event_bus": "bus",
            "heartbeat_interval": "60",  # each run serves all
            "commands_per_second": "1000",  # each command meets a bucket that is full
        }
        for name, value in variables.items():
            monkeypatch.setenv(f"ROOMCAST_{name.upper()}", value)
        for module in self._handlers.values():
            for handler in module.logger.handlers:
                monkeypatch.setattr(handler, "stream", self._logs)

    def _record(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Record the calls of the service's own clients, of boto3's, and of the gateway."""
        call_json, send = ServiceClient.json, ServiceClient.send
        call_boto3: Any = vars(BaseClient)["_make_api_call"]

        def recorded_json(client: ServiceClient, action: str, request: Any) -> Any:
            service = client._service.name
            with self.calls.record(f"{service} {action}", dict(request)) as call:
                call.answer = self._own_answer(service, action, request)
                if call.answer is None:
                    call.answer = call_json(client, action, request)
            return call.answer

        def recorded_send(client: ServiceClient, action: str, path: str, *rest: Any) -> Any:
            if client._service.name != "lambda":
                return send(client, action, path, *rest)
            with self.calls.record(f"lambda {action}"):
                self.opened.append(json.loads(rest[-1]))
            return HttpResponse(None, 202)

        def recorded_boto3(client: Any, action: str, request: Any) -> Any:
            service = client.meta.service_model.service_name
            if client is self._tables:
                return call_boto3(client, action, request)
            with self.calls.record(f"{service} {action}", request) as call:
                call.answer = call_boto3(client, action, request)
            return call.answer

        monkeypatch.setattr(ServiceClient, "json", recorded_json)
        monkeypatch.setattr(ServiceClient, "send", recorded_send)
        monkeypatch.setattr(BaseClient, "_make_api_call", recorded_boto3)
        monkeypatch.setattr(
            "roomcast_backend.runtime.gateway.ConnectionsApi", lambda _: _MeteredGateway(self)
        )
        monkeypatch.setattr(
            "functions.poll.wiring.PollingTransport",
            partial(PollingTransport, clock=self.clock, sleep=self._sleep),
        )

    def _sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        happens = self.meanwhile.pop(len(self.clock.slept), None)
        if happens is not None:
            with self._unmetered():
                happens()

    @contextmanager
    def _unmetered(self) -> Iterator[None]:
        """Meter nothing of what others do meanwhile."""
        calls, invocations, frames_in = self.calls, self._invocations.copy(), self._frames_in
        ends = [(written, written.tell()) for written in (self._logs, self._prints)]
        replies = len(self._replies)
        self.calls = Calls(settled=0)
        yield
        self.calls, self._invocations, self._frames_in = calls, invocations, frames_in
        del self._replies[replies:]
        for written, end in ends:
            written.seek(end)
            written.truncate()

    def _own_answer(self, service: str, action: str, request: Any) -> Any:
        """Return the answer of what is not on moto, None for what is."""
        if service == "sqs":
            self.queued.append(request["MessageBody"])
            return {"MessageId": "m"}
        if action == "Query" and request["TableName"] == "rooms":
            partition = request["ExpressionAttributeValues"][":room"]["S"]
            if partition in self.crowds:
                return self._page(self.crowds[partition], request)
        return None

    def _page(self, crowd: list[Item], request: dict[str, Any]) -> Any:
        assert request["KeyConditionExpression"] == "room = :room"
        after = request.get("ExclusiveStartKey")
        start = bisect_right(crowd, after["connection_id"]["S"], key=_connection_id) if after else 0
        page = crowd[start : start + request["Limit"]]
        answer: dict[str, Any] = {"Items": page}
        if len(page) == request["Limit"]:
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in KEYS["rooms"]}
        return answer

    def _put(self, table: str, items: list[Item]) -> None:
        for start in range(0, len(items), 25):
            puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
            self._tables.batch_write_item(RequestItems={table: puts})


class _MeteredGateway:
    """The gateway, recorded by whatever meter the deployment has at the time."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def __getattr__(self, name: str) -> Any:
        deployment = self._deployment
        return getattr(deployment.calls.wrap_gateway(deployment.gateway), name)


def _connection_id(item: Item) -> str:
    return str(item["connection_id"]["S"])


def _is_packet(call: Call) -> bool:
    """Tell whether a call puts a packet into an outbox."""
    return bool(call.request["TableName"] == "polling" and "frame" in call.request["Item"])


def _operation(name: str) -> str:
    """Return the name of a call as it stands in the table."""
    if name in GATEWAY:
        return f"@connections {GATEWAY[name]}"
    service, _, action = name.partition(" ")
    return f"{SERVICES[service]} {action}"


def _larger(
    before: dict[capacity.Key, int], after: dict[capacity.Key, int]
) -> dict[capacity.Key, int]:
    keys_of_both = before.keys() | after.keys()
    return {key: max(before.get(key, 0), after.get(key, 0)) for key in keys_of_both}


def _rounded(text: str) -> int:
    return -(-len(text.encode()) // LOG_GRAIN) * LOG_GRAIN
