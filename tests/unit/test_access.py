from typing import Any

import pytest

from roomcast.rooms import Room
from roomcast_backend.model.access import (
    EVERYTHING,
    NOTHING,
    Grant,
    Principal,
    automatic_rooms,
    may_join,
    still_allowed,
)

USER = "u1"


def principal(**changes: Any) -> Principal:
    values: dict[str, Any] = {"user_id": USER, "expires_at": 0, **changes}
    return Principal(**values)


class TestMayJoin:
    @pytest.mark.parametrize(
        ("room", "allowed"),
        [
            ("global", True),
            ("user:u1", True),
            ("user:u2", False),
            ("project:p1", False),
            ("agent:a1", True),
        ],
    )
    def test_a_token_without_claims(self, room: str, allowed: bool) -> None:
        assert may_join(principal(), Room.parse(room)) is allowed

    @pytest.mark.parametrize(
        ("grant", "allowed"),
        [
            (Grant(ids=frozenset({"p1"})), True),
            (Grant(ids=frozenset({"p2"})), False),
            (EVERYTHING, True),
        ],
    )
    def test_projects(self, grant: Grant, allowed: bool) -> None:
        assert may_join(principal(projects=grant), Room("project", "p1")) is allowed

    @pytest.mark.parametrize(
        ("grant", "allowed"), [(Grant(ids=frozenset({"a1"})), True), (NOTHING, False)]
    )
    def test_agents_can_be_narrowed(self, grant: Grant, allowed: bool) -> None:
        assert may_join(principal(agents=grant), Room("agent", "a1")) is allowed

    @pytest.mark.parametrize("room", ["global", "user:u2", "project:p1", "agent:a1"])
    def test_an_admin_may_join_every_room(self, room: str) -> None:
        assert may_join(principal(role="admin", agents=NOTHING), Room.parse(room))

    @pytest.mark.parametrize("role", ["", "Admin", "administrator", "user"])
    def test_other_roles_are_no_admin(self, role: str) -> None:
        assert not may_join(principal(role=role), Room("project", "p1"))


class TestAutomaticRooms:
    def test_global_and_the_users_own(self) -> None:
        assert [str(room) for room in automatic_rooms(principal())] == ["global", "user:u1"]


class TestStillAllowed:
    def test_keeps_what_a_fresh_token_opens(self) -> None:
        fresh = principal(projects=Grant(ids=frozenset({"p1"})))
        rooms = [Room("project", "p1"), Room("project", "p2"), Room("user", "u9"), Room("global")]
        assert still_allowed(fresh, rooms) == {Room("project", "p1"), Room("global")}
