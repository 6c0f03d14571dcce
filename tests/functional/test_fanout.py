"""Fan-out against moto's tables, a gateway that knows faults and a queue in memory."""

import json
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from roomcast.envelope import Envelope, encode, new_id
from roomcast.rooms import Room
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.fanout import prefetch
from roomcast_backend.fanout.broadcast import FanOut
from roomcast_backend.fanout.room_delivery import MembersUnreached
from roomcast_backend.fanout.sender import Sender
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.fanout.work import MAX_REQUEUES, Work
from roomcast_backend.gateway.posts import Outcome
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.model.access import EVERYTHING, Principal
from roomcast_backend.model.connection import Connection, Member, State
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.model.room_log import Placed
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.event_counts import EventCounts
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.items import member_item
from roomcast_backend.stores.keys import partition, shard_of
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.rooms import Page, RoomStore
from tests.fakes import states
from tests.fakes.calls import Calls
from tests.fakes.clock import FakeClock
from tests.fakes.data import FakeData
from tests.fakes.gateway import FakeGateway
from tests.fakes.tables import Forwarding, table_settings

LONG_AGO = 10_000
PATIENCE = 10.0


def wait_until(holds: Callable[[], bool]) -> None:
    """Give other threads time."""
    until = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < until:
        time.sleep(0.001)


class FakeQueue:
    """Keeps work as the messages that a queue would carry."""

    def __init__(self) -> None:
        self.messages: deque[str] = deque()
        self.delays: list[int] = []

    def put(self, work: Work, *, delay: int = 0) -> None:
        self.messages.append(work.to_message())
        self.delays.append(delay)


class Service:
    """Everything that one event passes through."""

    def __init__(self, dynamodb: Any, **changes: Any) -> None:
        self.settings = table_settings(**{"page_size": 100, "global_shards": 4, **changes})
        self.dynamodb = dynamodb
        self.clock = FakeClock()
        self.gateway = FakeGateway()
        self.queue = FakeQueue()
        self.data = FakeData()
        self.connections = ConnectionStore(self.settings, client=dynamodb)
        self.memberships = MembershipStore(self.settings, client=dynamodb)
        self.rooms = RoomStore(self.settings, client=dynamodb)
        self.events = EventStore(self.settings, client=dynamodb)
        self.log = RoomLog(self.settings, client=dynamodb)
        self.counts = EventCounts(self.settings, client=dynamodb)
        self.fan_out = FanOut(
            self.settings,
            rooms=self.rooms,
            events=self.events,
            log=self.log,
            sender=Sender(self.gateway, self.memberships, clock=self.clock, sleep=self.clock.sleep),
            terminator=Terminator(self.gateway, self.memberships, clock=self.clock),
            queue=self.queue,
            frames=EventFrames(self.data, largest=self.settings.max_post_bytes),
            states=states.keeper(self.settings, dynamodb, self.clock, self.data),
            count_event=lambda *counted: self.counts.add(*counted),  # noqa: PLW0108  patched later
            clock=self.clock,
        )

    def connect(self, connection_id: str, *rooms: str, lifetime: int = 3600) -> None:
        """Add an open connection that joined its rooms long ago."""
        then = int(self.clock.now) - LONG_AGO
        principal = Principal("u1", int(self.clock.now) + lifetime, projects=EVERYTHING)
        self.connections.put(Connection(connection_id, "json", State.OPEN, then, principal))
        connection = self.connections.get(connection_id)
        assert connection is not None
        for name in rooms:
            self.memberships.join(connection, Room.parse(name), now=then)
        self.gateway.open.add(connection_id)

    def fill(self, room: str, connection_ids: Iterable[str]) -> None:
        """Add many members at once, as rows only."""
        now = int(self.clock.now)
        ids = list(connection_ids)
        self.gateway.open.update(ids)
        for start in range(0, len(ids), 25):
            puts = []
            for connection_id in ids[start : start + 25]:
                member = Member(connection_id, "json", now + 3600, now - LONG_AGO)
                shard = shard_of(room, connection_id, self.settings.global_shards)
                item = member_item(partition(room, shard), member)
                puts.append({"PutRequest": {"Item": item}})
            self.dynamodb.batch_write_item(RequestItems={"rooms": puts})

    def publish(self, *rooms: str, event_id: str | None = None) -> tuple[Envelope, Tally]:
        envelope = Envelope(
            event_id or new_id(), "project.updated", "2026-01-01T00:00:00Z", "s", rooms, {"n": 1}
        )
        return envelope, self.fan_out.broadcast(envelope, until=self.clock.now + 25)

    def work_off(self, *, rounds: int = 10_000) -> None:
        """Do what is queued until nothing is."""
        for _ in range(rounds):
            if not self.queue.messages:
                return
            self.work_off_one()
        raise AssertionError("the queue does not come to an end")

    def work_off_one(self) -> None:
        """Do what was queued first."""
        self.clock.advance(self.queue.delays.pop(0))
        work = Work.from_message(self.queue.messages.popleft())
        self.fan_out.deliver(work, until=self.clock.now + 25)

    def logged(self, room: str) -> dict[str, int]:
        """Return the positions of a room's events by their ids, in the order of positions."""
        _, entries = self.log.newest_first(room, now=self.clock.now)
        return {entry.event_id: entry.position for entry in reversed([*entries]) if entry.envelope}

    def is_under_way(self, envelope: Envelope) -> bool:
        """Tell whether somebody who comes back would be told of the event once more."""
        head, _ = self.log.newest_first(envelope.rooms[0], now=self.clock.now)
        assert head is not None
        ended = not self.events.under_way([envelope.id], at=int(self.clock.now * 1000))
        assert ended != bool(head.under_way)
        return not ended

    def received(self, connection_id: str) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.gateway.sent[connection_id]]


