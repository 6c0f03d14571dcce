"""A service of the size that `roomcast doctor` sees, with faults that can be switched on.

One aiohttp application speaks both protocols, takes webhooks and tells statistics; `aws` returns
the clients of an AWS that delivers to it. Each fault of `FAULTS` breaks one promise.
"""

import asyncio
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import jwt
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from botocore.exceptions import ClientError

from roomcast.cli.deployment import Deployment

SECRET = "0123456789abcdef0123456789abcdef"
GITHUB_SECRET = "fedcba9876543210fedcba9876543210"
FRAME_LIMIT = 32 * 1024
ERROR_FRAME = json.dumps(
    {"message": "Internal server error", "connectionId": "c=", "requestId": "r"}
)

FAULTS = (
    "accepts_bad_tokens",
    "caches_errors",
    "closes_on_large_events",
    "closes_quiet_connections",
    "counts_nothing",
    "cuts_large_events",
    "empty_frames",
    "error_frames",
    "expired_gets_500",
    "forgets_nothing",
    "forgets_sessions",
    "greets_nobody",
    "ignores_pongs",
    "ignores_webhooks",
    "loses_every_third_event",
    "loses_on_recovery",
    "loses_on_session_recovery",
    "loses_polling",
    "never_delivers",
    "never_recovers",
    "publishes_twice",
    "refuses_in_bursts",
    "refuses_puts",
    "replies_to_no_unsubscribe",
    "takes_large_frames",
    "unhealthy",
    "unreadable_secret",
)


@dataclass(eq=False, slots=True)
class Member:
    """One connection."""

    socket: web.WebSocketResponse
    socketio: bool
    user: str = ""
    pid: str = ""
    rooms: set[str] = field(default_factory=set)


