"""Two or three things that happen to one client at once, in many orders of their store calls.

Whatever the order: what the client sent last holds, a healthy connection is not closed, and the
rows agree with each other.
"""

import os
from collections.abc import Callable, Iterator, Sequence

import pytest

from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.connection import Member
from roomcast_backend.model.type_filter import EVERYTHING
from tests.fakes.interleaving import Inline, Run, some_orders
from tests.fakes.memory_tables import MemoryTables
from tests.fakes.socketio_server import HOUR, OTHER, USER, Server

AT = 1_767_225_600_000
"""When the first of the frames was sent; the service's clock stands still an hour later."""

ORDERS = int(os.environ.get("ROOMCAST_ORDERS", "5"))
"""How many orders of their calls each test tries: more find rarer faults, and take longer."""

Orders = Iterator[Callable[[int], int]]


class World:
    """One service; each operation has its own wiring of it, on the same tables and gateway."""

    def __init__(self, tables: MemoryTables) -> None:
        self.tables = tables
        self.server = self.wire(tables)
        self.replies: dict[str, str] = {}
        self.wired: list[Server] = []

    def wire(self, tables: DynamoDb) -> Server:
        server = Server(tables)
        server.clock.now = (AT + 5_000) / 1000
        server.sessions._workers = server.greeter._workers = Inline()
        server.token_check._workers = Inline()
        server.tokens["other"] = server.principal(OTHER)
        server.tokens["long"] = server.principal(expires_at=int(server.clock.now) + 9 * HOUR)
        server.tokens["good"] = server.principal()
        server.tokens["short"] = server.principal(expires_at=int(server.clock.now) + 60)
        server.gateway.open.add("c1")
        return server

    def forget_all(self) -> None:
        for rows in self.tables.tables.values():
            rows.clear()
        self.__init__(self.tables)  # type: ignore[misc]

    def say(self, frame: str, at: int) -> Callable[[DynamoDb], None]:
        return self.operation(
            lambda server: self.replies.update(
                {f"{at} {frame}": server.dispatcher.answer("c1", frame, at=AT + at)}
            )
        )

    def operation(
        self, act: Callable[[Server], object], *, later: float = 0
    ) -> Callable[[DynamoDb], None]:
        def run(tables: DynamoDb) -> None:
            server = self.wire(tables)
            server.clock.advance(later)
            self.wired.append(server)
            act(server)

        return run

    @property
    def closed(self) -> bool:
        return any(server.gateway.closed for server in self.wired)

    def members(self) -> list[tuple[str, Member]]:
        rooms = self.server.rooms
        names = ["global", f"user:{USER}", f"user:{OTHER}", "project:p1", "project:p2"]
        return [
            (name, member)
            for name in names
            for shard in rooms.shards(name)
            for member in rooms.members(name, shard, size=50)
        ]

    def rooms(self, connection_id: str) -> list[str]:
        found = [
            name
            for name, member in self.members()
            if member.connection_id == connection_id and not member.muted
        ]
        row = self.server.connections.get(connection_id)
        assert sorted(found) == sorted(row.rooms if row else [])
        return found

    def check_rows(self) -> None:
        """Every membership belongs to a row, and expires with the token of that."""
        for name, member in self.members():
            row = self.server.connections.get(member.connection_id)
            assert row is not None, (name, member)
            assert row.principal is not None
            assert member.expires_at == row.principal.expires_at, (name, member)
            assert member.muted == (name not in row.rooms)
            assert member.types == row.filters.get(name, EVERYTHING), (name, member)
        connection = self.server.connections.get("c1")
        for name in connection.namespaces if connection else ():
            assert self.server.connections.get(f"c1#{name}") is not None
        for session in ("c1#/ws", "c1#/"):
            if self.server.connections.get(session) is not None:
                assert connection is not None
                assert session.partition("#")[2] in connection.namespaces

    def in_orders(
        self,
        orders: Orders,
        before: Callable[[], object],
        operations: Callable[[], Sequence[Callable[[DynamoDb], None]]],
    ) -> Iterator[None]:
        for choose in orders:
            self.forget_all()
            before()
            Run(self.tables, choose).run(operations())
            self.check_rows()
            yield


