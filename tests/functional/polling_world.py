"""A world for histories of long-polling: the service on tables in memory, its clients, bad luck.

Everything takes its time: a call of a table, a request, a frame. So what happens at once happens in
many orders. A call may fail before or after it is made, be made twice (the first answer was lost),
or be the last of its function. A request may be lost, its answer too, or come twice. The clocks of
containers are wrong by up to `SKEW`. The seed says all about a history.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from roomcast_backend.aws.errors import AwsError
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.gateway.router import Router
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.inbound.sessions import Sessions
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.inbound.upgrades import Upgrades
from roomcast_backend.lifecycle.auth_timeout import AuthTimeout
from roomcast_backend.lifecycle.handshake import Acceptor, Handshake, HandshakeRefused
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.access import Principal
from roomcast_backend.model.connection import SOCKET_IO, Connection, address
from roomcast_backend.model.polling import polling_id
from roomcast_backend.polling.errors import PollingRefused
from roomcast_backend.polling.request import PollingRequest
from roomcast_backend.polling.settling import Settling
from roomcast_backend.polling.transport import PollingTransport
from roomcast_backend.protocol.heartbeats import EngineIoTimers
from roomcast_backend.protocol.socketio_packets import Connect, Event
from roomcast_backend.stores.connections import ConnectionStore, RateLimit
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.polling import PollingStore
from roomcast_backend.stores.recovery import RecoveryStore
from roomcast_backend.stores.rooms import RoomStore
from roomcast_backend.stores.sessions import SessionStore
from tests.fakes.engineio_client import Answer, Engine
from tests.fakes.gateway import FakeGateway
from tests.fakes.interleaving import Inline
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.simulated_time import SimulatedTime
from tests.fakes.tables import table_settings
from tests.fakes.token_checks import unrevoked

SKEW = 2.0
CONNECT = '40/ws,{"token":"good"}'
USER = "u1"
ROOM = f"user:{USER}"
DEADLINE = 15
REDELIVERIES = 5

TROUBLES = ("fails", "fails after", "twice", "killed", "killed after")
"""What happens to calls of the tables, of the gateway and of the queue."""


class Killed(BaseException):
    """The container of an invocation ended in the middle of a call."""


class Broken(AssertionError):
    """A promise was not kept."""


class Luck:
    """Draws how long things take, and what goes wrong; `calls` and `lines` are how likely it is."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.calls = self.chance.choice([0.0, 0.01, 0.04])
        self.lines = self.chance.choice([0.0, 0.01, 0.05])
        self.slow = self.chance.choice([0.0, 0.02, 0.1])
        self._troubles: tuple[str, ...] = TROUBLES
        if self.chance.random() < 0.25:  # noqa: PLR2004  no call fails, but many are made again
            self._troubles, self.calls = ("twice",), 0.3

    def takes(self) -> float:
        """Return how long a call or a request takes."""
        if self.chance.random() < self.slow:
            return self.chance.uniform(0.05, 4.0)
        return self.chance.uniform(0.001, 0.03)

    def call(self) -> str:
        """Return what happens to a call; the empty string when nothing does."""
        if self.chance.random() >= self.calls:
            return ""
        return self.chance.choice(self._troubles)

    def line(self) -> str:
        """Return what happens to a request."""
        if self.chance.random() >= self.lines:
            return ""
        return self.chance.choice(["lost", "answer lost", "twice"])

    def stop(self) -> None:
        """Let nothing go wrong any more."""
        self.calls = self.lines = self.slow = 0.0


class Tables(MemoryTables):
    """The tables, of which each call takes its time and may go wrong."""

    def __init__(self, time: SimulatedTime, luck: Luck) -> None:
        super().__init__()
        self._time, self._luck = time, luck

    def _call(self, action: str, request: Any, do: Callable[[], Any]) -> Any:
        def once() -> Any:
            return super(Tables, self)._call(action, request, do)

        return risk(self._time, self._luck, once)


def risk(time: SimulatedTime, luck: Luck, do: Callable[[], Any]) -> Any:
    """Make a call, or not."""
    trouble = luck.call()
    time.pause(luck.takes())
    if trouble == "killed":
        raise Killed
    if trouble == "fails":
        raise AwsError("fake", "call", "InternalServerError", status=500)
    answer = do()
    if trouble == "twice":
        time.pause(luck.takes())
        answer = do()
    time.pause(luck.takes())
    if trouble == "killed after":
        raise Killed
    if trouble == "fails after":
        raise AwsError("fake", "call", "InternalServerError", status=500)
    return answer