class DoctorService:
    """The service; `faults` are those that are switched on."""

    def __init__(self, *faults: str) -> None:
        assert set(faults) <= set(FAULTS), faults
        self.faults = set(faults)
        self.url = ""
        self.members: set[Member] = set()
        self.ghosts: Counter[str] = Counter()
        self.events: list[dict[str, Any]] = []
        self.deliveries: dict[str, str] = {}
        self.registry: dict[str, Any] = {}
        self.cached: web.Response | None = None
        self.aws = FakeAws(self)
        self._loop = asyncio.get_running_loop()
        self._tasks: set[Any] = set()

    @property
    def deployment(self) -> Deployment:
        """Return the addresses of this service."""
        return Deployment(
            name="fake",
            websocket_url=f"{self.url.replace('http', 'ws', 1)}/ws",
            stats_url=f"{self.url}/stats",
            health_url=f"{self.url}/health",
            webhook_url=f"{self.url}/webhooks/github",
            event_bus="bus",
            registry_table="registry",
            _jwt_secret=SECRET,
            _github_secret=GITHUB_SECRET,
        )

    @property
    def application(self) -> web.Application:
        """Return its routes."""
        app = web.Application()
        app.router.add_get("/ws", self.websocket)
        app.router.add_get("/socket.io/", self.socketio)
        app.router.add_get("/health", self.health)
        app.router.add_get("/stats", self.statistics)
        app.router.add_options("/stats", self.preflight)
        app.router.add_post("/webhooks/github", self.webhook)
        return app

    async def health(self, _: web.Request) -> web.Response:
        return web.Response(status=503 if "unhealthy" in self.faults else 200)

    async def socketio(self, request: web.Request) -> web.StreamResponse:
        """Answer polling, or the handshake of a WebSocket."""
        if request.query["transport"] == "websocket":
            return await self.websocket(request)
        if "loses_polling" in self.faults:
            return web.json_response({"message": "Forbidden"}, status=403)
        return web.Response(text='0{"sid":"a","upgrades":["websocket"]}')

    async def preflight(self, _: web.Request) -> web.Response:
        return web.Response(status=204)

    async def statistics(self, request: web.Request) -> web.Response:
        claims = _claims(request.headers["Authorization"])
        assert claims is not None
        assert claims["role"] == "admin"
        counted = Counter(room for member in self.members for room in member.rooms) + self.ghosts
        if "counts_nothing" in self.faults:
            counted.clear()
        return web.json_response({"connections": len(self.members), "detail": dict(counted)})

    async def webhook(self, request: web.Request) -> web.Response:
        body = await request.read()
        expected = "sha256=" + hmac.new(GITHUB_SECRET.encode(), body, hashlib.sha256).hexdigest()
        if "unreadable_secret" in self.faults:
            return web.json_response({"message": "Internal Server Error"}, status=500)
        if request.headers["X-Hub-Signature-256"] != expected:
            return web.json_response({}, status=401)
        payload = json.loads(body)
        link = self.registry.get(f"repo#{payload['repository']['full_name']}")
        if link is None or "ignores_webhooks" in self.faults:
            return web.json_response({"status": "ignored"}, status=200)
        delivery = request.headers["X-GitHub-Delivery"]
        known = self.deliveries.get(delivery)
        if known is None or "publishes_twice" in self.faults:
            event_id = str(uuid4())
            self.deliveries.setdefault(delivery, event_id)
            room = f"project:{link['project_id']['S']}"
            await self.deliver({"id": event_id, "type": "pr.created", "rooms": [room], "data": {}})
        status = "accepted" if known is None else "duplicate"
        answer = {"status": status, "id": self.deliveries[delivery]}
        return web.json_response(answer, status=202)

    async def websocket(self, request: web.Request) -> web.StreamResponse:
        authorization = request.headers.get("Authorization", "")
        claims = _claims(authorization)
        if "caches_errors" in self.faults and self.cached is not None:
            return web.Response(status=401)
        if authorization and claims is None and "accepts_bad_tokens" not in self.faults:
            self.cached = web.Response(status=401)
            expired = "expired_gets_500" in self.faults and "invalid" not in authorization
            return web.Response(status=500 if expired else 401)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        member = Member(socket, "EIO" in request.query)
        self.members.add(member)
        if "closes_quiet_connections" in self.faults:
            self._loop.call_later(0.3, lambda: self._start(socket.close()))
        try:
            await self._greet(member, claims)
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._frame(member, message.data)
        finally:
            self.members.discard(member)
            if "forgets_nothing" in self.faults:
                self.ghosts.update(member.rooms)
        return socket

    async def _greet(self, member: Member, claims: Any) -> None:
        if "greets_nobody" in self.faults:
            return
        if member.socketio:
            await member.socket.send_str('0{"sid":"s","pingInterval":1,"pingTimeout":1}')
        elif claims:
            self._join(member, claims)
            await _send(member, {"type": "connection.established", "id": str(uuid4())})

    def _join(self, member: Member, claims: Any) -> None:
        member.user = claims["sub"]
        member.rooms |= {"global", f"user:{member.user}"}

    async def _frame(self, member: Member, frame: str) -> None:
        if len(frame) > FRAME_LIMIT and "takes_large_frames" not in self.faults:
            await member.socket.close(code=1009)
        elif not frame and "error_frames" in self.faults:
            await member.socket.send_str(ERROR_FRAME)
        elif member.socketio:
            await self._packet(member, frame)
        else:
            await self._command(member, frame)

    async def _command(self, member: Member, frame: str) -> None:
        try:
            body = json.loads(frame)
        except ValueError:
            known = "takes_large_frames" in self.faults and frame
            error = {"status": "error", "code": "INVALID_MESSAGE"}
            await _send(member, {"status": "success"} if known else error)
            return
        reply = await self._answer(member, body.pop("action"), body)
        if reply is not None:
            await _send(member, {**reply, "id": body.get("id")})

    async def _packet(self, member: Member, frame: str) -> None:
        if frame == "3" and "ignores_pongs" in self.faults:
            return
        given = re.fullmatch(r"(4[02])/ws,(\d*)(.*)", frame)
        if given is None:
            await self._say_nothing(member)
        elif given[1] == "40":
            await self._session(member, json.loads(given[3]))
        else:
            name, body = json.loads(given[3])
            reply = await self._answer(member, name, body)
            if not given[2]:
                await self._say_nothing(member)
            elif reply is not None:
                await member.socket.send_str(f"43/ws,{given[2]}{json.dumps([reply])}")

    async def _say_nothing(self, member: Member) -> None:
        await member.socket.send_str("" if "empty_frames" in self.faults else "6")

    async def _session(self, member: Member, auth: dict[str, Any]) -> None:
        claims = _claims(f"Bearer {auth.get('token', '')}")
        if claims is None and "accepts_bad_tokens" not in self.faults:
            code = "AUTH_FAILED" if "token" in auth else "AUTH_MISSING"
            await member.socket.send_str(f"44/ws,{json.dumps({'data': {'code': code}})}")
            return
        self._join(member, claims or {"sub": "anybody"})
        lost = auth.get("pid") and "forgets_sessions" not in self.faults
        member.pid = auth["pid"] if lost else uuid4().hex
        if auth.get("pid") and "loses_on_session_recovery" not in self.faults:
            for event in self._since(auth["offset"]):
                await self._post(member, event, event["rooms"][0])
        pid = {"pid": member.pid} if auth.get("recover") else {}
        await member.socket.send_str(f"40/ws,{json.dumps({'sid': 's', **pid})}")
        greeting = ["connection_established", {"id": str(uuid4())}]
        await member.socket.send_str(f"42/ws,{json.dumps(greeting)}")

    async def _answer(self, member: Member, action: str, body: dict[str, Any]) -> Any:
        answer: Any = {"status": "error", "code": "INVALID_MESSAGE"}
        match action:
            case _ if not member.user:
                answer = {"status": "error", "code": "AUTH_MISSING"}
            case "ping":
                answer = {"status": "pong"}
            case "debug:rooms":
                answer = {"status": "success", "rooms": sorted(member.rooms)}
            case "unsubscribe" if "replies_to_no_unsubscribe" in self.faults:
                answer = None
            case "unsubscribe":
                member.rooms.discard(body["room"])
                answer = {"status": "success", "room": body["room"]}
            case "subscribe":
                answer = await self._subscribe(member, body)
        return answer

    async def _subscribe(self, member: Member, body: dict[str, Any]) -> Any:
        if "refuses_in_bursts" in self.faults and len(member.rooms) > 5:
            return {"status": "error", "code": "UNAVAILABLE"}
        member.rooms.add(body["room"])
        return {"status": "success", "room": body["room"], **await self._replay(member, body)}

    async def _replay(self, member: Member, body: dict[str, Any]) -> dict[str, Any]:
        if "since" not in body:
            return {}
        if "loses_on_recovery" not in self.faults:
            for event in self._since(body["since"]):
                await self._post(member, event, body["room"])
        return {"recovered": "never_recovers" not in self.faults}

    def _since(self, event_id: str) -> list[dict[str, Any]]:
        ids = [event["id"] for event in self.events]
        return self.events[ids.index(event_id) + 1 :]

    def put(self, entry: dict[str, Any]) -> None:
        """Take an entry of the bus, from whichever thread."""
        event = json.loads(entry["Detail"])
        self._loop.call_soon_threadsafe(lambda: self._start(self.deliver(event)))

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def deliver(self, event: dict[str, Any]) -> None:
        """Send an event to the members of its rooms."""
        self.events.append(event)
        lost = "loses_every_third_event" in self.faults and len(self.events) % 3 == 0
        if lost or "never_delivers" in self.faults:
            return
        for member in list(self.members):
            room = next((room for room in event["rooms"] if room in member.rooms), "")
            if room:
                await self._post(member, event, room)

    async def _post(self, member: Member, event: dict[str, Any], room: str) -> None:
        copy = {**event, "room": room}
        if len(json.dumps(event)) > FRAME_LIMIT:
            if "closes_on_large_events" in self.faults:
                await member.socket.close(code=1009)
                return
            if "cuts_large_events" in self.faults:
                copy["data"] = {"changes": {"padding": "x"}}
        if member.socketio:
            arguments = [event["type"], copy, event["id"]]
            await member.socket.send_str(f"42/ws,{json.dumps(arguments)}")
        else:
            await _send(member, copy)