@pytest.fixture
def world(dynamodb: MemoryTables) -> World:
    return World(dynamodb)


def json_client(world: World, who: str = "good") -> Callable[[], object]:
    def connect() -> None:
        principal = world.server.tokens[who]
        assert not isinstance(principal, Exception)
        world.server.connect("c1", principal, protocol="json")
        world.server.dispatcher.answer("c1", '{"action":"ping"}', at=AT - 9)

    return connect


def session(world: World, *frames: str) -> Callable[[], object]:
    def connect() -> None:
        world.server.connect("c1")
        for frame in ('40/ws,{"token":"good"}', *frames):
            world.server.dispatcher.answer("c1", frame, at=AT - 9)

    return connect


class TestRooms:
    def test_subscribe_and_unsubscribe(self, world: World) -> None:
        frames = (
            '42/ws,1["subscribe",{"room":"project:p1"}]',
            '42/ws,2["unsubscribe",{"room":"project:p1"}]',
        )
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            session(world),
            lambda: [world.say(each, 0) for each in frames],
        ):
            assert "project:p1" not in world.rooms("c1#/ws")
            assert all('"status":"success"' in reply for reply in world.replies.values())

    @pytest.mark.parametrize("room", ["project:p1", "global"])
    @pytest.mark.parametrize("step", [0, 1])
    def test_three_in_one_tick(self, world: World, room: str, step: int) -> None:
        frames = [
            f'{{"action":"{action}","room":"{room}","id":{number}}}'
            for number, action in enumerate(("subscribe", "unsubscribe", "subscribe"))
        ]
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            json_client(world),
            lambda: [world.say(each, step * n) for n, each in enumerate(frames)],
        ):
            assert room in world.rooms("c1")
            assert all('"status":"success"' in reply for reply in world.replies.values())

    def test_many_and_one(self, world: World) -> None:
        frames = (
            '{"action":"subscribe","rooms":["project:p1","project:p2"],"id":1}',
            '{"action":"unsubscribe","room":"project:p1","id":2}',
            '{"action":"unsubscribe","rooms":["project:p2","global"],"id":0}',
        )
        for _ in world.in_orders(
            some_orders(ORDERS, seed=2),
            json_client(world),
            lambda: [world.say(each, 0) for each in frames],
        ):
            assert world.rooms("c1") == [f"user:{USER}", "project:p2"]

    def test_the_room_limit_holds(self, world: World) -> None:
        names = ["project:p1", "project:p2", "agent:a", "agent:b"]
        frames = [
            f'{{"action":"subscribe","rooms":["{names[0]}","{names[1]}"],"id":1}}',
            f'{{"action":"subscribe","rooms":["{names[2]}","{names[3]}"],"id":2}}',
        ]
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            json_client(world),
            lambda: [world.say(each, 0) for each in frames],
        ):
            row = world.server.connections.get("c1")
            assert row is not None
            assert len(row.rooms) == 5
            assert sum(reply.count("ROOM_LIMIT") for reply in world.replies.values()) == 1


