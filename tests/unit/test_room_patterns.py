"""The patterns of rooms that a token opens."""

import pytest

from roomcast.rooms import Room
from roomcast_backend.model.access import EVERYTHING, NOTHING, Principal, may_join, still_allowed
from roomcast_backend.model.room_patterns import opens, patterns

UUID = "6F1C0F9E-3A52-4C61-9D0A-0D5F4AD5A001"


class TestPatterns:
    @pytest.mark.parametrize(
        "text", ["project:atlas", "project:at*", "project:*", "team:*", "run:a.b_c-1"]
    )
    def test_what_is_one(self, text: str) -> None:
        assert patterns([text]) == {text}

    @pytest.mark.parametrize(
        "text",
        [
            *("", "*", ":", "project", "project:", "project*", "*:atlas", "*:*", "pro*:atlas"),
            *("project:a*s", "project:**", "project:*a", "project:a b", "project:a:b", "project:ä"),
            *("global", "global:*", "user:ada", "user:*", "connection:*", "Project:atlas"),
            *("project:" + "a" * 129, "project:atlas\n", "project:atlas#000"),
        ],
    )
    def test_what_is_none_opens_nothing(self, text: str) -> None:
        assert patterns([text]) == frozenset()

    def test_uuids_are_in_lower_case(self) -> None:
        assert patterns([f"project:{UUID}"]) == {f"project:{UUID.lower()}"}


class TestOpens:
    @pytest.mark.parametrize(
        ("pattern", "room", "expected"),
        [
            ("project:atlas", "project:atlas", True),
            ("project:atlas", "project:atlas2", False),
            ("project:at*", "project:atlas", True),
            ("project:at*", "project:at", True),
            ("project:at*", "project:a", False),
            ("project:at*", "agent:atlas", False),
            ("project:*", "project:atlas", True),
            ("project:*", "agent:atlas", False),
        ],
    )
    def test_a_room(self, pattern: str, room: str, expected: bool) -> None:
        assert opens(patterns([pattern]), Room.parse(room)) is expected

    @pytest.mark.parametrize("room", ["global", "user:ada"])
    def test_never_what_is_not_joined_on_request(self, room: str) -> None:
        assert not opens({"user:ada", "user:*", "global", "global*", "*"}, Room.parse(room))


class TestMayJoin:
    def test_a_pattern_opens_a_project_beside_the_claim_projects(self) -> None:
        ada = Principal("ada", 0, projects=NOTHING, rooms=patterns(["project:at*"]))
        assert may_join(ada, Room("project", "atlas"))
        assert not may_join(ada, Room("project", "beta"))

    def test_a_pattern_opens_an_agent_that_the_token_narrows(self) -> None:
        ada = Principal("ada", 0, agents=NOTHING, rooms=patterns(["agent:a1"]))
        assert may_join(ada, Room("agent", "a1"))
        assert not may_join(ada, Room("agent", "a2"))

    def test_a_pattern_narrows_nothing(self) -> None:
        ada = Principal("ada", 0, projects=EVERYTHING, rooms=patterns(["project:at*"]))
        assert may_join(ada, Room("project", "beta"))
        assert may_join(ada, Room("agent", "a1"))

    def test_a_fresh_token_without_it_closes_what_it_opened(self) -> None:
        assert still_allowed(Principal("ada", 0), [Room("project", "atlas")]) == frozenset()