class Line:
    """A WebSocket of a client through API Gateway."""

    def __init__(self, world: "World", engine: Engine, name: str) -> None:
        self._world, self.engine, self.name = world, engine, name
        self.open = self._given_up = False
        self._arrives = 0.0

    def send(self, frame: str) -> None:
        """Take a frame of the client: frames come in order, and are handled side by side."""
        if self.open:
            self._world.time.at(self._in_order(), lambda: self._world.handle(self, frame))

    def hear(self, frame: str) -> None:
        """Bring a frame to the client."""
        if self.open:
            self._world.time.at(self._in_order(), lambda: self._deliver(frame))

    def close(self) -> None:
        """End it, at the wish of either side or of neither."""
        if self.open:
            self.open = False
            self._world.time.at(self._world.luck.takes(), self.engine.socket_closed)
            self._world.disconnected(self.name)
        else:
            self._given_up = True

    def end_handshake(self, *, accepted: bool) -> None:
        """Open it, unless one of the two sides does not want it any more."""
        self.open = accepted
        if not accepted:
            self.engine.socket_closed()
        elif self._given_up:
            self.close()
        else:
            self.engine.socket_opened()

    def _deliver(self, frame: str) -> None:
        if self.open:
            self.engine.socket_heard(frame)

    def _in_order(self) -> float:
        self._arrives = max(self._arrives, self._world.time.now + self._world.luck.takes())
        return self._arrives - self._world.time.now


