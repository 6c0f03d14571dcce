"""Who came and who went, decided without tables."""

import pytest

from roomcast_backend.model.presence import has_presence, kinds_of, present
from roomcast_backend.model.type_filter import EVERYTHING, MARK, InvalidTypes, TypeFilter, parse
from roomcast_backend.presence.changes import (
    by_room,
    changes,
    memberships_of,
    name_of,
    standings_after,
    to_announce,
)
from roomcast_backend.runtime.presence import Check, InvalidCheck, check_of
from roomcast_backend.stores.presence import Membership, Person, Standing

ROOM = "project:p1"
FIRST, SECOND = Membership(ROOM, "c1"), Membership(ROOM, "c2#/ws")
ADA, BOB = Person(ROOM, "ada"), Person(ROOM, "bob")


def record(number: int, connection: str) -> dict[str, object]:
    keys = {"room": {"S": f"{ROOM}#000"}, "connection_id": {"S": connection}}
    return {"dynamodb": {"SequenceNumber": str(number), "Keys": keys}}


class TestChanges:
    def test_records_name_each_membership_once(self) -> None:
        records = [record(1, "c1"), record(2, "c2#/ws"), record(3, "c1")]
        assert memberships_of(records) == [FIRST, SECOND]

    def test_a_batch_has_one_name(self) -> None:
        records = [record(1, "c1"), record(2, "c1")]
        assert name_of(records) == name_of(list(records)) != name_of(records[:1])

    def test_who_is_new_came(self) -> None:
        found = changes([FIRST], {}, {FIRST: "ada"})
        assert (found.came, found.arrived, found.departed) == ({FIRST: "ada"}, {ADA}, set())

    def test_whose_row_is_gone_may_have_left(self) -> None:
        found = changes([FIRST], {FIRST: "ada"}, {})
        assert (found.went, found.departed) == ([FIRST], {ADA})

    def test_what_is_known_is_nothing(self) -> None:
        found = changes([FIRST, SECOND], {FIRST: "ada"}, {FIRST: "ada"})
        assert not (found.came)
        assert not (found.went)
        assert not (found.arrived)
        assert not (found.departed)

    def test_another_user_of_a_connection(self) -> None:
        found = changes([FIRST], {FIRST: "ada"}, {FIRST: "bob"})
        assert (found.arrived, found.departed, found.went) == ({BOB}, {ADA}, [])

    def test_another_connection_of_a_user_is_no_departure(self) -> None:
        found = changes([FIRST, SECOND], {FIRST: "ada"}, {SECOND: "ada"})
        assert (found.arrived, found.departed) == ({ADA}, set())


class TestStandings:
    def test_who_was_there_stays_as_announced_before(self) -> None:
        before = {ADA: Standing(True, 5, "first", gone="x")}
        found = changes([FIRST], {}, {FIRST: "ada"})
        after = standings_after(found, before, batch="second", until=9)
        assert after == {ADA: Standing(True, 9, "first")}
        assert to_announce(found.arrived, before, batch="second") == []

    @pytest.mark.parametrize(
        "before", [{}, {ADA: Standing(False, 5, "first")}, {ADA: Standing(True, 5, "second")}]
    )
    def test_who_was_not_there_is_announced_also_by_the_repeat(
        self, before: dict[Person, Standing]
    ) -> None:
        assert to_announce({ADA}, before, batch="second") == [ADA]

    def test_who_was_never_told_does_not_leave(self) -> None:
        found = changes([FIRST], {FIRST: "ada"}, {})
        assert standings_after(found, {}, batch="b", until=9) == {}

    def test_users_are_told_room_by_room_and_not_too_many_at_a_time(self) -> None:
        people = {Person("project:p2", "eve"), ADA, BOB, Person(ROOM, "cy")}
        expected = [(ROOM, ["ada", "bob"]), (ROOM, ["cy"]), ("project:p2", ["eve"])]
        assert list(by_room(people, 2)) == expected


class TestLists:
    def test_oneself_is_in_it_once(self) -> None:
        assert present(["bob", "ada"], also="ada").body() == {"users": ["ada", "bob"], "count": 2}
        assert present([], also="ada").count == 1

    def test_kinds(self) -> None:
        kinds = kinds_of("project, team")
        assert has_presence("team:red", kinds)
        assert not has_presence("teams:red", kinds)
        assert not has_presence("project:p1", kinds_of(""))


class TestFilters:
    @pytest.mark.parametrize("types", [["pr.*"], ["*"], ["presence.*"], ["presence.joined"]])
    def test_no_pattern_takes_presence(self, types: list[str]) -> None:
        assert not parse(types).takes("presence.joined")
        assert not EVERYTHING.takes("presence.left")

    def test_the_switch_takes_nothing_else(self) -> None:
        both = TypeFilter(frozenset({"pr.*"}), presence=True)
        taken = [both.takes(name) for name in ("presence.left", "pr.created", "issue.created")]
        assert taken == [True, True, False]
        assert TypeFilter(presence=True).takes("issue.created")

    @pytest.mark.parametrize("patterns", [frozenset(), frozenset({"pr.*"})])
    @pytest.mark.parametrize("presence", [False, True])
    def test_is_stored_among_the_patterns(self, patterns: frozenset[str], presence: bool) -> None:
        given = TypeFilter(patterns, presence=presence)
        assert TypeFilter.of_stored(given.stored()) == given

    def test_no_client_writes_the_mark(self) -> None:
        with pytest.raises(InvalidTypes):
            parse([MARK])


class TestChecks:
    def test_is_read(self) -> None:
        message = '{"room": "project:p1", "user_ids": ["ada"], "batch": "b"}'
        assert check_of(message) == Check(ROOM, ["ada"], "b")

    @pytest.mark.parametrize(
        "message",
        [
            *("", "[]", "{}", "null", '{"room": "r", "user_ids": "ada", "batch": "b"}'),
            '{"room": 1, "user_ids": ["ada"], "batch": "b"}',
            '{"room": "r", "user_ids": [null], "batch": "b"}',
        ],
    )
    def test_anything_else_is_refused(self, message: str) -> None:
        with pytest.raises(InvalidCheck):
            check_of(message)
