from typing import Any

from roomcast_backend.statistics.stream_counter import batch_name, changes, users_rooms_joined
from roomcast_backend.stores.counters import Counter


def record(name: str, sequence: str = "1", **keys: str) -> dict[str, Any]:
    attributes = {key: {"S": value} for key, value in keys.items()}
    return {"eventName": name, "dynamodb": {"Keys": attributes, "SequenceNumber": sequence}}


class TestChanges:
    def test_connections_come_and_go(self) -> None:
        records = [record("INSERT", connection_id="a"), record("INSERT", connection_id="b")]
        assert changes(records) == {Counter("connections"): 2}
        assert changes([record("REMOVE", connection_id="a")]) == {Counter("connections"): -1}

    def test_an_overwritten_row_is_still_one(self) -> None:
        assert changes([record("MODIFY", connection_id="a")]) == {Counter("connections"): 0}

    def test_members_count_for_their_kind_and_their_room(self) -> None:
        records = [record("INSERT", room="project:p#000", connection_id="a")]
        assert changes(records) == {
            Counter("members:project"): 1,
            Counter("rooms:project", "project:p"): 1,
        }

    def test_global_is_one_room_for_all_its_shards(self) -> None:
        records = [record("INSERT", room=f"global#{n:03d}", connection_id="a") for n in (0, 7)]
        assert changes(records) == {Counter("members:global"): 2}


class TestUsersRooms:
    def test_each_once_those_of_tenants_apart(self) -> None:
        rooms = ("acme!user:ada#000", "user:ada#000", "acme!user:ada#000", "acme!global#001")
        records = [record("INSERT", room=room, connection_id="c") for room in rooms]
        assert users_rooms_joined(records) == ["acme!user:ada", "user:ada"]


class TestBatchName:
    def test_the_same_batch_has_the_same_name(self) -> None:
        records = [
            record("INSERT", "5", connection_id="a"),
            record("INSERT", "6", connection_id="b"),
        ]
        assert batch_name(records) == batch_name(list(records))
        assert batch_name(records) != batch_name(records[:1])
        assert len(batch_name(records)) == 30