@pytest.fixture
def service(dynamodb: Any) -> Service:
    return Service(dynamodb)


class TestDelivery:
    def test_every_member_gets_the_envelope(self, service: Service) -> None:
        service.connect("a", "project:p")
        service.connect("b", "project:p")
        service.connect("c", "project:other")
        envelope, tally = service.publish("project:p")
        (received,) = service.received("a")
        assert service.received("b") == [received]
        assert received == {**envelope.for_room("project:p"), "seq": received["seq"]}
        assert service.received("c") == []
        assert tally.outcomes == {Outcome.SENT: 2}

    def test_one_copy_for_a_member_of_two_rooms(self, service: Service) -> None:
        service.connect("both", "project:p", "user:u1")
        service.connect("one", "user:u1")
        service.publish("project:p", "user:u1")
        assert [event["room"] for event in service.received("both")] == ["project:p"]
        assert [event["room"] for event in service.received("one")] == ["user:u1"]

    def test_one_copy_even_for_someone_who_has_just_joined_both(self, service: Service) -> None:
        service.connect("both")
        connection = service.connections.get("both")
        assert connection is not None
        for room in ("project:p", "user:u1"):
            service.memberships.join(connection, Room.parse(room), now=int(service.clock.now))
        service.publish("project:p", "user:u1")
        assert len(service.received("both")) == 1

    def test_a_muted_member_of_global_gets_nothing(self, service: Service) -> None:
        service.connect("a", "global")
        connection = service.connections.get("a")
        assert connection is not None
        service.memberships.leave(connection, Room("global"), now=0)
        service.publish("global")
        assert service.received("a") == []

    def test_an_empty_room(self, service: Service) -> None:
        _, tally = service.publish("project:nobody")
        assert tally.outcomes == {}
        assert not service.queue.messages


class TestManyMembers:
    def test_ten_thousand_members_in_one_room(self, dynamodb: Any) -> None:
        service = Service(dynamodb, page_size=1000)
        service.fill("project:p", (f"c{number}" for number in range(10_000)))
        _, tally = service.publish("project:p")
        assert tally.outcomes == {Outcome.SENT: 1000}
        service.work_off()
        copies = [len(service.gateway.sent[f"c{number}"]) for number in range(10_000)]
        assert copies == [1] * 10_000

    @pytest.mark.parametrize("members", [99, 100, 101, 199, 200, 201, 300])
    def test_no_page_boundary_loses_or_repeats(self, service: Service, members: int) -> None:
        service.fill("project:p", (f"c{number}" for number in range(members)))
        service.publish("project:p")
        service.work_off()
        assert [len(frames) for frames in service.gateway.sent.values()] == [1] * members

    def test_the_shards_of_global(self, service: Service) -> None:
        service.fill("global", (f"c{number}" for number in range(350)))
        service.publish("global")
        service.work_off()
        assert [len(frames) for frames in service.gateway.sent.values()] == [1] * 350

    def test_two_large_rooms_with_the_same_members(self, service: Service) -> None:
        ids = [f"c{number}" for number in range(350)]
        service.fill("agent:a", ids)
        service.fill("global", ids)
        service.publish("agent:a", "global")
        service.work_off()
        assert [len(frames) for frames in service.gateway.sent.values()] == [1] * 350

    def test_a_large_room_within_a_larger_one(self, service: Service) -> None:
        ids = [f"c{number:04d}" for number in range(600)]
        service.fill("agent:a", ids[::3])
        service.fill("global", ids)
        service.publish("agent:a", "global")
        service.work_off()
        assert [len(frames) for frames in service.gateway.sent.values()] == [1] * 600


