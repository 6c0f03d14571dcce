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


class TestUserId:
    @pytest.mark.parametrize(
        ("subject", "written"),
        [
            ("42", "42"),
            (PROJECT, PROJECT.lower()),
            ("auth0|6553da60a54af58e29493993", "auth0|6553da60a54af58e29493993"),
            ("ada+test@example.com", "ada+test@example.com"),
            ("abc/def==", "abc/def=="),
            ("f:1:j\u00fcrgen", "f%3A1%3Aj%C3%BCrgen"),
            ("100%", "100%25"),
            ("f%3A1", "f%253A1"),
            ('#*"', "%23%2A%22"),
        ],
    )
    def test_is_the_name_of_a_room(self, subject: str, written: str) -> None:
        assert rooms.user_id(subject) == written
        name = f"user:{written}"
        assert str(Room.parse(name)) == str(rooms.user(written)) == name

    @pytest.mark.parametrize(
        "subject", ["", "a b", "a\n", "\x00", "\u2028", "\ud800", "x" * 129, ":" * 43]
    )
    def test_of_another_subject_there_is_none(self, subject: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011  any will do
            rooms.user_id(subject)

    @pytest.mark.parametrize(
        "name",
        [
            *("user:a b", "user:a:b", "user:a#b", "user:*", "user:%", "user:%3a", "user:%4"),
            *("user:a%", "user:", "user:" + "x" * 129, "user:" + "%41" * 43),
            *("project:a|b", "agent:a@b", "project:a%3Ab"),
        ],
    )
    def test_what_is_none(self, name: str) -> None:
        with pytest.raises(InvalidRoom):
            Room.parse(name)

    @given(st.text(max_size=40), st.text(max_size=40))
    def test_two_subjects_have_two(self, one: str, other: str) -> None:
        try:
            ids = rooms.user_id(one), rooms.user_id(other)
        except ValueError:
            return
        same = one == other or ids[0] == one.lower() == other.lower()
        assert (ids[0] == ids[1]) == same
        assert all("#" not in each and ":" not in each for each in ids)


class TestConstructors:
    def test_kinds(self) -> None:
        made = (rooms.project(PROJECT), rooms.user("u"), rooms.agent("a"), rooms.GLOBAL)
        assert list(map(str, made)) == [f"project:{PROJECT.lower()}", "user:u", "agent:a", "global"]
