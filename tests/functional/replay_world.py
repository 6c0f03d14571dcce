"""A world for histories of replay: the service on tables in memory, its bus and queue, and clients.

Whatever one invocation does happens in one thread, so that a history is the same each time: the
seed of its random numbers says all about it. An invocation can be killed at any of its calls,
before the call is made or before it is answered, and a client can come back at any of them.
"""

import json
import math
import random
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from roomcast.envelope import Envelope
from roomcast_backend.fanout.broadcast import FanOut
from roomcast_backend.fanout.room_delivery import MembersUnreached
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.fanout.work import Work
from roomcast_backend.gateway.paced_posts import PacedPosts
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.inbound.commands import Commands
from roomcast_backend.inbound.replay import Replay
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.access import EVERYTHING, Principal
from roomcast_backend.model.connection import Connection, State
from roomcast_backend.model.order import Sent
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.protocol.messages import Command
from roomcast_backend.stores import keys
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.rooms import RoomStore
from tests.fakes import presences, states
from tests.fakes.clock import FakeClock
from tests.fakes.data import FakeData
from tests.fakes.gateway import FakeGateway
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.tables import table_settings
from tests.fakes.token_checks import unrevoked

ROOMS = ("project:p1", "project:p2")
SKEW = 4.0
"""Seconds by which a container's clock is wrong at most: two are less than 10 s apart."""

KILLED, MEANWHILE, TWICE, NOTICED, BROKEN = 0.3, 0.2, 0.1, 0.5, 0.3
"""How likely it is that an invocation is killed; that a client comes back meanwhile; that an event
or a message is given out twice; that a loss is noticed; that a connection breaks in its replay."""

Event = dict[str, Any]


class Killed(Exception):
    """The container of an invocation ended in the middle of a call."""


class Lied(AssertionError):
    """A client was told that it has got everything, and had not."""


class Once(Future[Any]):
    """A call that is made when its result is asked for."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self._call = call

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            run(self, self._call)
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        if not self.done():
            run(self, self._call)
        return super().exception(timeout)


class InTurn:
    """An executor without threads: it does at once what it is given, or when that is asked for."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def submit(self, do: Callable[..., Any], *args: Any, **options: Any) -> Future[Any]:
        may_wait = do.__qualname__ in ("RoomLog.put", "StateKeeper.note")
        if may_wait and self._chance.random() < 0.5:
            return Once(lambda: do(*args, **options))
        future: Future[Any] = Future()
        run(future, lambda: do(*args, **options))
        return future

    def map(self, do: Callable[..., Any], things: Any) -> list[Any]:
        return [do(thing) for thing in things]


def run(future: Future[Any], call: Callable[[], Any]) -> None:
    try:
        future.set_result(call())
    except Exception as exc:
        future.set_exception(exc)


class HookedGateway(FakeGateway):
    """A gateway whose posts can be the call at which an invocation is killed."""

    def __init__(self, call: Callable[..., None]) -> None:
        super().__init__()
        self._call = call
        self.cut: dict[str, int] = {}  # how many more posts a connection takes before it is lost

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        self._call(after=False)
        left = self.cut.get(connection_id)
        if left == 0:
            self.open.discard(connection_id)
        elif left is not None:
            self.cut[connection_id] = left - 1
        outcome = super().post(connection_id, frame)
        self._call(after=True)
        return outcome