class FakeAws:
    """The account; `denied` are operations that the caller may not call.

    Its attributes are what the account's resources are like; tests change them.
    """

    def __init__(self, service: DoctorService) -> None:
        self.service = service
        self.denied: set[str] = set()
        self.rules = [{"State": "ENABLED"}]
        self.has_bus = True
        self.alarm_states = {"AlarmA": "OK", "AlarmB": "INSUFFICIENT_DATA"}
        self.alarm_details: dict[str, Any] = {}
        self.dead_letters = 0
        self.executions = 1000
        self.reserved: dict[str, int] = {}
        self.throttle_rate = 10_000.0
        self.is_rate_applied = True
        self.aliases: dict[str, str] = {}
        self.functions = {name: function(name) for name in ("connect", "broadcast")}

    def __call__(self, service: str) -> Any:
        """Return the client of a service, which has the operations that the doctor calls."""
        if service == "cloudformation":
            return SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=self.resources))
        return SimpleNamespace(
            put_events=self._allowed("PutEvents", self.put_events),
            describe_event_bus=self._allowed("DescribeEventBus", self.describe_event_bus),
            list_rules=self._allowed("ListRules", lambda **_: {"Rules": self.rules}),
            put_item=self._allowed("PutItem", self.put_item),
            delete_item=self._allowed("DeleteItem", self.delete_item),
            describe_alarms=self._allowed("DescribeAlarms", self.describe_alarms),
            get_queue_attributes=self._allowed(
                "GetQueueAttributes",
                lambda **_: {"Attributes": {"ApproximateNumberOfMessages": str(self.dead_letters)}},
            ),
            get_account_settings=self._allowed(
                "GetAccountSettings",
                lambda: {"AccountLimit": {"ConcurrentExecutions": self.executions}},
            ),
            get_function_configuration=self._allowed(
                "GetFunctionConfiguration",
                lambda **request: self.functions[request["FunctionName"]],
            ),
            get_function_concurrency=self._allowed(
                "GetFunctionConcurrency", self.get_function_concurrency
            ),
            list_service_quotas=self._allowed("ListServiceQuotas", self.list_service_quotas),
            list_aws_default_service_quotas=self._allowed(
                "ListAWSDefaultServiceQuotas", lambda **_: {"Quotas": [self.throttle_quota]}
            ),
            filter_log_events=self._allowed("FilterLogEvents", self.filter_log_events),
        )

    def _allowed(self, operation: str, call: Any) -> Any:
        def checked(**request: Any) -> Any:
            if operation in self.denied:
                raise error("AccessDeniedException", operation)
            return call(**request)

        return checked

    def resources(self, **_: Any) -> Any:
        if "ListStackResources" in self.denied:
            raise error("AccessDenied", "ListStackResources")
        types = {
            "BroadcastLogs": ("AWS::Logs::LogGroup", "logs"),
            "QueuesOpenDeadLetters": ("AWS::SQS::Queue", "url"),
            "QueuesPages": ("AWS::SQS::Queue", "other"),
            **{name: ("AWS::CloudWatch::Alarm", name) for name in self.alarm_states},
            **{name: ("AWS::Lambda::Function", name) for name in ("connect", "broadcast")},
            **{f"{name}Live": ("AWS::Lambda::Alias", arn) for name, arn in self.aliases.items()},
        }
        summaries = [
            {"ResourceType": kind, "LogicalResourceId": logical, "PhysicalResourceId": physical}
            for logical, (kind, physical) in types.items()
        ]
        return [{"StackResourceSummaries": summaries}]

    def put_events(self, Entries: Any) -> Any:  # noqa: N803
        if "refuses_puts" in self.service.faults:
            return {"Entries": [{"ErrorCode": "ResourceNotFoundException"}]}
        for entry in Entries:
            assert entry["EventBusName"] == "bus"
            self.service.put(entry)
        return {"Entries": [{"EventId": "e"} for _ in Entries]}

    def describe_event_bus(self, **_: Any) -> Any:
        if not self.has_bus:
            raise error("ResourceNotFoundException", "DescribeEventBus")
        return {}

    def put_item(self, Item: Any, **_: Any) -> Any:  # noqa: N803
        self.service.registry[Item["entry"]["S"]] = Item
        return {}

    def delete_item(self, Key: Any, **_: Any) -> Any:  # noqa: N803
        return {"Attributes": self.service.registry.pop(Key["entry"]["S"], None)}

    def describe_alarms(self, AlarmNames: Any, **_: Any) -> Any:  # noqa: N803
        found = [
            {"StateValue": self.alarm_states[name], "AlarmDescription": f"{name} rings"}
            | self.alarm_details
            for name in AlarmNames
        ]
        return {"MetricAlarms": found}

    def get_function_concurrency(self, FunctionName: str) -> Any:  # noqa: N803
        if FunctionName not in self.reserved:
            return {}
        return {"ReservedConcurrentExecutions": self.reserved[FunctionName]}

    def list_service_quotas(self, **request: Any) -> Any:
        if "NextToken" not in request:
            return {"Quotas": [{"QuotaName": "APIs", "Value": 1.0}], "NextToken": "n"}
        return {"Quotas": [self.throttle_quota] if self.is_rate_applied else []}

    @property
    def throttle_quota(self) -> dict[str, Any]:
        return {"QuotaName": "Throttle rate", "Value": self.throttle_rate}

    def filter_log_events(self, **request: Any) -> Any:
        events = []
        for number, event in enumerate(self.service.events):
            line = {"event_id": event["id"], "function_request_id": f"r{number}"}
            events.append({"message": json.dumps(line)})
            events.append({"message": f"REPORT RequestId: r{number}\tDuration: 12.50 ms\tBilled"})
        if "nextToken" in request:
            return {"events": events[1:]}
        return {"events": events[:1], "nextToken": "n"}


def function(name: str) -> dict[str, Any]:
    """Return what Lambda says of a function."""
    return {
        "FunctionName": name,
        "Handler": f"functions.{name}.handler.handler",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "CodeSha256": "x",
        "Environment": {
            "Variables": {"POWERTOOLS_SERVICE_NAME": name, "ROOMCAST_POSTS_PER_SECOND": "2000"}
        },
    }


def error(code: str, operation: str) -> ClientError:
    """Return boto3's error for a code."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@asynccontextmanager
async def serving(*faults: str) -> AsyncIterator[DoctorService]:
    """Serve it on a port of its own."""
    service = DoctorService(*faults)
    server = TestServer(service.application)
    await server.start_server()
    service.url = str(server.make_url("")).rstrip("/")
    try:
        yield service
    finally:
        await server.close()


async def _send(member: Member, frame: dict[str, Any]) -> None:
    await member.socket.send_str(json.dumps(frame))


def _claims(authorization: str) -> Any:
    token = authorization.removeprefix("Bearer ")
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return None
