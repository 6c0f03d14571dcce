"""The service as Socket.IO and JSON clients meet it: on moto's tables, with a fake gateway."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from roomcast.envelope import Envelope
from roomcast_backend.auth.tokens import TokenRefused
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.fanout.broadcast import FanOut
from roomcast_backend.fanout.heartbeat import Heartbeat
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.fanout.slots import Slots
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import Work
from roomcast_backend.gateway.paced_posts import PacedPosts
from roomcast_backend.inbound.commands import Commands
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.inbound.json_handler import JsonHandler
from roomcast_backend.inbound.replay import Replay
from roomcast_backend.inbound.sessions import Sessions
from roomcast_backend.inbound.socketio_commands import SessionCommands
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.lifecycle.auth_timeout import AuthTimeout
from roomcast_backend.lifecycle.greeting import Greeter
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.lifecycle.token_check import TokenCheck
from roomcast_backend.model.access import Grant, Principal
from roomcast_backend.model.connection import SOCKET_IO, Connection, State
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.protocol.heartbeats import PING_MODE, EngineIoTimers
from roomcast_backend.stores.connections import ConnectionStore, RateLimit
from roomcast_backend.stores.ended_access import EndedAccessStore
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.polling import PollingStore
from roomcast_backend.stores.recovery import RecoveryStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.rooms import RoomStore
from roomcast_backend.stores.sessions import SessionStore
from roomcast_backend.stores.sweeps import SweepStore
from tests.fakes import presences, states
from tests.fakes.clock import FakeClock
from tests.fakes.data import FakeData
from tests.fakes.gateway import FakeGateway
from tests.fakes.tables import table_settings

USER = "6f1c0f9e-0000-4000-8000-000000000001"
OTHER = "6f1c0f9e-0000-4000-8000-000000000002"
HOUR = 3600


class NoQueue:
    """Takes no work: nothing in these tests is too much for one invocation."""

    def put(self, work: Work, *, delay: int = 0) -> None:
        raise AssertionError(f"{work} was queued")


class Server:
    """The service and its clients' connections. The ids of events are made of the clock's time."""

    def __init__(self, dynamodb: Any, **changes: Any) -> None:
        few: dict[str, Any] = {"max_rooms_per_connection": 5, "global_shards": 4, "page_size": 100}
        self.settings = table_settings(**{**few, **changes})
        self.dynamodb = dynamodb
        self.clock = FakeClock()
        self.gateway = FakeGateway()
        self.connections = ConnectionStore(self.settings, client=dynamodb)
        self.memberships = MembershipStore(
            self.settings, client=dynamodb, sleep=self.clock.sleep, clock=self.clock
        )
        self.rooms = RoomStore(self.settings, client=dynamodb)
        self.events = EventStore(self.settings, client=dynamodb)
        self.terminator = Terminator(
            self.gateway, self.memberships, clock=self.clock, sleep=self.clock.sleep
        )
        self.tokens: dict[str, Principal | Exception] = {"good": self.principal()}
        self.ended_access = EndedAccessStore(self.settings, client=dynamodb)
        self.token_check = TokenCheck(self._principal_of, self.ended_access, clock=self.clock)
        self.greeted: list[str] = []
        self.checks: list[tuple[str, int]] = []
        sender = Sender(self.gateway, self.memberships, clock=self.clock, sleep=self.clock.sleep)
        self.log = RoomLog(self.settings, client=dynamodb, sleep=self.clock.sleep)
        limit = RateLimit(interval=100, burst=20)
        charge = partial(self.connections.charge, limit=limit)
        data = FakeData()
        frames = EventFrames(data, largest=self.settings.max_post_bytes)
        replay = Replay(
            self.log,
            self.events,
            PacedPosts(self.gateway, charge=charge, clock=self.clock),
            frames=frames,
            keep=24 * HOUR,
            clock=self.clock,
        )
        self.teller = states.teller(
            self.settings, dynamodb, self.gateway, self.clock, data=data, charge=charge
        )
        commands = Commands(
            connections=self.connections,
            memberships=self.memberships,
            tokens=self.token_check,
            replay=replay,
            teller=self.teller,
            presence=presences.commands(self.settings, dynamodb, self.clock),
            max_rooms_per_connection=self.settings.max_rooms_per_connection,
            clock=self.clock,
        )
        self.sessions = Sessions(
            store=SessionStore(self.settings, client=dynamodb, sleep=self.clock.sleep),
            recovery=RecoveryStore(self.settings, client=dynamodb),
            connections=self.connections,
            replay=replay,
            tokens=self.token_check,
            clock=self.clock,
        )
        self.dispatcher = Dispatcher(
            connections=self.connections,
            handlers={
                "json": JsonHandler(commands),
                SOCKET_IO: SocketIoHandler(
                    SessionCommands(commands, greet=self.greeted.append),
                    self.sessions,
                    gateway=self.gateway,
                ),
            },
            gateway=self.gateway,
            limit=limit,
            clock=self.clock,
        )
        self.fan_out = FanOut(
            self.settings,
            rooms=self.rooms,
            events=self.events,
            log=self.log,
            sender=sender,
            terminator=self.terminator,
            queue=NoQueue(),
            frames=frames,
            states=states.keeper(self.settings, dynamodb, self.clock, data),
            count_event=lambda _event, _count: None,
            clock=self.clock,
        )
        self.heartbeat = Heartbeat(
            rooms=self.rooms,
            sweeps=SweepStore(self.settings, client=dynamodb),
            sender=sender,
            terminator=self.terminator,
            slots=Slots.of(300, self.settings.global_shards),
            mode=PING_MODE,
            page_size=100,
            share=1000.0,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        self.deadline = AuthTimeout(
            connections=self.connections,
            memberships=self.memberships,
            terminator=self.terminator,
            deadline=15,
            check_again=lambda connection_id, seconds: self.checks.append((connection_id, seconds)),
            gateway=self.gateway,
            session_of=PollingStore(self.settings, client=dynamodb).get,
            clock=self.clock,
        )
        self.greeter = Greeter(
            connections=self.connections,
            memberships=self.memberships,
            gateway=self.gateway,
            timers=EngineIoTimers(interval=300_000, timeout=240_000),
            states=self.teller,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def _principal_of(self, token: str) -> Principal:
        found = self.tokens.get(token, TokenRefused("the token is not valid"))
        if isinstance(found, Exception):
            raise found
        return found

    def principal(self, user_id: str = USER, **changes: Any) -> Principal:
        values: dict[str, Any] = {
            "expires_at": int(self.clock.now) + HOUR,
            "projects": Grant(ids=frozenset({"p1", "p2"})),
        }
        return Principal(user_id=user_id, **{**values, **changes})

    def connect(
        self,
        connection_id: str = "c1",
        principal: Principal | None = None,
        protocol: str = SOCKET_IO,
    ) -> None:
        """Do what the handshake does."""
        state = State.OPEN if principal and protocol == "json" else State.PENDING
        now = int(self.clock.now)
        self.connections.put(Connection(connection_id, protocol, state, now, principal))
        self.gateway.open.add(connection_id)

    def say(self, frame: str, connection_id: str = "c1") -> str:
        self.clock.advance(1)
        return self.dispatcher.answer(connection_id, frame)

    def begin(
        self, namespace: str = "/ws", connection_id: str = "c1", **auth: Any
    ) -> dict[str, Any]:
        """Begin a session; return what its client is told."""
        where = "" if namespace == "/" else f"{namespace},"
        reply = self.say(f"40{where}{json.dumps({'token': 'good', **auth})}", connection_id)
        assert reply.startswith(f"40{where}{{"), reply
        body: dict[str, Any] = json.loads(reply.removeprefix(f"40{where}"))
        return body

    def ask(self, name: str, connection_id: str = "c1", **body: Any) -> dict[str, Any]:
        """Send a command in /ws; return its ack."""
        reply = self.say(f"42/ws,7{json.dumps([name, body])}", connection_id)
        assert reply.startswith("43/ws,7["), reply
        (answer,) = json.loads(reply.removeprefix("43/ws,7"))
        assert isinstance(answer, dict)
        return answer

    def drop(self, connection_id: str = "c1") -> None:
        """Break a connection, and have that noticed."""
        self.gateway.open.discard(connection_id)
        self.memberships.forget(connection_id)

    def envelope(self, *rooms: str, number: int = 0, made: float | None = None) -> Envelope:
        milliseconds = int((self.clock.now if made is None else made) * 1000)
        stamp = f"{milliseconds:012x}"
        event_id = f"{stamp[:8]}-{stamp[8:]}-7000-8000-{number:012x}"
        data = {"n": number}
        return Envelope(event_id, "project.updated", "2026-01-01T00:00:00Z", "s", rooms, data)

    def publish(self, *rooms: str, number: int = 0, made: float | None = None) -> Envelope:
        """Fan an event out a second later; return it as clients get it."""
        self.clock.advance(1)
        envelope = self.envelope(*rooms, number=number, made=made)
        self.broadcast(envelope)
        seqs = {
            room: entry.position
            for room in rooms
            for entry in self.log.recent(room, before=10**16 - 1, limit=1)
        }
        return replace(envelope, seqs=seqs)

    def broadcast(self, envelope: Envelope) -> Tally:
        return self.fan_out.broadcast(envelope, until=self.clock.now + 25)

    def heard(self, connection_id: str = "c1") -> list[str]:
        return [frame.decode() for frame in self.gateway.sent[connection_id]]

    def members(self, room: str) -> list[str]:
        return [
            member.connection_id
            for shard in self.rooms.shards(room)
            for member in self.rooms.members(room, shard, size=10)
            if not member.muted
        ]

    def rows(self, table: str) -> list[str]:
        """Return the ids of a table's connections, without the secrets of recovery."""
        items = self.dynamodb.scan(TableName=table)["Items"]
        ids = [item["connection_id"]["S"] for item in items]
        return sorted(each for each in ids if not each.startswith("#"))


def limit_keys(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse keys of more than 2048 bytes as DynamoDB does; moto takes them.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """

    def limited(name: str) -> Any:
        call = getattr(dynamodb, name)

        def check(**request: Any) -> Any:
            if any(len(value["S"].encode()) > 2048 for value in request["Key"].values()):  # noqa: PLR2004
                raise AwsError("dynamodb", name, "ValidationException", status=400)
            return call(**request)

        return check

    for name in ("get_item", "delete_item"):
        monkeypatch.setattr(dynamodb, name, limited(name))


def event_frame(envelope: Envelope, room: str, where: str = "/ws,", *offset: str) -> str:
    arguments = [envelope.type, envelope.for_room(room), *offset]
    return f"42{where}" + json.dumps(arguments, separators=(",", ":"))


def refusal(frame: str, where: str = "/ws,") -> dict[str, Any]:
    assert frame.startswith(f"44{where}{{"), frame
    body: dict[str, Any] = json.loads(frame.removeprefix(f"44{where}"))
    return body