@dataclass(slots=True)
class Client:
    """A client and what it knows.

    `got` are the ids of all events that it got, `since` where each room goes on: several values
    that each will do. `answered` are the rooms that this connection has subscribed to, `excused`
    the events of each room that the client fetched from its backend, or came before it.
    """

    rooms: tuple[str, ...]
    connection: str = ""
    read: int = 0
    greeting: str = ""
    got: set[str] = field(default_factory=set)
    since: dict[str, list[str | int]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    arrived: dict[str, Event] = field(default_factory=dict)
    excused: dict[str, set[str]] = field(default_factory=dict)

    def connect(self, connection: str, greeting: str) -> None:
        self.connection, self.greeting, self.read = connection, greeting, 0
        self.answered, self.arrived = set(), {}

    def take(self, event: Event) -> None:
        """Get an event; go on from it where the room has been subscribed to."""
        self.got.add(event["id"])
        self.arrived[event["room"]] = event
        self.move_on()
        if self.answered == set(self.rooms):
            for room in self.rooms:
                self.since[room].append(event["id"])

    def move_on(self) -> None:
        for room in self.answered & set(self.arrived):
            self.since[room] = [self.arrived[room]["seq"], self.arrived[room]["id"]]


class World:
    """The service, the bus, the queue, and clients that check what they are told."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.clock = FakeClock()
        self.tables = MemoryTables()
        self.tables.before = lambda _action: self._call(after=False)
        self.tables.after = lambda _action: self._call(after=True)
        self.gateway = HookedGateway(self._call)
        self.settings = table_settings(page_size=2, global_shards=1)
        self.bus: list[Envelope] = []
        self.queue: list[str] = []
        self.dead_events: list[Envelope] = []
        self.dead_work: list[str] = []
        self.accepted: dict[str, Envelope] = {}
        self.clients = [Client(self._some_rooms()) for _ in range(4)]
        self.replies: Counter[bool] = Counter()
        self._connections = ConnectionStore(self.settings, client=self.tables)
        self._memberships = MembershipStore(
            self.settings, client=self.tables, sleep=self.clock.sleep, clock=self.clock
        )
        self._frames = EventFrames(FakeData(), largest=self.settings.max_post_bytes)
        self._calls_left: float = math.inf
        self._then: Callable[[], None] | None = None
        self._numbers = count(1)

    # What can happen.

    def step(self) -> None:
        """Do one thing of all that can happen."""
        self.chance.choices(
            (self.publish, self.deliver, self.work, self.redrive, self.wait, self.drop,
             self.come_back),
            weights=(5, 6, 4, 1, 4, 2, 3),
        )[0]()  # fmt: skip

    def publish(self) -> None:
        """Have the bus accept an event, which is not delivered yet."""
        number = next(self._numbers)
        envelope = Envelope(
            id=self._id(number), type="pr.updated", timestamp="2026-01-01T00:00:00Z", source="s",
            rooms=self._some_rooms(), data={"pr_id": "1", "changes": {"n": number}},
            publisher=self.chance.choice(("", "p1", "p2")), number=number,
        )  # fmt: skip
        self.accepted[envelope.id] = envelope
        self.bus.append(envelope)

    def deliver(self) -> None:
        """Invoke the function for an event of the bus; what fails is tried again, or dead."""
        if not self.bus:
            return
        event = self.bus.pop(self.chance.randrange(len(self.bus)))
        if not self._invoke(lambda fan_out: fan_out.broadcast(event, until=self.clock.now + 40)):
            self.chance.choice((self.bus, self.bus, self.dead_events)).append(event)
        elif self.chance.random() < TWICE:
            self.bus.append(event)

    def work(self) -> None:
        """Invoke the function for a message of the queue."""
        if not self.queue:
            return
        message = self.queue.pop(self.chance.randrange(len(self.queue)))
        work = Work.from_message(message)
        if not self._invoke(lambda fan_out: fan_out.deliver(work, until=self.clock.now + 40)):
            self.chance.choice((self.queue, self.queue, self.dead_work)).append(message)
        elif self.chance.random() < TWICE:
            self.queue.append(message)

    def redrive(self) -> None:
        """Put the dead letters back."""
        self.bus += self.dead_events
        self.queue += self.dead_work
        self.dead_events.clear()
        self.dead_work.clear()

    def wait(self) -> None:
        """Let time pass: for a call, a retry of Lambda's, or a message that is invisible."""
        self.clock.advance(self.chance.choice((0.01, 0.5, 5, 15, 70, 400)))

    def drop(self) -> None:
        """Break a client's connection; that may be noticed at once, or later."""
        client = self.chance.choice(self.clients)
        self._lose(client)
        if client.connection and self.chance.random() < NOTICED:
            self._memberships.forget(client.connection)

    def come_back(self) -> None:
        """Connect a client anew; the connection may break again before all is answered."""
        client = self.chance.choice(self.clients)
        self._connect(client)
        if self.chance.random() < BROKEN:
            self.gateway.cut[client.connection] = self.chance.randrange(4)
        for room in client.rooms:
            if not self._subscribe(client, room):
                return

    def end(self) -> None:
        """Let every client come back a last time."""
        for client in self.clients:
            self._connect(client)
            for room in client.rooms:
                assert self._subscribe(client, room)

    # What clients do.

    def _connect(self, client: Client) -> None:
        self._lose(client)
        connection = f"{self.chance.choice('abcxyz')}{next(self._numbers)}"
        greeting = self._uuid7(self.clock.now + self._skew(), next(self._numbers))
        client.connect(connection, greeting)
        user = Principal("u1", int(self.clock.now) + 86400, projects=EVERYTHING)
        now = int(self.clock.now)
        self._connections.put(Connection(connection, "json", State.READY, now, user))
        self.gateway.open.add(connection)

    def _lose(self, client: Client) -> None:
        self._read(client)
        self.gateway.open.discard(client.connection)

    def _read(self, client: Client) -> None:
        frames = self.gateway.sent[client.connection][client.read :]
        client.read += len(frames)
        for frame in frames:
            client.take(json.loads(frame))

    def _subscribe(self, client: Client, room: str) -> bool:
        """Subscribe as a client does that comes back, and check what it is told.

        Returns whether it is still connected. Where it goes on changes with the reply only.
        """
        self._read(client)
        there = self._there(room)
        accepted = {each.id for each in self.accepted.values() if room in each.rooms}
        since = self.chance.choice(client.since[room]) if room in client.since else None
        connection = self._connections.get(client.connection)
        assert connection is not None
        body = {"room": room, "since": since}
        command = Command("subscribe", body, None)
        sent = Sent(int(self.clock.now * 1000))
        reply = self._commands().execute(connection, command, sent=sent)
        self._read(client)
        if client.connection not in self.gateway.open:
            return False  # the reply did not reach it
        if since is not None:
            self.replies[reply["recovered"]] += 1
        if reply.get("recovered"):
            lacking = there - client.got - client.excused[room]
            if lacking:
                raise Lied(f"recovered since {since!r} in {room}, without {lacking}")
        else:
            client.excused[room] = accepted  # it fetches the state from its backend
        client.since.setdefault(room, [client.greeting])
        client.answered.add(room)
        client.move_on()
        return True

    def _there(self, room: str) -> set[str]:
        """Return the ids of the events that are logged in a room, or came to anybody through it."""
        logged = {
            str(json.loads(row["detail"]["S"])["id"])
            for (partition, _), row in self.tables.tables["events"].items()
            if partition == keys.log(room) and "detail" in row
        }
        got = (json.loads(frame) for sent in self.gateway.sent.values() for frame in sent)
        return logged | {str(event["id"]) for event in got if event["room"] == room}

    # What invocations do.

    def _invoke(self, do: Callable[[FanOut], object]) -> bool:
        """Run a fan-out in a container with a clock of its own; return whether it succeeded."""
        chance = self.chance.random()
        if chance < KILLED + MEANWHILE:
            self._calls_left = self.chance.randrange(1, self.chance.choice((8, 24)))
            self._then = self.come_back if chance < MEANWHILE else None
        try:
            do(self._fan_out(self._skew()))
        except (Killed, MembersUnreached):
            return False
        finally:
            self._calls_left, self._then = math.inf, None
        return True

    def _call(self, *, after: bool) -> None:
        """Begin or end a call: it may be the one at which the container ends."""
        self._calls_left -= 0.5
        if self._calls_left > 0:
            return
        if self._then is None:
            raise Killed("after" if after else "before")
        then, self._then, self._calls_left = self._then, None, math.inf
        then()

    def _fan_out(self, skew: float) -> FanOut:
        def clock() -> float:
            return self.clock.now + skew

        return FanOut(
            self.settings,
            rooms=RoomStore(self.settings, client=self.tables),
            events=EventStore(self.settings, client=self.tables),
            log=RoomLog(self.settings, client=self.tables, sleep=self.clock.sleep),
            sender=Sender(self.gateway, self._memberships, clock=clock, sleep=self.clock.sleep),
            terminator=Terminator(self.gateway, self._memberships, clock=clock),
            queue=self,
            frames=self._frames,
            states=states.keeper(self.settings, self.tables, self.clock, FakeData()),
            count_event=lambda _event, _count: None,
            clock=clock,
        )

    def put(self, work: Work, *, delay: int = 0) -> None:
        """Queue work."""
        self._call(after=False)
        self.queue.append(work.to_message())
        self._call(after=True)

    def _commands(self) -> Commands:
        replay = Replay(
            RoomLog(self.settings, client=self.tables, sleep=self.clock.sleep),
            EventStore(self.settings, client=self.tables),
            PacedPosts(self.gateway, charge=states.free, clock=self.clock),
            frames=self._frames,
            keep=24 * 3600,
            clock=self.clock,
        )
        return Commands(
            connections=self._connections,
            memberships=self._memberships,
            tokens=unrevoked(lambda _token: Principal("u1", 0)),
            replay=replay,
            teller=states.teller(self.settings, self.tables, self.gateway, self.clock),
            presence=presences.commands(self.settings, self.tables, self.clock),
            max_rooms_per_connection=50,
            clock=self.clock,
        )

    # What is left to chance.

    def _some_rooms(self) -> tuple[str, ...]:
        return self.chance.choice((ROOMS, ROOMS[:1], ROOMS[:1], ROOMS[1:]))

    def _skew(self) -> float:
        return self.chance.uniform(-SKEW, SKEW)

    def _id(self, number: int) -> str:
        """Return an id as a publisher has them: its clock is wrong, or it has its own kind."""
        made = self.clock.now + self.chance.uniform(-70, 70)
        return self.chance.choice((
            self._uuid7(made, number),
            f"order-{number}",
            str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
            f"01{self.chance.getrandbits(120):024X}",
        ))  # fmt: skip

    def _uuid7(self, made: float, number: int) -> str:
        stamp = f"{int(made * 1000):012x}"
        return f"{stamp[:8]}-{stamp[8:]}-7000-8000-{number:012x}"