class CountingTables(DynamoDb):
    """Counts the members that queries bring and the keys that are asked for one by one."""

    def __init__(self, dynamodb: Any) -> None:
        super().__init__(Forwarding(dynamodb))  # type: ignore[arg-type]
        self.dynamodb = dynamodb
        self.read = 0
        self.asked = 0

    def query(self, **request: Any) -> Any:
        answer = self.dynamodb.query(**request)
        self.read += len(answer["Items"])
        return answer

    def batch_get_item(self, **request: Any) -> Any:
        self.asked += sum(len(table["Keys"]) for table in request["RequestItems"].values())
        return self.dynamodb.batch_get_item(**request)


class TestOverlap:
    """Who of a page is in an earlier room too: that must not cost a read for each of them."""

    @pytest.fixture
    def tables(self, dynamodb: Any) -> CountingTables:
        return CountingTables(dynamodb)

    @pytest.fixture
    def rooms(self, service: Service, tables: CountingTables) -> RoomStore:
        return RoomStore(service.settings, client=tables)

    @pytest.mark.parametrize("members", [0, 1, 30, 480, 2000])
    def test_finds_all_that_are_in_both(
        self, service: Service, rooms: RoomStore, members: int
    ) -> None:
        ids = [f"c{number:04d}" for number in range(2000)]
        chosen = random.Random(members)  # noqa: S311
        both = set(chosen.sample(ids, members))
        service.fill("agent:a", both)
        some = chosen.sample(ids, 25)
        found = {member.connection_id for member in rooms.overlap("agent:a", some)}
        assert found & set(some) == both & set(some)

    def test_the_pages_of_global_read_the_room_once_for_each_shard(
        self, service: Service, rooms: RoomStore, tables: CountingTables
    ) -> None:
        ids = [f"c{number:04d}" for number in range(1200)]
        service.fill("agent:a", ids[::2])
        service.fill("global", ids)
        shards = rooms.shards("global")
        for shard in shards:
            page = service.rooms.page("global", shard, size=50)
            while page.members:
                rooms.overlap("agent:a", [member.connection_id for member in page.members])
                if page.after is None:
                    break
                page = service.rooms.page("global", shard, size=50, after=page.after)
        assert tables.read <= 600 * len(shards)
        assert not tables.asked

    def test_a_few_far_apart_do_not_read_the_whole_room(
        self, service: Service, rooms: RoomStore, tables: CountingTables
    ) -> None:
        service.fill("agent:a", [f"c{number:04d}" for number in range(1200)])
        some = ["c0000", "c0600", "c1199", "elsewhere"]
        found = {member.connection_id for member in rooms.overlap("agent:a", some)}
        assert found >= {"c0000", "c0600", "c1199"}
        assert tables.read <= 16 * len(some)
        assert tables.asked <= 3

    def test_a_page_that_dynamodb_cuts_short_is_read_on(
        self,
        service: Service,
        rooms: RoomStore,
        tables: CountingTables,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        service.fill("agent:a", [f"c{number:04d}" for number in range(40)])
        whole = tables.query
        monkeypatch.setattr(tables, "query", lambda **request: whole(**{**request, "Limit": 7}))
        found = rooms.overlap("agent:a", ["c0003", "c0031", "c0039"])
        assert [member.connection_id for member in found] == [f"c{n:04d}" for n in range(3, 40)]


class TestStreaming:
    def test_posts_go_out_while_later_members_are_still_read(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = service.rooms.page
        posted: list[int] = []

        def page(*args: Any, after: str | None = None, **kwargs: Any) -> Page:
            if after is not None:
                wait_until(lambda: service.gateway.posts == 60)
                posted.append(service.gateway.posts)
            return read(*args, after=after, **kwargs)

        monkeypatch.setattr(prefetch, "READ_AT_ONCE", 60)
        monkeypatch.setattr(service.rooms, "page", page)
        service.fill("project:p", (f"c{number:03}" for number in range(90)))
        _, tally = service.publish("project:p")
        assert posted == [60]
        assert tally.outcomes == {Outcome.SENT: 90}

    def test_the_rest_is_queued_before_the_page_is_posted(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.fill("project:p", (f"c{number:03}" for number in range(150)))
        post = service.gateway.post
        queued: list[int] = []

        def noting(connection_id: str, frame: bytes) -> Outcome:
            if service.gateway.posts == 50:
                wait_until(lambda: bool(service.queue.messages))
                queued.append(len(service.queue.messages))
            return post(connection_id, frame)

        monkeypatch.setattr(service.gateway, "post", noting)
        service.publish("project:p")
        assert queued == [1]

    def test_a_frame_is_encoded_once_for_each_protocol(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        encoded: list[str] = []

        def encode_once(_frames: EventFrames, protocol: str, *_: object) -> bytes:
            encoded.append(protocol)
            return b"{}"

        monkeypatch.setattr(EventFrames, "encode", encode_once)
        service.fill("project:p", (f"c{number:03}" for number in range(80)))
        _, tally = service.publish("project:p")
        assert (tally.outcomes[Outcome.SENT], encoded) == (80, ["json"])


class TestGone:
    def test_many_gone_at_once(self, service: Service) -> None:
        for number in range(40):
            service.connect(f"c{number}", "project:p", "agent:a")
        service.gateway.open = {f"c{number}" for number in range(10)}
        _, tally = service.publish("project:p")
        assert tally.forgotten == 30
        assert tally.outcomes == {Outcome.SENT: 10, Outcome.GONE: 30}
        _, tally = service.publish("agent:a")
        assert tally.outcomes == {Outcome.SENT: 10}

    def test_without_time_the_gone_are_met_again(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.connect("gone", "project:p")
        service.gateway.open.clear()
        with_time_for_the_post = service.clock.now + 0.5
        post = service.gateway.post

        def slow(connection_id: str, frame: bytes) -> Outcome:
            service.clock.advance(1)
            return post(connection_id, frame)

        monkeypatch.setattr(service.gateway, "post", slow)
        envelope = Envelope(new_id(), "t", "2026-01-01T00:00:00Z", "s", ("project:p",), {})
        tally = service.fan_out.broadcast(envelope, until=with_time_for_the_post)
        assert (tally.outcomes, tally.forgotten) == ({Outcome.GONE: 1}, 0)
        _, tally = service.publish("project:p")
        assert tally.forgotten == 1

    def test_forgets_that_connection_and_no_other(self, service: Service) -> None:
        service.connect("gone", "project:p", "agent:a", "global")
        service.connect("here", "project:p")
        service.gateway.open.discard("gone")
        _, tally = service.publish("project:p")
        assert tally.forgotten == 1
        assert service.connections.get("gone") is None
        for room in ("project:p", "agent:a", "global"):
            ids = [
                member.connection_id
                for shard in service.rooms.shards(room)
                for member in service.rooms.members(room, shard, size=10)
            ]
            assert "gone" not in ids
        assert service.connections.get("here") is not None
        assert len(service.received("here")) == 1

    def test_an_orphaned_membership_is_deleted(self, service: Service) -> None:
        service.fill("project:p", ["orphan"])
        service.gateway.open.clear()
        service.publish("project:p")
        assert service.rooms.page("project:p", 0, size=9).members == []

    def test_a_handshake_not_done_yet_is_waited_for(self, service: Service) -> None:
        service.connect("young")
        connection = service.connections.get("young")
        assert connection is not None
        service.memberships.join(connection, Room("project", "p"), now=int(service.clock.now))
        service.gateway.fail("young", *[Outcome.GONE] * 6)
        service.publish("project:p")
        assert service.connections.get("young") is not None
        service.work_off()
        assert len(service.received("young")) == 1

    def test_a_young_connection_that_stays_gone_is_forgotten(self, service: Service) -> None:
        service.connect("young")
        connection = service.connections.get("young")
        assert connection is not None
        service.memberships.join(connection, Room("project", "p"), now=int(service.clock.now))
        service.gateway.open.clear()
        service.publish("project:p")
        service.work_off()
        assert service.connections.get("young") is None


class TestTrouble:
    @pytest.mark.parametrize("outcome", [Outcome.THROTTLED, Outcome.FAILED])
    def test_what_passes_is_tried_again(self, service: Service, outcome: Outcome) -> None:
        service.connect("a", "project:p")
        service.gateway.fail("a", outcome, outcome)
        _, tally = service.publish("project:p")
        assert tally.outcomes == {outcome: 2, Outcome.SENT: 1}
        assert len(service.received("a")) == 1

    def test_what_lasts_goes_to_the_queue_and_nobody_else_gets_it_twice(
        self, service: Service
    ) -> None:
        service.connect("bad", "project:p")
        service.connect("good", "project:p")
        service.gateway.fail("bad", *[Outcome.FAILED] * 9)
        _, tally = service.publish("project:p")
        assert tally.queued_members == 1
        service.work_off()
        assert len(service.received("bad")) == 1
        assert len(service.received("good")) == 1

    def test_what_never_works_is_left_to_the_dead_letters(self, service: Service) -> None:
        service.connect("bad", "project:p")
        service.gateway.fail("bad", *[Outcome.FAILED] * 1000)
        service.publish("project:p")
        with pytest.raises(MembersUnreached, match="1 members"):
            service.work_off(rounds=MAX_REQUEUES + 1)

    def test_what_is_too_large_for_a_post_comes_by_reference(self, service: Service) -> None:
        service.connect("a", "project:p")
        service.connect("b", "project:p")
        service.gateway.fail("a", Outcome.TOO_LARGE)
        envelope, tally = service.publish("project:p")
        assert tally.outcomes == {Outcome.TOO_LARGE: 1, Outcome.SENT: 2}
        (whole,) = service.received("b")
        assert whole == {**envelope.for_room("project:p"), "seq": whole["seq"]}
        (small,) = service.received("a")
        reference = small.pop("data_ref")
        assert small == {**whole, "data": {}}
        assert json.loads(service.data.objects[f"data/{reference['sha256']}.json"]) == whole["data"]
        assert reference["size"] == len(encode(whole["data"]))
        assert not service.queue.messages

    def test_what_is_refused_by_reference_too_is_given_up(self, service: Service) -> None:
        service.connect("a", "project:p")
        service.gateway.fail("a", Outcome.TOO_LARGE, Outcome.TOO_LARGE)
        _, tally = service.publish("project:p")
        assert tally.outcomes == {Outcome.TOO_LARGE: 2}
        assert not service.queue.messages

    @pytest.mark.parametrize(("over", "whole"), [(0, True), (1, False)])
    def test_an_event_over_the_largest_post_is_never_posted_whole(
        self, dynamodb: Any, over: int, whole: bool
    ) -> None:
        event = Envelope(
            new_id(), "t", "2026-01-01T00:00:00Z", "s", ("project:p",), {"text": "x" * 2000}
        )
        logged = replace(event, seqs={"project:p": 1_800_000_000_000})
        size = len(encode(logged.for_room("project:p")))
        service = Service(dynamodb, max_post_bytes=size - over)
        service.connect("a", "project:p")
        tally = service.fan_out.broadcast(event, until=service.clock.now + 25)
        assert tally.outcomes == {Outcome.SENT: 1}
        (received,) = service.received("a")
        assert (received["id"], "data_ref" in received) == (event.id, not whole)
        assert received["data"] == (event.data if whole else {})

    def test_members_whose_small_copy_is_throttled_are_queued(self, service: Service) -> None:
        service.connect("a", "project:p")
        service.gateway.fail("a", Outcome.TOO_LARGE, *[Outcome.THROTTLED] * 4)
        _, tally = service.publish("project:p")
        assert tally.queued_members == 1
        service.work_off()
        assert len(service.received("a")) == 1

    def test_no_time_left_hands_everything_on(self, service: Service) -> None:
        service.connect("a", "project:p")
        envelope = Envelope(new_id(), "t", "2026-01-01T00:00:00Z", "s", ("project:p",), {})
        service.fan_out.broadcast(envelope, until=service.clock.now)
        assert service.received("a") == []
        service.work_off()
        assert len(service.received("a")) == 1

    def test_an_expired_token_gets_nothing_and_is_closed(self, service: Service) -> None:
        service.connect("old", "project:p", lifetime=10)
        service.clock.advance(11)
        _, tally = service.publish("project:p")
        assert tally.expired == 1
        (terminator,) = service.received("old")
        assert terminator["type"] == "connection.error"
        assert terminator["data"]["error_code"] == "AUTH_FAILED"
        assert service.gateway.closed == ["old"]
        assert service.connections.get("old") is None

    def test_many_expired_at_once_are_each_told_and_closed(self, service: Service) -> None:
        old = [f"old{number}" for number in range(30)]
        for connection_id in old:
            service.connect(connection_id, "project:p", lifetime=10)
        service.connect("fresh", "project:p")
        service.clock.advance(11)
        _, tally = service.publish("project:p")
        assert (tally.expired, tally.outcomes) == (30, {Outcome.SENT: 1})
        assert sorted(service.gateway.closed) == sorted(old)
        for connection_id in old:
            (terminator,) = service.received(connection_id)
            assert terminator["data"]["connection_id"] == connection_id
            assert service.connections.get(connection_id) is None

    def test_without_time_an_expired_member_gets_nothing_and_stays_for_the_next(
        self, service: Service
    ) -> None:
        service.connect("old", "project:p", lifetime=10)
        service.clock.advance(11)
        envelope = Envelope(new_id(), "t", "2026-01-01T00:00:00Z", "s", ("project:p",), {})
        tally = service.fan_out.broadcast(envelope, until=service.clock.now)
        assert (tally.expired, service.gateway.posts) == (0, 0)
        _, tally = service.publish("project:p")
        assert tally.expired == 1


class TestRepeats:
    def test_the_bus_delivering_twice_is_one_copy(self, service: Service) -> None:
        service.connect("a", "project:p")
        envelope, _ = service.publish("project:p")
        _, tally = service.publish("project:p", event_id=envelope.id)
        assert tally.repeated
        assert len(service.received("a")) == 1
        assert service.counts.read()["project.updated"].events == 1

    def test_a_fan_out_that_broke_off_is_done_again(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.connect("a", "project:p")
        event_id = new_id()
        with monkeypatch.context() as patch:
            patch.setattr(service.rooms, "page", lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                service.publish("project:p", event_id=event_id)
        service.publish("project:p", event_id=event_id)
        assert len(service.received("a")) == 1
        assert service.counts.read()["project.updated"].events == 1

    def test_a_fan_out_that_broke_off_after_it_was_complete_is_not_counted_twice(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.connect("a", "project:p")
        event_id = new_id()
        with monkeypatch.context() as patch:
            patch.setattr(service.log, "release", lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                service.publish("project:p", event_id=event_id)
        service.publish("project:p", event_id=event_id)
        assert service.counts.read()["project.updated"].events == 1

    def test_is_under_way_until_the_queue_is_worked_off(self, service: Service) -> None:
        service.fill("project:p", (f"c{number}" for number in range(350)))
        envelope, _ = service.publish("project:p")
        while service.queue.messages:
            assert service.is_under_way(envelope)
            service.work_off_one()
        assert not service.is_under_way(envelope)

    def test_is_under_way_while_members_are_tried_again(self, service: Service) -> None:
        service.connect("a", "project:p")
        service.gateway.fail("a", *[Outcome.THROTTLED] * 6)
        envelope, tally = service.publish("project:p")
        assert tally.queued_members == 1
        assert service.is_under_way(envelope)
        service.work_off()
        assert not service.is_under_way(envelope)
        assert len(service.received("a")) == 1

    def test_the_log_has_the_event_in_each_room(self, service: Service) -> None:
        envelope, _ = service.publish("project:p", "user:u")
        items = service.dynamodb.scan(TableName="events")["Items"]
        rooms = {item["room"]["S"] for item in items if "detail" in item}
        assert rooms == {"#logproject:p", "#loguser:u"}
        details = [json.loads(item["detail"]["S"]) for item in items if "detail" in item]
        assert all(Envelope.from_detail(detail) == envelope for detail in details)
        assert all("ttl" in item for item in items)


class TestCounts:
    """What the statistics are told of an event: once it is complete, and once its queue is done."""

    def counted(self, service: Service) -> EventCount:
        return service.counts.read().get("project.updated", EventCount())

    def test_posts_by_outcome_and_the_bytes_of_those_sent(self, service: Service) -> None:
        for name in ("a", "b", "gone"):
            service.connect(name, "project:p")
        service.gateway.open.discard("gone")
        service.publish("project:p")
        found = self.counted(service)
        assert (found.events, found.sent, found.failed) == (1, 2, 0)
        assert found.gone > 0
        assert found.bytes == sum(len(service.gateway.sent[name][0]) for name in ("a", "b"))

    def test_of_a_large_room_what_the_queue_delivered_is_added_at_the_end(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.fill("project:p", (f"c{number:03d}" for number in range(350)))
        added: list[EventCount] = []
        add = service.counts.add

        def noted(event: Envelope, count: EventCount) -> None:
            added.append(count)
            add(event, count)

        monkeypatch.setattr(service.counts, "add", noted)
        service.publish("project:p")
        assert [(each.events, each.sent) for each in added] == [(1, 100)]
        service.work_off()
        assert [(each.events, each.sent) for each in added] == [(1, 100), (0, 250)]
        found = self.counted(service)
        assert (found.events, found.sent) == (1, 350)
        assert found.bytes == sum(len(frame) for (frame,) in service.gateway.sent.values())

    def test_a_message_that_the_queue_repeats_adds_nothing_at_the_end(
        self, service: Service
    ) -> None:
        service.fill("project:p", (f"c{number:03d}" for number in range(150)))
        service.publish("project:p")
        message = service.queue.messages[0]
        service.work_off()
        before = self.counted(service)
        service.queue.put(Work.from_message(message))
        service.work_off()
        assert self.counted(service) == before
        assert (before.events, before.sent) == (1, 150)

    def test_parts_that_end_before_the_first_page_are_in_the_one_call(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.fill("project:p", (f"c{number:03d}" for number in range(250)))
        complete = service.events.complete

        def late(*args: Any, **options: Any) -> Any:
            service.work_off()
            return complete(*args, **options)

        monkeypatch.setattr(service.events, "complete", late)
        service.publish("project:p")
        assert (self.counted(service).events, self.counted(service).sent) == (1, 250)

    def test_members_that_are_tried_again_count_once_they_were_reached(
        self, service: Service
    ) -> None:
        service.connect("a", "project:p")
        service.gateway.fail("a", *[Outcome.THROTTLED] * 6)
        service.publish("project:p")
        before = self.counted(service)
        assert (before.sent, before.events) == (0, 1)
        service.work_off()
        found = self.counted(service)
        assert (found.sent, found.throttled, found.events) == (1, 6, 1)


class TestSoon:
    """Events that come within a second of one that they replace."""

    def progress(self, service: Service, at: float, number: int, **changes: Any) -> None:
        data = {"workflow_id": "w", "status": "running", "progress": number}
        event = Envelope(
            new_id(),
            "workflow.progress",
            f"2026-01-01T00:00:{at:06.3f}Z",
            "s",
            ("project:p",),
            data | changes,
            publisher="p1",
            number=number,
        )
        service.fan_out.broadcast(event, until=service.clock.now + 25)

    def soon(self, service: Service) -> tuple[int, int]:
        found = service.counts.read()["workflow.progress"]
        return found.soon, found.soon_ms

    def test_are_counted_with_the_time_between(self, service: Service) -> None:
        for number, at in enumerate((1.0, 1.2, 1.5, 2.5, 3.4), 1):
            self.progress(service, at, number)
        assert self.soon(service) == (3, 200 + 300 + 900)

    def test_are_not_those_of_another_entity(self, service: Service) -> None:
        self.progress(service, 1.0, 1)
        self.progress(service, 1.1, 2, workflow_id="other")
        assert self.soon(service) == (0, 0)

    def test_are_not_those_after_one_that_says_more(self, service: Service) -> None:
        self.progress(service, 1.0, 1, logs=["compiled"])
        self.progress(service, 1.1, 2)
        self.progress(service, 1.2, 3)
        assert self.soon(service) == (1, 100)

    def test_are_not_those_that_came_in_another_order(self, service: Service) -> None:
        self.progress(service, 1.2, 2)
        self.progress(service, 1.1, 1)
        assert self.soon(service) == (0, 0)

    def test_where_nothing_is_kept_nothing_is_measured(self, dynamodb: Any) -> None:
        service = Service(dynamodb, room_state="none")
        self.progress(service, 1.0, 1)
        self.progress(service, 1.1, 2)
        assert self.soon(service) == (0, 0)


class Metered:
    """A service all of whose calls are metered."""

    def __init__(self, dynamodb: Any) -> None:
        self.calls = Calls()
        self.service = Service(self.calls.wrap(dynamodb))
        self.service.gateway = gateway = FakeGateway()
        metered = self.calls.wrap_gateway(gateway)
        clock = self.service.clock
        self.service.fan_out = FanOut(
            self.service.settings,
            rooms=self.service.rooms,
            events=self.service.events,
            log=self.service.log,
            sender=Sender(metered, self.service.memberships, clock=clock, sleep=clock.sleep),
            terminator=Terminator(metered, self.service.memberships, clock=clock),
            queue=self.calls.wrap(self.service.queue),
            frames=EventFrames(self.service.data, largest=self.service.settings.max_post_bytes),
            states=states.keeper(
                self.service.settings, self.service.dynamodb, clock, self.service.data
            ),
            count_event=self.service.counts.add,
            clock=clock,
        )

    def publish(self, *rooms: str) -> Calls:
        self.calls.clear()
        self.service.publish(*rooms)
        return self.calls


class TestCalls:
    """The calls that one event takes, and how many of them before somebody has it."""

    @pytest.fixture
    def metered(self, dynamodb: Any) -> Metered:
        return Metered(dynamodb)

    def test_the_first_post_comes_after_two_calls_in_sequence(self, metered: Metered) -> None:
        metered.service.connect("a", "project:p")
        calls = metered.publish("project:p")
        assert calls.depth_before("post") == 2
        assert calls.counted == {"update_item": 5, "put_item": 1, "query": 1, "post": 1}

    def test_several_rooms_and_shards_take_no_more(self, metered: Metered) -> None:
        metered.service.fill("project:p", ["a", "b"])
        metered.service.fill("global", ["a", "b", "c", "d"])
        calls = metered.publish("project:p", "user:u", "global")
        assert calls.depth_before("post") == 2
        assert calls.counted == {"update_item": 9, "put_item": 3, "query": 2 + 4, "post": 4}

    def test_an_empty_first_room_delays_nobody(self, metered: Metered) -> None:
        metered.service.connect("a", "project:p")
        calls = metered.publish("agent:nobody", "project:p")
        assert calls.depth_before("post") == 2

    def test_the_statistics_are_beside_the_members(self, metered: Metered) -> None:
        metered.service.connect("a", "project:p")
        calls = metered.publish("project:p")
        assert calls.depth == 5  # begin and place, log and read, post, complete, count and release

    def test_a_repeat_reads_nobody(self, metered: Metered) -> None:
        metered.service.connect("a", "project:p")
        envelope, _ = metered.service.publish("project:p")
        metered.calls.clear()
        metered.service.publish("project:p", event_id=envelope.id)
        assert metered.calls.counted == {"update_item": 3, "put_item": 1}


class TestLogFirst:
    def test_nobody_is_read_before_the_position_or_posted_to_before_the_log(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.connect("a", "project:p")
        steps: list[str] = []

        def slow(name: str, call: Callable[..., Any], pause: float) -> Callable[..., Any]:
            def noted(*args: Any, **options: Any) -> Any:
                time.sleep(pause)
                found = call(*args, **options)
                steps.append(name)
                return found

            return noted

        monkeypatch.setattr(service.log, "place", slow("place", service.log.place, 0.05))
        monkeypatch.setattr(service.log, "put", slow("put", service.log.put, 0.2))
        monkeypatch.setattr(service.rooms, "page", slow("read", service.rooms.page, 0))
        monkeypatch.setattr(service.gateway, "post", slow("post", service.gateway.post, 0))
        service.publish("project:p")
        assert steps == ["place", "read", "put", "post"]

    @pytest.mark.parametrize("step", ["place", "put"])
    def test_without_the_log_nobody_gets_it(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        service.connect("a", "project:p")
        event_id = new_id()
        with monkeypatch.context() as patch:
            patch.setattr(service.log, step, lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                service.publish("project:p", event_id=event_id)
        assert service.gateway.posts == 0
        service.publish("project:p", event_id=event_id)
        assert len(service.received("a")) == 1

    def test_a_repeat_does_not_move_the_event_in_the_log(self, service: Service) -> None:
        envelope, _ = service.publish("project:p", "user:u")
        before = service.logged("project:p")
        service.clock.advance(60)
        service.publish("project:p", "user:u", event_id=envelope.id)
        assert service.logged("project:p") == before

    def test_a_fan_out_that_broke_off_takes_its_position_again(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.connect("a", "project:p")
        event_id = new_id()
        with monkeypatch.context() as patch:
            patch.setattr(service.log, "put", lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                service.publish("project:p", event_id=event_id)
        other, _ = service.publish("project:p")
        service.publish("project:p", event_id=event_id)
        positions = service.logged("project:p")
        assert list(positions) == [event_id, other.id]
        assert positions[other.id] == positions[event_id] + 1
        assert [event["seq"] for event in service.received("a")] == [*positions.values()][::-1]

    def test_a_position_that_a_reader_has_taken_is_given_up(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.connect("a", "project:p")
        place = service.log.place
        taken: list[int] = []

        def place_and_lose(envelope: Envelope, **options: Any) -> list[Placed]:
            places = place(envelope, **options)
            if not taken:
                taken.append(places[0].position)
                service.connect("late", "project:p")  # comes back, and joins before it reads
                service.log.settle("project:p", taken[0], now=service.clock.now)
            return places

        monkeypatch.setattr(service.log, "place", place_and_lose)
        envelope, _ = service.publish("project:p")
        (position,) = service.logged("project:p").values()
        assert position > taken[0]
        for client in ("a", "late"):
            assert [event["seq"] for event in service.received(client)] == [position]
        assert envelope.id == service.received("late")[0]["id"]

    def test_an_event_that_is_not_counted_is_not_delivered_again(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.connect("a", "project:p")
        event_id = new_id()
        with monkeypatch.context() as patch:
            patch.setattr(service.counts, "add", lambda *_a, **_k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                service.publish("project:p", event_id=event_id)
        _, tally = service.publish("project:p", event_id=event_id)
        assert tally.repeated
        assert len(service.received("a")) == 1

    def test_a_room_that_cannot_be_read_leaves_the_others_for_the_repeat(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.connect("a", "project:p")
        service.connect("b", "user:u")
        read = service.rooms.page
        event_id = new_id()

        def page(room: str, *args: Any, **kwargs: Any) -> Page:
            if room == "user:u":
                raise RuntimeError("no answer")
            return read(room, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(service.rooms, "page", page)
            with pytest.raises(RuntimeError):
                service.publish("project:p", "user:u", event_id=event_id)
        service.publish("project:p", "user:u", event_id=event_id)
        assert [len(service.received(name)) for name in "ab"] == [2, 1]
