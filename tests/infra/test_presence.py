"""What a deployment has only when rooms have presence."""

import json
from pathlib import Path

import pytest

from infra.settings import Settings
from tests.infra.conftest import Template, synthesise
from tests.infra.test_service import declared, granted


class TestOff:
    def test_there_is_nothing_of_it(self, service: Template) -> None:
        found = [name for name in service.body["Resources"] if "Presence" in name]
        found += [name for name in service.body["Resources"] if "Departures" in name]
        assert found == []


class TestOn:
    def test_may_do_what_its_row_and_its_triggers_say(self, with_presence: Template) -> None:
        assert granted(with_presence, "Presence") == declared("Presence")

    def test_its_function_gets_rooms_of_the_kinds_alone(self, with_presence: Template) -> None:
        (source,) = [
            each
            for each in with_presence.properties("AWS::Lambda::EventSourceMapping")
            if "FilterCriteria" in each
        ]
        (found,) = source["FilterCriteria"]["Filters"]
        assert json.loads(found["Pattern"]) == {
            "dynamodb": {"Keys": {"room": {"S": [{"prefix": "project:"}, {"prefix": "team:"}]}}}
        }
        assert source["MaximumBatchingWindowInSeconds"] == 1
        assert source["BisectBatchOnFunctionError"] is False
        assert source["DestinationConfig"]

    def test_with_tenants_it_gets_all_rooms(self, tmp_path: Path) -> None:
        made = synthesise(tmp_path, presence_rooms="project", jwt_tenant_claim="tenant")
        template = made.template("Roomcast")
        sources = template.properties("AWS::Lambda::EventSourceMapping")
        streams = [each for each in sources if "StartingPosition" in each]
        assert len(streams) == 3
        assert not any("FilterCriteria" in each for each in streams)

    def test_checks_come_by_a_queue_that_has_alarms(self, with_presence: Template) -> None:
        alarms = [name for name in with_presence.of("AWS::CloudWatch::Alarm") if "eparture" in name]
        assert len(alarms) == 2
        queues = [
            each
            for each in with_presence.properties("AWS::Lambda::EventSourceMapping")
            if "StartingPosition" not in each
        ]
        most = sorted(each["ScalingConfig"]["MaximumConcurrency"] for each in queues)
        assert most == [2, 2, 5]


class TestSetting:
    @pytest.mark.parametrize("kinds", ["global", "user", "project,global", "team", "nothing"])
    def test_other_kinds_are_refused(self, kinds: str) -> None:
        with pytest.raises(ValueError, match="presence_rooms: no kind of rooms that are joined"):
            Settings(presence_rooms=kinds)

    def test_own_kinds_are_taken(self) -> None:
        settings = Settings(presence_rooms="agent, team,", room_kinds='{"team": "authenticated"}')
        assert settings.presence_rooms == "agent,team"
