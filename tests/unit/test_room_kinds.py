"""Kinds of rooms of one's own: the setting, and what it changes."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from infra.settings import FunctionSettings, Settings
from roomcast import NotConfigured, room_kinds, rooms
from roomcast.cli.deployment import Deployment
from roomcast.errors import InvalidRoom
from roomcast.rooms import Room
from roomcast_backend.auth.claims import TokenRefused, TokenRules, principal
from roomcast_backend.model.access import Principal, may_join, still_allowed
from roomcast_backend.model.event_count import EventCount
from roomcast_backend.settings import BadSetting
from roomcast_backend.settings import Settings as BackendSettings
from roomcast_backend.statistics import reconciliation
from roomcast_backend.statistics.reconciliation import Reconciliation
from roomcast_backend.statistics.report import Statistics
from roomcast_backend.stores import keys
from roomcast_backend.stores.counters import Counter, counters_of, members, room_members
from tests.unit.test_reconciliation import Rows, Store

KINDS = {"team": {"claim": "teams"}, "run": "authenticated"}
TEXT = json.dumps(KINDS)

BAD: list[Any] = [
    "team",
    "[]",
    "7",
    '{"team": ',
    {"Team": "authenticated"},
    {"": "authenticated"},
    {"1st": "authenticated"},
    {"a" * 32: "authenticated"},
    {"t:m": "authenticated"},
    {"team\n": "authenticated"},
    {"project": "authenticated"},
    {"global": "authenticated"},
    {"user": "authenticated"},
    {"connection": "authenticated"},
    {"team": "everyone"},
    {"team": ""},
    {"team": None},
    {"team": {"claim": ""}},
    {"team": {"claim": "a b"}},
    {"team": {"claim": 7}},
    {"team": {"claims": "teams"}},
    {"team": {"claim": "teams", "more": "x"}},
    {f"k{number}": "authenticated" for number in range(21)},
]


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process have the kinds `team` and `run`, as the service and a publisher do."""
    monkeypatch.setenv("ROOMCAST_ROOM_KINDS", TEXT)


