"""Batches of which DynamoDB leaves a part unprocessed: repeated with pauses, and not for ever."""

from collections.abc import Callable

import pytest

from roomcast_backend.aws.errors import AwsError
from roomcast_backend.stores import batch_items
from roomcast_backend.stores.actions import WriteActions
from roomcast_backend.stores.batch_items import BACKOFF, BatchItems
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.items import Item, text
from roomcast_backend.stores.rooms import RoomStore
from tests.fakes.clock import FakeClock
from tests.fakes.partial_batches import EVERYTHING, PartialBatches
from tests.fakes.tables import table_settings

PAUSES = [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
"""The longest pauses, which a draw of 1 gives."""

THROTTLED = AwsError("dynamodb", "BatchGetItem", "ThrottlingException", status=400)

Operation = Callable[[BatchItems, list[Item], float | None], object]


def keys(count: int) -> list[Item]:
    return [{"id": text(f"k{number:03d}")} for number in range(count)]


def read(batches: BatchItems, wanted: list[Item], until: float | None = None) -> list[Item]:
    return batches.get("table", wanted, until=until)


def delete(batches: BatchItems, wanted: list[Item], until: float | None = None) -> None:
    batches.delete("table", wanted, until=until)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def batches_of(client: PartialBatches, clock: FakeClock, *, drawn: float = 1.0) -> BatchItems:
    return BatchItems(client, sleep=clock.sleep, clock=clock, draw=lambda: drawn)


class TestNothingIsLeft:
    def test_reads_in_hundreds(self, clock: FakeClock) -> None:
        client = PartialBatches(EVERYTHING)
        assert read(batches_of(client, clock), keys(205)) == keys(205)
        assert [len(batch) for batch in client.batches] == [100, 100, 5]
        assert clock.slept == []

    def test_deletes_in_twenty_fives(self, clock: FakeClock) -> None:
        client = PartialBatches(EVERYTHING)
        delete(batches_of(client, clock), keys(51))
        assert [len(batch) for batch in client.batches] == [25, 25, 1]
        assert client.batches[2] == [{"DeleteRequest": {"Key": keys(51)[50]}}]
        assert clock.slept == []

    @pytest.mark.parametrize("operation", [read, delete])
    def test_nothing_is_asked_for_nothing(self, clock: FakeClock, operation: Operation) -> None:
        client = PartialBatches(EVERYTHING)
        operation(batches_of(client, clock), [], None)
        assert client.batches == []

    @pytest.mark.parametrize("operation", [read, delete])
    def test_is_done_even_when_the_time_is_over(
        self, clock: FakeClock, operation: Operation
    ) -> None:
        client = PartialBatches(EVERYTHING)
        operation(batches_of(client, clock), keys(3), clock.now - 1)
        assert len(client.batches) == 1


class TestSomeAreLeft:
    def test_of_a_read(self, clock: FakeClock) -> None:
        client = PartialBatches(2, 0, 1, EVERYTHING)
        assert read(batches_of(client, clock), keys(5)) == keys(5)
        assert [len(batch) for batch in client.batches] == [5, 3, 3, 2]
        assert clock.slept == PAUSES[:3]

    def test_of_a_deletion(self, clock: FakeClock) -> None:
        client = PartialBatches(2, EVERYTHING)
        delete(batches_of(client, clock), keys(5))
        assert client.batches[1] == [{"DeleteRequest": {"Key": key}} for key in keys(5)[2:]]
        assert clock.slept == PAUSES[:1]

    def test_each_batch_has_its_own_attempts(self, clock: FakeClock) -> None:
        client = PartialBatches(99, EVERYTHING, 49, EVERYTHING)
        assert read(batches_of(client, clock), keys(150)) == keys(150)
        assert [len(batch) for batch in client.batches] == [100, 1, 50, 1]
        assert clock.slept == [PAUSES[0], PAUSES[0]]

    def test_pauses_have_full_jitter(self, clock: FakeClock) -> None:
        client = PartialBatches(0, 0, EVERYTHING)
        read(batches_of(client, clock, drawn=0.5), keys(1))
        assert clock.slept == [0.025, 0.05]


class TestAlwaysLeft:
    @pytest.mark.parametrize(
        ("operation", "action"), [(read, "BatchGetItem"), (delete, "BatchWriteItem")]
    )
    def test_ends_after_so_many_calls(
        self, clock: FakeClock, operation: Operation, action: str
    ) -> None:
        client = PartialBatches(0)
        with pytest.raises(AwsError, match="a part is left after 8 calls") as failed:
            operation(batches_of(client, clock), keys(150), None)
        assert (failed.value.action, failed.value.code) == (action, "Unprocessed")
        assert len(client.batches) == BACKOFF.attempts == 8
        assert clock.slept == PAUSES

    @pytest.mark.parametrize("operation", [read, delete])
    def test_ends_with_the_invocation(self, clock: FakeClock, operation: Operation) -> None:
        client = PartialBatches(0)
        until = clock.now + 0.5  # after 0.05 + 0.1 + 0.2, and before 0.4 more
        with pytest.raises(AwsError, match="a part is left after 4 calls"):
            operation(batches_of(client, clock), keys(1), until)
        assert len(client.batches) == 4
        assert clock.slept == PAUSES[:3]
        assert clock.now < until

    def test_many_batches_have_one_end(
        self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(batch_items, "LONGEST_SECONDS", 0.45)
        client = PartialBatches(0, 0, 0, EVERYTHING, 0)
        with pytest.raises(AwsError, match="a part is left after 2 calls"):
            read(batches_of(client, clock), keys(101))
        assert len(client.batches) == 6
        assert clock.slept == [*PAUSES[:3], PAUSES[0]]


class TestThrottled:
    @pytest.mark.parametrize("operation", [read, delete])
    def test_is_raised_as_it_is(self, clock: FakeClock, operation: Operation) -> None:
        """The client below has repeated the call already."""
        client = PartialBatches(1, THROTTLED)
        with pytest.raises(AwsError) as failed:
            operation(batches_of(client, clock), keys(3), None)
        assert failed.value is THROTTLED
        assert len(client.batches) == 2
        assert clock.slept == PAUSES[:1]


class TestStores:
    """Every store that reads or deletes batches does it in this way."""

    @pytest.fixture
    def client(self) -> PartialBatches:
        return PartialBatches(0)

    def test_members_of_a_room(self, client: PartialBatches, clock: FakeClock) -> None:
        rooms = RoomStore(table_settings(), client=client, sleep=clock.sleep)
        with pytest.raises(AwsError, match="BatchGetItem"):
            rooms.among("project:p1", ["c1", "c2"])
        assert (len(client.batches), len(clock.slept)) == (8, 7)

    def test_members_of_a_room_until_a_moment(
        self, client: PartialBatches, clock: FakeClock
    ) -> None:
        rooms = RoomStore(table_settings(), client=client, sleep=clock.sleep)
        with pytest.raises(AwsError, match="BatchGetItem"):
            rooms.overlap("global", ["c1", "c2"], until=0)
        assert (len(client.batches), len(clock.slept)) == (1, 0)

    def test_fan_outs(self, client: PartialBatches, clock: FakeClock) -> None:
        events = EventStore(table_settings(), client=client, sleep=clock.sleep)
        with pytest.raises(AwsError, match="BatchGetItem"):
            events.under_way(["e1"], at=0)
        assert (len(client.batches), len(clock.slept)) == (8, 7)

    def test_memberships(self, client: PartialBatches, clock: FakeClock) -> None:
        actions = WriteActions(table_settings(), client, sleep=clock.sleep)
        with pytest.raises(AwsError, match="BatchWriteItem"):
            actions.leave_all("c1", ["global"])
        assert (len(client.batches), len(clock.slept)) == (8, 7)

    def test_memberships_until_a_moment(self, client: PartialBatches, clock: FakeClock) -> None:
        actions = WriteActions(table_settings(), client, sleep=clock.sleep)
        with pytest.raises(AwsError, match="BatchWriteItem"):
            actions.leave_all("c1", ["global"], until=0)
        assert (len(client.batches), len(clock.slept)) == (1, 0)
