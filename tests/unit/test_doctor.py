"""`roomcast doctor` without a service: verdicts, percentiles, the table, packets, log lines."""

import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from roomcast.cli.doctor import permissions
from roomcast.cli.doctor.checks import CHECKS
from roomcast.cli.doctor.checks.account import differing_variables
from roomcast.cli.doctor.checks.delivering import SIZES, durations_in, event_of_size, sizes_within
from roomcast.cli.doctor.checks.webhooks import sample
from roomcast.cli.doctor.finding import (
    CheckFailed,
    CheckSkipped,
    Finding,
    Result,
    Verdict,
    exit_code,
    ok,
    warning,
)
from roomcast.cli.doctor.percentiles import milliseconds, percentile
from roomcast.cli.doctor.runner import finding_of
from roomcast.cli.doctor.socketio_client import Packet, address, read
from roomcast.cli.doctor.table import REMAINS, report, table
from roomcast.envelope import encode
from roomcast.errors import NotConfigured
from roomcast_backend.github.pull_request import PullRequestDelivery

ROOT = Path(__file__).parents[2]
AWS = (ROOT / "docs/aws.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
DOCTOR = OPERATIONS.partition("\n## Doctor\n")[2].partition("\n## ")[0]


def refused(code: str, operation: str = "PutEvents", message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def result(name: str, verdict: Verdict) -> Result:
    return Result(name, Finding(verdict, "text"), 0.1)


class TestPercentiles:
    @pytest.mark.parametrize(
        ("values", "percent", "found"),
        [
            ([7.0], 50, 7.0),
            ([7.0], 99, 7.0),
            ([3.0, 1.0, 2.0], 50, 2.0),
            ([float(n) for n in range(1, 21)], 50, 10.0),
            ([float(n) for n in range(1, 21)], 99, 20.0),
            ([float(n) for n in range(1, 101)], 99, 99.0),
            ([1.0, 2.0], 100, 2.0),
        ],
    )
    def test_nearest_rank(self, values: list[float], percent: float, found: float) -> None:
        assert percentile(values, percent) == found

    @pytest.mark.parametrize(("values", "percent"), [([], 50), ([1.0], 0), ([1.0], 101)])
    def test_what_has_none(self, values: list[float], percent: float) -> None:
        with pytest.raises(ValueError, match="expected"):
            percentile(values, percent)

    def test_in_milliseconds(self) -> None:
        assert milliseconds([0.1234, 0.2, 0.3]) == {"p50": 200, "p99": 300}


class TestExitCode:
    @pytest.mark.parametrize(
        ("verdicts", "code"),
        [
            ([Verdict.OK], 0),
            ([Verdict.OK, Verdict.WARNING, Verdict.SKIPPED], 0),
            ([Verdict.WARNING], 0),
            ([Verdict.OK, Verdict.FAILED], 1),
            ([Verdict.SKIPPED, Verdict.FAILED], 1),
            ([Verdict.SKIPPED, Verdict.SKIPPED], 2),
            ([], 2),
        ],
    )
    def test_follows_from_the_verdicts(self, verdicts: list[Verdict], code: int) -> None:
        assert exit_code(result("c", verdict) for verdict in verdicts) == code


class TestTable:
    def test_wraps_what_is_long(self) -> None:
        long = Finding(Verdict.FAILED, "a word " * 12, "do this " * 8)
        lines = list(table([Result("latency", long, 1), Result("bus", ok("fine"), 1)]))
        assert lines[0].split() == ["check", "result", "found", "what", "to", "do"]
        assert lines[2].startswith("latency  failed   a word a word")
        assert lines[3].startswith(" " * 18 + "word a word")
        assert lines[-1] == "bus      ok       fine"
        assert all(line == line.rstrip() for line in lines)
        assert max(map(len, lines)) <= 110

    def test_as_json(self) -> None:
        results = [Result("latency", warning("slow", "look", p99=12), 1.26)]
        found = json.loads(json.dumps(report(results, deployment="stack S", checks=CHECKS)))
        assert found["deployment"] == "stack S"
        assert found["exit_code"] == 0
        assert found["checks"] == [
            {
                "check": "latency",
                "result": "warning",
                "found": "slow",
                "what_to_do": "look",
                "figures": {"p99": 12},
                "seconds": 1.3,
                "rows": ["sync-memory-cpu", "eb-new-rule"],
            }
        ]
        assert found["remains"] == list(REMAINS)


class TestErrors:
    @pytest.mark.parametrize(
        ("error", "verdict", "text"),
        [
            (CheckFailed("broken", "mend it"), Verdict.FAILED, "broken"),
            (CheckSkipped("not here"), Verdict.SKIPPED, "not here"),
            (NotConfigured("no secret"), Verdict.SKIPPED, "no secret"),
            (refused("AccessDenied"), Verdict.SKIPPED, "needs events:PutEvents"),
            (refused("Throttling"), Verdict.FAILED, "AWS refused events:PutEvents: no"),
            (refused("400"), Verdict.FAILED, "AWS refused events:PutEvents: no"),
            (ConnectionRefusedError("refused"), Verdict.FAILED, "cannot connect: refused"),
            (ZeroDivisionError("by zero"), Verdict.FAILED, "unexpected ZeroDivisionError: by zero"),
        ],
    )
    def test_become_findings(self, error: Exception, verdict: Verdict, text: str) -> None:
        finding = finding_of(error, local=False)
        assert (finding.verdict, finding.text) == (verdict, text)

    def test_no_credentials(self) -> None:
        finding = finding_of(NoCredentialsError(), local=False)
        assert finding.verdict is Verdict.FAILED
        assert "AWS cannot be reached" in finding.text

    def test_what_the_local_aws_lacks_is_skipped(self) -> None:
        finding = finding_of(refused("400", "ListServiceQuotas"), local=True)
        assert finding.verdict is Verdict.SKIPPED
        assert finding.text == "the local AWS does not have servicequotas:ListServiceQuotas"


class TestPackets:
    @pytest.mark.parametrize(
        ("frame", "packet"),
        [
            ('0{"sid":"s"}', Packet("0", body={"sid": "s"})),
            ("2", Packet("2")),
            ("6", Packet("6")),
            ('40/ws,{"sid":"s"}', Packet("40", "/ws", body={"sid": "s"})),
            ('43/ws,7[{"status":"pong"}]', Packet("43", "/ws", 7, [{"status": "pong"}])),
            ('42["e",1]', Packet("42", body=["e", 1])),
            ("41/ws,", Packet("41", "/ws")),
            ("4", Packet("4")),
            ("2probe", Packet("2", body="probe")),
        ],
    )
    def test_are_read(self, frame: str, packet: Packet) -> None:
        assert read(frame) == packet

    @pytest.mark.parametrize("frame", ["", '{"message": "Internal server error"}', "x", "9"])
    def test_what_ends_a_client(self, frame: str) -> None:
        with pytest.raises(CheckFailed):
            read(frame)

    def test_the_address(self) -> None:
        assert address("wss://h/ws") == "wss://h/ws?EIO=4&transport=websocket"
        assert address("wss://h/ws?a=1") == "wss://h/ws?a=1&EIO=4&transport=websocket"


class TestLatencyLog:
    def test_durations_of_the_invocations_that_delivered(self) -> None:
        lines = [
            "START RequestId: r1 Version: 3",
            json.dumps({"event_id": "e1", "function_request_id": "r1"}),
            json.dumps({"event_id": "other", "function_request_id": "r2"}),
            "REPORT RequestId: r1\tDuration: 12.34 ms\tBilled Duration: 13 ms",
            "REPORT RequestId: r2\tDuration: 99.00 ms\tBilled Duration: 99 ms",
        ]
        assert durations_in(lines, {"e1"}) == [0.01234]

    @pytest.mark.parametrize("lines", [[], ["{", "[]", "REPORT RequestId: r1 Duration: 1 ms"]])
    def test_without_lines_of_the_events(self, lines: list[str]) -> None:
        assert durations_in(lines, {"e1"}) == []


class TestSamples:
    @pytest.mark.parametrize("size", SIZES.values())
    def test_a_large_event_has_its_size_and_can_be_published(self, size: int) -> None:
        envelope = event_of_size("p1", size).to_envelope(source="roomcast_doctor")
        envelope.check_size()
        assert len(encode(envelope.for_room("project:p1")).encode()) == size

    @pytest.mark.parametrize(
        ("limit", "sizes"),
        [
            (131072, {"60 KB": 61440, "128 KB - 512": 130560}),
            (131071, {"60 KB": 61440}),
            (32768, {"32,256": 32256}),
        ],
    )
    def test_large_events_keep_to_the_publishers_limit(
        self, limit: int, sizes: dict[str, int]
    ) -> None:
        assert sizes_within(limit) == sizes

    def test_the_webhook_is_what_the_service_reads(self) -> None:
        event = PullRequestDelivery.read(sample("o/r")).event("p1")
        assert event.type == "pr.created"
        assert event.rooms() == ("project:p1",)

    def test_variables_that_differ(self) -> None:
        same = {"A": "1", "POWERTOOLS_SERVICE_NAME": "x"}
        other = {"A": "2", "POWERTOOLS_SERVICE_NAME": "y", "ONLY_HERE": "3"}
        assert differing_variables([same, same]) == []
        assert differing_variables([same, other]) == ["A"]


class TestDocuments:
    def test_the_names_are_unique(self) -> None:
        names = [check.name for check in CHECKS]
        assert len(set(names)) == len(names)

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
    def test_each_check_is_described(self, check: object) -> None:
        name = getattr(check, "name", "")
        assert re.search(rf"^\| `{name}` \|", DOCTOR, re.MULTILINE)

    @pytest.mark.parametrize("action", sorted(permissions.ACTIONS.values()))
    def test_each_permission_is_named(self, action: str) -> None:
        assert f"`{action}`" in DOCTOR

    def test_rows_and_checks_name_each_other(self) -> None:
        rows = re.findall(r"^\| `([a-z0-9-]+)` \|.*\| ([^|]*) \|$", AWS, re.MULTILINE)
        named = {(row, name) for row, doctor in rows for name in re.findall(r"`([a-z-]+)`", doctor)}
        assert named == {(row, check.name) for check in CHECKS for row in check.rows}