class TestSetting:
    def test_each_kind_with_its_claim(self) -> None:
        assert room_kinds.read(TEXT) == {"team": "teams", "run": ""}

    def test_no_kinds(self) -> None:
        assert room_kinds.read("") == room_kinds.read("{}") == {}
        assert FunctionSettings().room_kinds == FunctionSettings(room_kinds={}).room_kinds == ""

    @pytest.mark.parametrize("value", [KINDS, TEXT, json.dumps(KINDS, indent=2)])
    def test_is_given_to_functions_as_they_read_it(self, value: Any) -> None:
        variable = FunctionSettings(room_kinds=value).variables()["ROOMCAST_ROOM_KINDS"]
        assert json.loads(variable) == KINDS
        assert room_kinds.read(variable) == {"team": "teams", "run": ""}

    @pytest.mark.parametrize("value", BAD)
    def test_a_bad_one_is_refused_before_it_is_deployed(self, value: Any) -> None:
        with pytest.raises(ValidationError, match="room_kinds"):
            Settings(room_kinds=value)

    def test_what_leaves_no_place_for_other_variables_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="at most 2000 characters"):
            Settings(room_kinds={"team": {"claim": "https://example.com/" + "x" * 2000}})

    @pytest.mark.parametrize("value", BAD)
    def test_a_bad_one_is_refused_by_service_and_publisher(
        self, value: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        with pytest.raises(BadSetting, match="^room_kinds: "):
            BackendSettings(room_kinds=text)
        monkeypatch.setenv("ROOMCAST_ROOM_KINDS", text)
        with pytest.raises(NotConfigured, match="^ROOMCAST_ROOM_KINDS: expected|^ROOMCAST.*team"):
            Room.parse("team:red")


class TestRoom:
    @pytest.mark.usefixtures("chosen")
    def test_of_a_kind_of_ones_own(self) -> None:
        assert Room.parse("team:red") == Room("team", "red")
        uuid = "6F1C0F9E-0000-4000-8000-000000000001"
        assert str(Room.parse(f"run:{uuid}")) == f"run:{uuid.lower()}"
        assert rooms.kinds() == ("global", "project", "user", "agent", "team", "run")

    @pytest.mark.usefixtures("chosen")
    @pytest.mark.parametrize("name", ["team", "team:", "team:a b", "team:a|b", "squad:red"])
    def test_anything_else_is_refused(self, name: str) -> None:
        with pytest.raises(InvalidRoom):
            Room.parse(name)

    def test_an_unknown_kind_names_the_setting(self) -> None:
        with pytest.raises(InvalidRoom, match=r"room_kinds.*team.*ROOMCAST_ROOM_KINDS"):
            Room.parse("team:red")

    @pytest.mark.parametrize("name", ["global:1", "project:a b", "Te am:1", "nowhere", 7])
    def test_other_mistakes_do_not(self, name: object) -> None:
        with pytest.raises(InvalidRoom) as refused:
            Room.parse(name)
        assert "room_kinds" not in str(refused.value)

    def test_the_command_line_takes_them_from_the_service(self) -> None:
        Deployment(name="here", room_kinds=TEXT).take_room_kinds()
        assert Room.parse("team:red") == Room("team", "red")
        with pytest.raises(NotConfigured, match="here: room_kinds"):
            Deployment(name="here", room_kinds="x").take_room_kinds()


class TestTokens:
    @staticmethod
    def principal(**claims: Any) -> Principal:
        given = {"sub": "ada", "exp": 2_000_000_000, "token_type": "access", **claims}
        rules = TokenRules(algorithms=("HS256",), room_kinds=room_kinds.read(TEXT))
        return principal(given, rules, now=1_900_000_000)

    @pytest.mark.parametrize("teams", [["red", "blue"], "red blue"])
    def test_the_claim_has_the_ids(self, teams: Any) -> None:
        ada = self.principal(teams=teams)
        assert may_join(ada, Room("team", "red"))
        assert not may_join(ada, Room("team", "green"))
        assert not may_join(ada, Room("team", "re"))

    def test_authenticated_is_everyone_with_a_token(self) -> None:
        assert may_join(self.principal(), Room("run", "7"))
        assert not may_join(self.principal(), Room("team", "7"))
        assert not may_join(self.principal(), Room("project", "7"))

    def test_the_star_is_every_room_of_the_kind(self) -> None:
        ada = self.principal(teams=["*"])
        assert may_join(ada, Room("team", "red"))
        assert not may_join(ada, Room("project", "red"))

    def test_a_star_within_an_id_is_none(self) -> None:
        assert not may_join(self.principal(teams=["re*"]), Room("team", "red"))

    def test_the_claim_rooms_opens_them_too(self) -> None:
        assert may_join(self.principal(rooms=["team:re*"]), Room("team", "red"))

    def test_ids_are_canonical(self) -> None:
        uuid = "6F1C0F9E-0000-4000-8000-000000000001"
        assert may_join(self.principal(teams=[uuid]), Room("team", uuid.lower()))

    @pytest.mark.parametrize("teams", [7, [7], {"red": 1}])
    def test_a_claim_of_another_type_is_refused(self, teams: Any) -> None:
        with pytest.raises(TokenRefused, match="teams"):
            self.principal(teams=teams)

    def test_an_admin_enters_all(self) -> None:
        assert may_join(self.principal(role="admin"), Room("team", "red"))

    def test_a_fresh_token_closes_what_it_does_not_open(self) -> None:
        fresh = self.principal(teams=["blue"])
        held = [Room("team", "red"), Room("team", "blue")]
        assert still_allowed(fresh, held) == {Room("team", "blue")}


class TestStatistics:
    @pytest.mark.usefixtures("chosen")
    def test_count_each_kind(self) -> None:
        row = {"room": {"S": keys.partition("team:red", 0)}, "connection_id": {"S": "c"}}
        assert set(counters_of(row)) == {members("team"), room_members("team", "team:red")}
        report = Statistics(
            Sums({members("team"): 3, room_members("team", "team:red"): 3}), NO_EVENTS
        )
        body = report.read(rooms=True)
        kinds = ["global", "project:*", "user:*", "agent:*", "team:*", "run:*"]
        assert list(body["rooms"]) == kinds
        assert (body["rooms"]["team:*"], body["rooms"]["run:*"]) == (3, 0)
        assert body["detail"] == {"team:red": 3}

    def test_without_the_setting_nothing_is_new(self) -> None:
        body = Statistics(Sums({}), NO_EVENTS).read()
        assert list(body["rooms"]) == ["global", "project:*", "user:*", "agent:*"]

    @pytest.mark.usefixtures("chosen")
    def test_are_corrected(self) -> None:
        assert {"members:team", "rooms:team", "members:run"} <= set(reconciliation.names())
        store = Store(**{"members:team": 5})
        rows = Rows({members("team"): 3})
        assert Reconciliation(store, rows, every=300, sleep=lambda _: None).run(now=1) == {
            members("team"): -2
        }

    def test_the_counter_of_polling_connections_is_corrected_once(self) -> None:
        store, rows = Store(polling=5), Rows({Counter("polling"): 3})
        sweeps = Reconciliation(store, rows, every=300, sleep=lambda _: None)
        assert sweeps.run(now=1000) == {Counter("polling"): -2}
        assert sweeps.run(now=2000) == {}

    def test_rows_of_a_kind_that_is_gone_change_no_counter(self) -> None:
        row = {"room": {"S": keys.partition("team:red", 0)}, "connection_id": {"S": "c"}}
        assert members("team") in set(counters_of(row))
        rows = Rows({members("team"): 3})
        assert Reconciliation(Store(), rows, every=300, sleep=lambda _: None).run(now=1) == {}


class NoEvents:
    """Nothing was published."""

    def read(self, tenant: str = "") -> dict[str, EventCount]:
        return {}


NO_EVENTS = NoEvents()


class Sums:
    """Counters of which each has its number."""

    def __init__(self, values: dict[Counter, int]) -> None:
        self._values = values

    def total(self, counter: Counter) -> int:
        return self._values.get(counter, 0)

    def parts(self, name: str) -> dict[str, int]:
        return {each.part: n for each, n in self._values.items() if each.name == name}

    def started_at(self, *, now: int) -> int:
        return now