class Lines(FakeGateway):
    """API Gateway's side of the WebSockets."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def exists(self, connection_id: str) -> bool:
        line = self._world.lines.get(address(connection_id))
        return line is not None and line.open

    def post(self, connection_id: str, frame: bytes) -> Outcome:
        def post() -> Outcome:
            if not self.exists(connection_id):
                return Outcome.GONE
            self._world.lines[address(connection_id)].hear(frame.decode())
            return Outcome.SENT

        try:
            outcome: Outcome = risk(self._world.time, self._world.luck, post)
        except AwsError:
            return Outcome.FAILED
        return outcome

    def close(self, connection_id: str) -> None:
        def close() -> None:
            if self.exists(connection_id):
                self._world.lines[address(connection_id)].close()

        risk(self._world.time, self._world.luck, close)


class Echo:
    """Answers events with what they said."""

    def greet(self, session: Connection, connect: Connect) -> None:
        """Do nothing."""

    def answer(self, _session: Connection, event: Event, *, at: int) -> Any:
        """Return the arguments of the ack."""
        return event.args


class Container:
    """The service, with a clock of its own."""

    def __init__(self, world: "World", skew: float) -> None:
        settings, tables = world.settings, world.tables
        self.store = PollingStore(settings, client=tables, clock=self._clock)
        self._world, self._skew = world, skew
        sleep = world.time.pause
        self.connections = ConnectionStore(settings, client=tables)
        self.memberships = MembershipStore(settings, client=tables, sleep=sleep, clock=self._clock)
        self.rooms = RoomStore(settings, client=tables)
        self.gateway = Router(Lines(world), lambda: self.store)
        tokens = unrevoked(world.principal_of, workers=Inline())
        sessions = Sessions(
            store=SessionStore(settings, client=tables, sleep=sleep),
            recovery=RecoveryStore(settings, client=tables),
            connections=self.connections,
            replay=None,  # type: ignore[arg-type]  # nobody asks for recovery
            tokens=tokens,
            clock=self._clock,
            workers=Inline(),
        )
        upgrades = Upgrades(self.store, clock=self._clock)
        handler = SocketIoHandler(Echo(), sessions, gateway=self.gateway, upgrades=upgrades)
        self.dispatcher = Dispatcher(
            connections=self.connections,
            handlers={SOCKET_IO: handler},
            gateway=self.gateway,
            limit=RateLimit(interval=1, burst=1000),
            clock=self._clock,
        )
        self.acceptor = Acceptor(
            settings,
            connections=self.connections,
            polling=self.store,
            tokens=tokens,
            count_connections=lambda: 0,
            open_connection=lambda _: None,
            set_deadline=world.set_deadline,
            clock=self._clock,
        )
        settling = Settling(
            sessions=self.store,
            connections=self.connections,
            memberships=self.memberships,
            answer=lambda name, packet, at: self.dispatcher.answer(name, packet, at=at),
            set_deadline=lambda name: world.set_deadline(name, DEADLINE),
            count=lambda: 0,
            most=0,
            allowed=True,
        )
        self.transport = PollingTransport(
            sessions=self.store,
            acceptor=self.acceptor,
            settling=settling,
            timers=EngineIoTimers(interval=25_000, timeout=20_000),
            clock=self._clock,
            sleep=sleep,
        )
        self.deadline = AuthTimeout(
            connections=self.connections,
            memberships=self.memberships,
            terminator=Terminator(
                self.gateway, self.memberships, clock=self._clock, sleep=world.time.pause
            ),
            deadline=DEADLINE,
            check_again=world.set_deadline,
            gateway=self.gateway,
            session_of=self.store.get,
            clock=self._clock,
        )

    def _clock(self) -> float:
        return self._world.time.now + self._skew


class Client:
    """Someone who stays connected, over one engine after the other, until they leave."""

    def __init__(self, world: "World") -> None:
        chance = world.luck.chance
        self._world = world
        self.token = chance.choice(["", "good"])
        self.blocked = chance.random() < 0.3  # noqa: PLR2004
        self.leaving = False
        self.engines: list[Engine] = []
        self.repeats: set[str] = set()
        self._asked = 0
        self.begin()

    @property
    def engine(self) -> Engine:
        return self.engines[-1]

    def begin(self) -> None:
        if not self.leaving:
            self.engines.append(Engine(self, [CONNECT], self._again))

    def _again(self) -> None:
        self._world.time.at(self._world.luck.chance.uniform(0.2, 1.5), self.begin)

    def ask(self) -> None:
        """Send an event with an ack in a session that has begun."""
        if any(frame.startswith("40/ws,") for frame in self.engine.heard):
            self._asked += 1
            self.engine.send(f'42/ws,{self._asked}["x"]')

    def request(self, method: str, sid: str, body: str, answer: Answer) -> None:
        trouble = self._world.luck.line()
        if trouble == "twice" and method == "POST":
            self.repeats.add(sid)
        self._world.request(method, sid, self.token, body, answer, trouble)

    def connect(self, sid: str, engine: Engine) -> Line:
        return self._world.connect(sid, self.token, engine, blocked=self.blocked)

    def later(self, seconds: float, step: Callable[[], object]) -> None:
        self._world.time.at(seconds, step)


class World:
    """One history, and what must hold at its end."""

    def __init__(self, seed: int) -> None:
        self.time = SimulatedTime()
        self.luck = Luck(seed)
        self.settings = table_settings(authentication_deadline=DEADLINE)
        self.tables = Tables(self.time, self.luck)
        chance = self.luck.chance
        self._containers = [Container(self, chance.uniform(-SKEW, SKEW)) for _ in range(3)]
        self.lines: dict[str, Line] = {}
        self.posted: dict[str, dict[int, Outcome | None]] = defaultdict(dict)
        self.failed_handshakes: set[str] = set()
        self.errors: list[BaseException] = []
        self._published = 0
        self.clients = [Client(self) for _ in range(chance.randint(1, 2))]

    def principal_of(self, token: str) -> Principal:
        assert token == "good"  # noqa: S105
        return Principal(USER, int(self.time.now) + 3600)

    @property
    def container(self) -> Container:
        return self.luck.chance.choice(self._containers)

    def invoke(
        self,
        work: Callable[[Container], Any],
        then: Callable[[Any], object] = lambda _: None,
        *,
        killed: Any = None,
    ) -> None:
        """Run a function beside all others; `then` gets its result, or `killed`."""

        def task() -> None:
            try:
                result = work(self.container)
            except Killed:
                result = killed
            except BaseException as exc:
                self.errors.append(exc)
                return
            then(result)

        self.time.start(task, delay=self.luck.takes())

    def request(
        self, method: str, sid: str, token: str, body: str, answer: Answer, trouble: str = ""
    ) -> None:
        """Make a request, which may have trouble on its way."""
        query = {"EIO": "4", "transport": "polling", "sid": sid, "token": token}
        request = PollingRequest(method, {}, query, body.encode())
        given: list[bool] = []

        def work(container: Container) -> tuple[int, str]:
            return _answer(container.transport, request)

        def once(status: int, found: str) -> None:
            if not given:
                given.append(True)
                answer(status, found)

        def then(result: tuple[int, str]) -> None:
            result = (0, "") if trouble == "answer lost" else result
            self.time.at(self.luck.takes(), lambda: once(*result))

        if trouble == "lost":
            self.time.at(0.5, lambda: answer(0, ""))
            return
        self.invoke(work, then, killed=(502, ""))
        if trouble == "twice":
            again = self.luck.chance.choice([0.0, 1.0, 8.0])
            self.time.at(again, lambda: self.invoke(work, then, killed=(502, "")))

    def connect(self, sid: str, token: str, engine: Engine, *, blocked: bool) -> Line:
        name = f"C{len(self.lines)}="
        line = self.lines[name] = Line(self, engine, name)
        query = {"EIO": "4", "transport": "websocket", "sid": sid, "token": token}

        def work(container: Container) -> bool:
            try:
                container.acceptor.accept(Handshake(name, {}, query))
            except HandshakeRefused:
                return False
            except AwsError:
                self.failed_handshakes.add(name)
                return False
            return True

        def then(accepted: bool | None) -> None:
            if accepted is None:
                self.failed_handshakes.add(name)
            line.end_handshake(accepted=bool(accepted))

        if blocked:
            self.time.at(self.luck.takes(), engine.socket_closed)
        else:
            self.invoke(work, then)
        return line

    def handle(self, line: Line, frame: str) -> None:
        """Invoke the function of a frame that has come."""
        at = int(self.time.now * 1000)
        error = '{"message": "Internal server error"}'
        self.invoke(
            lambda container: container.dispatcher.answer(line.name, frame, at=at),
            line.hear,
            killed=error,
        )

    def disconnected(self, name: str) -> None:
        if self.luck.chance.random() >= self.luck.lines:
            self.invoke(lambda container: _ignoring(lambda: container.memberships.forget(name)))

    def set_deadline(self, name: str, seconds: int) -> None:
        """Queue a check, as a function does."""
        risk(self.time, self.luck, lambda: self.time.at(seconds, lambda: self._check(name)))

    def _check(self, name: str, received: int = 1) -> None:
        def work(container: Container) -> bool:
            try:
                container.deadline.close_if_pending(name)
            except AwsError:
                return False
            return True

        def then(checked: bool) -> None:
            if not checked and received < REDELIVERIES:
                self.time.at(30.0, lambda: self._check(name, received + 1))

        self.invoke(work, then, killed=False)

    def publish(self, container: Container) -> None:
        """Post the next event to everybody who is in the room."""
        self._published += 1
        number = self._published
        try:
            for shard in container.rooms.shards(ROOM):
                for member in list(container.rooms.members(ROOM, shard, size=50)):
                    self._post(container, member.connection_id, number)
        except AwsError:
            return

    def _post(self, container: Container, session: str, number: int) -> None:
        posted = self.posted[address(session)]
        posted[number] = None
        posted[number] = container.gateway.post(session, f"42/ws,[{number}]".encode())
        if posted[number] is Outcome.GONE:
            container.memberships.forget(session, seen_in=[ROOM, "global"])

    def publish_for(self, seconds: float) -> None:
        """Publish one event after the other."""
        end = self.time.now + seconds

        def again(_result: None) -> None:
            if self.time.now < end:
                pause = self.luck.chance.uniform(0.0, 1.0)
                self.time.at(pause, lambda: self.invoke(self.publish, again))

        again(None)

    def disturb(self) -> None:
        """Have one more thing happen."""
        client, chance = self.luck.chance.choice(self.clients), self.luck.chance
        match chance.choice(["ask"] * 5 + ["cut", "drop", "vanish", "intrude"]):
            case "ask":
                client.ask()
            case "cut":
                open_lines = [line for line in self.lines.values() if line.open]
                if open_lines:
                    chance.choice(open_lines).close()
            case "drop":
                client.engine.close()
            case "vanish":
                client.engine.vanish()
            case "intrude" if client.token and client.engine.sid:
                self._intrude(client.engine.sid)

    def _intrude(self, sid: str) -> None:
        """Try to use someone's sid with another token."""

        def refused(status: int, body: str) -> None:
            if status == 200:  # noqa: PLR2004
                self.errors.append(Broken(f"somebody else got {body!r}"))

        self.request("GET", sid, "bad", "", refused)
        self.request("POST", sid, "bad", '40/ws,{"token":"good"}', refused)

    def live(self, seconds: float = 25.0) -> None:
        """Go through the history."""
        end = self.time.now + seconds
        self.publish_for(seconds + 10)
        while self.time.now < end:
            self.time.run(self.luck.chance.uniform(0.05, 6.0))
            self.disturb()
            self._check_heard()
        self.luck.stop()
        for _ in range(45):
            self.time.run(1.0)
            self._end_hanging()
        self._check_heard()
        self._check_all_heard()

    def _end_hanging(self) -> None:
        """Do what the ping timeout does, only sooner."""
        for client in self.clients:
            if client.engine.hangs:
                client.engine.close()

    def leave(self) -> None:
        """Have everybody leave, in one way or another; check that nothing is left of them."""
        for client in self.clients:
            client.leaving = True
            self.luck.chance.choice([client.engine.close, client.engine.vanish])()
        self.time.run(150.0)
        self.invoke(self.publish)  # what a heartbeat finds, an event finds as well
        self.time.run(10.0)
        if self.errors:
            raise self.errors[0]
        left = {key[0] for key in self.tables.tables["connections"]} - self.failed_handshakes
        if left or self.tables.tables["rooms"]:
            raise Broken(f"left behind: {left}, {list(self.tables.tables['rooms'])}")

    def _check_heard(self) -> None:
        if self.errors:
            raise self.errors[0]
        for client in self.clients:
            for engine in client.engines:
                self._check_order(engine)
                self._check_replies(client, engine, complete=False)

    def _check_all_heard(self) -> None:
        for client in self.clients:
            engine = client.engine
            if engine.closed or engine.hangs:
                raise Broken("not connected, though nothing goes wrong")
            self._check_replies(client, engine, complete=True)
            lacking = set(self._sent_to(engine)) - set(_events(engine))
            if lacking:
                raise Broken(f"never came: {lacking}")

    def _sent_to(self, engine: Engine) -> list[int]:
        names = [polling_id(engine.sid)] if engine.sid else []
        names += [name for name, line in self.lines.items() if line.engine is engine]
        return sorted(
            number
            for name in names
            for number, outcome in self.posted[name].items()
            if outcome is Outcome.SENT
        )

    def _check_order(self, engine: Engine) -> None:
        sent = self._sent_to(engine)
        heard = [each for each in dict.fromkeys(_events(engine)) if each in sent]
        if heard != sent[: len(heard)]:
            raise Broken(f"heard {heard} of {sent}")

    def _check_replies(self, client: Client, engine: Engine, *, complete: bool) -> None:
        for packet, count in engine.sent.items():
            if packet == "1":
                continue
            start = _reply_of(packet)
            replies = sum(frame.startswith(start) for frame in engine.heard)
            if replies > count and engine.sid not in client.repeats:
                raise Broken(f"{replies} replies to {count} of {packet}")
            if complete and replies < count:
                raise Broken(f"{replies} replies to {count} of {packet}: {engine.transport}")


def _answer(transport: PollingTransport, request: PollingRequest) -> tuple[int, str]:
    try:
        return 200, transport.answer(request)
    except PollingRefused as exc:
        return exc.status.value, str(exc)
    except AwsError:
        return 503, ""


def _events(engine: Engine) -> list[int]:
    frames = [frame.removeprefix("42/ws,[") for frame in engine.heard if "42/ws,[" in frame]
    return [int(frame.removesuffix("]")) for frame in frames if frame[0].isdigit()]


def _reply_of(packet: str) -> tuple[str, ...]:
    if packet.startswith("40"):
        return ("40/ws,", "44/ws,")
    number = packet.removeprefix("42/ws,").partition("[")[0]
    return (f"43/ws,{number}[",)


def _ignoring(do: Callable[[], object]) -> None:
    try:
        do()
    except AwsError:
        return


__all__ = ["Broken", "Killed", "World"]