class TestSessions:
    @pytest.mark.parametrize("step", [0, 1])
    def test_leave_and_come_back(self, world: World, step: int) -> None:
        before = session(
            world,
            '40{"token":"good"}',
            '42/ws,1["subscribe",{"room":"project:p1"}]',
            '42/ws,2["unsubscribe",{"room":"global"}]',
        )
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            before,
            lambda: [world.say("41/ws,", 0), world.say('40/ws,{"token":"good"}', step)],
        ):
            assert not world.closed
            assert world.rooms("c1#/ws") == world.rooms("c1#/") == ["global", f"user:{USER}"]

    def test_come_twice_at_once(self, world: World) -> None:
        for _ in world.in_orders(
            some_orders(ORDERS, seed=5),
            lambda: world.server.connect("c1"),
            lambda: [world.say('40/ws,{"token":"good"}', step) for step in (0, 1)],
        ):
            assert not world.closed
            assert len(set(world.replies.values())) == 1
            assert world.rooms("c1#/ws") == ["global", f"user:{USER}"]

    def test_leave_and_come_twice(self, world: World) -> None:
        before = session(world, '42/ws,1["subscribe",{"room":"project:p1"}]')
        again = '40/ws,{"token":"good"}'
        for _ in world.in_orders(
            some_orders(ORDERS, seed=6),
            before,
            lambda: [world.say("41/ws,", 0), world.say(again, 1), world.say(again, 2)],
        ):
            assert not world.closed
            assert world.rooms("c1#/ws") == ["global", f"user:{USER}"]

    def test_with_an_event_of_the_old_session(self, world: World) -> None:
        before = session(world, '42/ws,1["subscribe",{"room":"project:p1"}]')
        event = '42/ws,7["subscribe",{"room":"project:p2"}]'
        for _ in world.in_orders(
            some_orders(ORDERS, seed=3),
            before,
            lambda: [
                world.say(event, 0),
                world.say("41/ws,", 1),
                world.say('40/ws,{"token":"good"}', 2),
            ],
        ):
            assert not world.closed
            assert world.rooms("c1#/ws") == ["global", f"user:{USER}"]

    def test_come_and_leave(self, world: World) -> None:
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            lambda: world.server.connect("c1"),
            lambda: [world.say('40/ws,{"token":"good"}', 0), world.say("41/ws,", 1)],
        ):
            assert not world.closed
            assert world.server.connections.get("c1#/ws") is None

    def test_a_connection_that_ends(self, world: World) -> None:
        forget = world.operation(lambda server: server.memberships.forget("c1"))
        for _ in world.in_orders(
            some_orders(ORDERS, seed=4),
            session(world),
            lambda: [forget, world.say("41/ws,", 0), world.say('40/ws,{"token":"good"}', 0)],
        ):
            assert world.server.connections.get("c1#/ws") is None
            assert world.members() == []


class TestTokens:
    def test_unsubscribe_global(self, world: World) -> None:
        for _ in world.in_orders(
            some_orders(5 * ORDERS, seed=1),
            json_client(world),
            lambda: [
                world.say('{"action":"unsubscribe","room":"global"}', 0),
                world.say('{"action":"authenticate","token":"long"}', 0),
            ],
        ):
            assert world.rooms("c1") == [f"user:{USER}"]

    @pytest.mark.parametrize("step", [0, 1])
    def test_the_last_token_wins(self, world: World, step: int) -> None:
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            json_client(world),
            lambda: [
                world.say('{"action":"authenticate","token":"long","id":1}', 0),
                world.say('{"action":"authenticate","token":"other","id":2}', step),
            ],
        ):
            assert world.rooms("c1") == ["global", f"user:{OTHER}"]

    def test_a_token_that_expires_while_a_fresh_one_comes(self, world: World) -> None:
        """Either the fresh token is accepted and the connection stays, or neither."""
        beat = world.operation(
            lambda server: server.heartbeat.beat(until=server.clock.now + 25), later=60
        )
        for _ in world.in_orders(
            some_orders(ORDERS, seed=5),
            json_client(world, "short"),
            lambda: [beat, world.say('{"action":"authenticate","token":"long"}', 0)],
        ):
            (reply,) = world.replies.values()
            accepted = '"status":"success"' in reply
            assert accepted != world.closed
            assert (world.server.connections.get("c1") is not None) == accepted

    def test_the_deadline_and_a_token(self, world: World) -> None:
        deadline = world.operation(lambda server: server.deadline.close_if_pending("c1"))
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            lambda: world.server.connect("c1", protocol="json"),
            lambda: [deadline, world.say('{"action":"authenticate","token":"long"}', 0)],
        ):
            (reply,) = world.replies.values()
            accepted = '"status":"success"' in reply
            assert accepted != world.closed
            assert bool(world.members()) == accepted

    def test_the_deadline_and_a_session(self, world: World) -> None:
        deadline = world.operation(lambda server: server.deadline.close_if_pending("c1"))
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            lambda: world.server.connect("c1"),
            lambda: [deadline, world.say('40/ws,{"token":"good"}', 0)],
        ):
            (reply,) = world.replies.values()
            assert reply.startswith("40/ws,") != world.closed
            assert bool(world.members()) != world.closed


