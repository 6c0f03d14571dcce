"""Names of rooms: what is one, what is not, and how ids are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomcast import rooms
from roomcast.errors import InvalidRoom
from roomcast.rooms import Room

PROJECT = "7B0F4C5E-1D2A-4C3B-8E9F-0A1B2C3D4E5F"


class TestParse:
    @pytest.mark.parametrize(
        "name", ["global", "user:42", "project:a.b_c-D", "agent:x", "project:" + "a" * 128]
    )
    def test_name_of_a_room(self, name: str) -> None:
        assert str(Room.parse(name)) == name

    def test_uuid_is_written_in_lower_case(self) -> None:
        assert str(Room.parse(f"project:{PROJECT}")) == f"project:{PROJECT.lower()}"

    def test_short_id_keeps_its_case(self) -> None:
        assert Room.parse("agent:Builder") == Room("agent", "Builder")

    @pytest.mark.parametrize(
        "name",
        [
            *("", "global:", "global:1", "Global", "project", "project:", "team:1", ":1"),
            *("project:a b", "project:a:b", "project:ä", "project:1\n", "project:\ud800"),
            *("project:" + "a" * 129, None, 7, b"global", ["global"]),
        ],
    )
    def test_anything_else_is_refused(self, name: object) -> None:
        with pytest.raises(InvalidRoom, match="not a room name") as refused:
            Room.parse(name)
        assert refused.value.name == name

    @given(st.text())
    def test_any_text_is_a_room_or_refused(self, name: str) -> None:
        try:
            room = Room.parse(name)
        except InvalidRoom:
            return
        assert Room.parse(str(room)) == room


class TestConstructors:
    def test_kinds(self) -> None:
        made = (rooms.project(PROJECT), rooms.user("u"), rooms.agent("a"), rooms.GLOBAL)
        assert list(map(str, made)) == [f"project:{PROJECT.lower()}", "user:u", "agent:a", "global"]