class TestOpen:
    def test_a_late_open_undoes_nothing(self, world: World) -> None:
        opened = world.operation(lambda server: server.greeter.open("c1"))
        for _ in world.in_orders(
            some_orders(ORDERS, seed=1),
            lambda: world.server.connect("c1", world.server.principal(), protocol="json"),
            lambda: [opened, world.say('{"action":"unsubscribe","room":"global"}', 0)],
        ):
            assert world.rooms("c1") == [f"user:{USER}"]


class TestChosenTypes:
    """The rows of connection and member say the same of what was chosen, in every order."""

    def chosen(self, world: World, room: str, connection_id: str = "c1") -> list[str]:
        """Return what the connection takes of a room; no patterns when it takes everything."""
        row = world.server.connections.get(connection_id)
        assert row is not None
        return sorted(row.filters.get(room, EVERYTHING).patterns)

    @pytest.mark.parametrize("room", ["project:p1", "global"])
    def test_the_last_of_three(self, world: World, room: str) -> None:
        for _ in world.in_orders(
            some_orders(3 * ORDERS, seed=11),
            json_client(world),
            lambda: [
                world.say(f'{{"action":"subscribe","room":"{room}","types":["a"],"id":1}}', 0),
                world.say(f'{{"action":"unsubscribe","room":"{room}","id":2}}', 0),
                world.say(f'{{"action":"subscribe","room":"{room}","types":["b"],"id":3}}', 0),
            ],
        ):
            assert self.chosen(world, room) == ["b"]
            assert room in world.rooms("c1")

    def test_all_types_after_some(self, world: World) -> None:
        for _ in world.in_orders(
            some_orders(3 * ORDERS, seed=12),
            json_client(world),
            lambda: [
                world.say('{"action":"subscribe","room":"global","types":["a"]}', 0),
                world.say('{"action":"subscribe","rooms":["project:p1","global"]}', 1),
            ],
        ):
            assert self.chosen(world, "global") == []

    @pytest.mark.parametrize("step", [0, 1])
    def test_a_fresh_token_loses_nothing(self, world: World, step: int) -> None:
        for _ in world.in_orders(
            some_orders(5 * ORDERS, seed=13),
            json_client(world),
            lambda: [
                world.say('{"action":"subscribe","room":"global","types":["a"]}', 0),
                world.say('{"action":"authenticate","token":"long"}', step),
                world.say('{"action":"subscribe","rooms":["project:p1"],"types":["b"]}', 0),
            ],
        ):
            assert self.chosen(world, "global") == ["a"]
            assert self.chosen(world, "project:p1") == ["b"]

    def test_a_session_that_leaves_and_comes_back(self, world: World) -> None:
        for _ in world.in_orders(
            some_orders(5 * ORDERS, seed=14),
            session(world, '42/ws,1["subscribe",{"room":"global","types":["old"]}]'),
            lambda: [
                world.say("41/ws,", 2),
                world.say('40/ws,{"token":"good"}', 3),
                world.say('42/ws,2["subscribe",{"room":"project:p1","types":["new"]}]', 4),
            ],
        ):
            assert self.chosen(world, "global", "c1#/ws") == []
            if "project:p1" in world.rooms("c1#/ws"):
                assert self.chosen(world, "project:p1", "c1#/ws") == ["new"]
