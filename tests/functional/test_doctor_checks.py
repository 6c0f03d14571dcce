"""Each check of `roomcast doctor`: passes at a good service, fails when its promise is broken."""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from roomcast.cli.doctor.check import Check
from roomcast.cli.doctor.checks import CHECKS, keep_alive
from roomcast.cli.doctor.checks.delivering import EVENTS
from roomcast.cli.doctor.finding import Finding, Verdict, ok
from roomcast.cli.doctor.runner import run, run_one
from roomcast.cli.doctor.target import Target
from roomcast.token_minting import mint_token
from tests.fakes.doctor_service import (
    FAULTS,
    GITHUB_SECRET,
    SECRET,
    DoctorService,
    FakeAws,
    function,
    serving,
)

BY_NAME = {check.name: check for check in CHECKS}
QUICK = [check.name for check in CHECKS if not check.takes_long]

BROKEN = [
    ("handshake", "greets_nobody", "no greeting within"),
    ("handshake-bad-token", "accepts_bad_tokens", "with a token that is invalid was accepted"),
    ("greeting", "greets_nobody", "no greeting within"),
    ("subscribe-reply", "replies_to_no_unsubscribe", "no reply to `unsubscribe`"),
    ("subscribe-burst", "refuses_in_bursts", "of 10 commands at once failed: UNAVAILABLE"),
    ("heartbeat-answer", "empty_frames", "an empty frame came"),
    ("heartbeat-answer", "ignores_pongs", "no answer `6` to a pong"),
    ("ackless-emit", "empty_frames", "an empty frame came"),
    ("empty-frame", "error_frames", "API Gateway's own error frame came"),
    ("empty-frame", "empty_frames", "an empty frame came"),
    ("large-frame", "takes_large_frames", "a frame of 33 KB ended in: success"),
    ("latency", "never_delivers", "none of 6 events arrived"),
    ("latency", "loses_every_third_event", "no event within"),
    ("latency", "refuses_puts", "the bus did not accept an event: ResourceNotFoundException"),
    ("large-event", "cuts_large_events", "an event of 60 KB bytes: its data was changed"),
    ("large-event", "closes_on_large_events", "the connection was closed (1009)"),
    ("recovery", "never_recovers", "`since` answered recovered: false"),
    ("recovery", "loses_on_recovery", "the missed event did not come, though recovered: true"),
    ("recovery", "forgets_sessions", "was not recovered: another pid came"),
    ("recovery", "loses_on_session_recovery", "recovery did not bring the missed event"),
    ("webhook", "ignores_webhooks", "answered HTTP 200, ignored"),
    ("webhook", "never_delivers", "no event within"),
    ("webhook-duplicate", "publishes_twice", "was published a second time"),
    ("secrets", "unreadable_secret", "with a wrong signature was answered HTTP 500"),
    ("edge", "unhealthy", "answered HTTP 503"),
    ("edge-failing-handshake", "caches_errors", "a good one was answered 401"),
    ("counters", "counts_nothing", "a room with 3 members counts 0"),
    ("counters", "forgets_nothing", "a room with 0 members counts 3"),
    ("cleanup", "forgets_nothing", "a room with 0 members counts 1"),
]

OTHER_FAULTS = {"expired_gets_500", "closes_quiet_connections", "loses_polling"}


def _target(service: DoctorService, pace: float) -> Target:
    return Target(
        deployment=service.deployment, edge=service.deployment, pace=pace, clients=service.aws
    )


async def _find(name: str, *faults: str, pace: float = 0.3) -> Finding:
    async with serving(*faults) as service:
        result = await run_one(BY_NAME[name], _target(service, pace))
        assert service.registry == {}
    return result.finding


@pytest.fixture
def short_idle_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_alive, "IDLE_SECONDS", 3.0)


class TestGoodService:
    async def test_every_check_passes_and_nothing_is_left(self) -> None:
        async with serving() as service:
            target = _target(service, 0.3)
            checks = [BY_NAME[name] for name in QUICK]
            seen: list[str] = []
            results = await run(
                checks,
                target,
                started=lambda check: seen.append(check.name),
                ended=lambda result: seen.append(f"{result.name} {result.finding.verdict}"),
            )
            assert service.members == set()
            assert service.registry == {}
        assert {result.name: result.finding.text for result in results} == {
            result.name: result.finding.text for result in results if result.finding.verdict == "ok"
        }
        assert seen == [line for name in QUICK for line in (name, f"{name} ok")]

    async def test_where_the_time_was_spent(self) -> None:
        finding = await _find("latency")
        assert f"{EVENTS} events delivered" in finding.text
        assert "`broadcast` ran 12/12 ms" in finding.text
        assert finding.figures["function_p99"] == 12
        assert {"total_p50", "put_events_p99", "after_put_events_p50"} <= set(finding.figures)

    async def test_what_the_log_does_not_tell_is_not_made_up(self) -> None:
        async with serving() as service:
            service.aws.denied = {"FilterLogEvents"}
            result = await run_one(BY_NAME["latency"], _target(service, 0.3))
        assert result.finding.verdict is Verdict.OK
        assert "`broadcast` was not measured (needs logs:FilterLogEvents)" in result.finding.text
        assert "function_p50" not in result.finding.figures

    @pytest.mark.usefixtures("short_idle_time")
    async def test_a_quiet_connection_is_held(self) -> None:
        finding = await _find("keep-alive")
        assert finding.verdict is Verdict.OK, finding

    async def test_a_token_that_is_given(self) -> None:
        async with serving() as service:
            deployment = replace(service.deployment, _jwt_secret="")
            token = mint_token(SECRET, "ops", role="admin")
            target = Target(deployment=deployment, given_token=token, clients=service.aws, pace=0.3)
            for name in ("handshake", "handshake-bad-token", "counters"):
                result = await run_one(BY_NAME[name], target)
                assert result.finding.verdict is Verdict.OK, result


class TestBrokenService:
    @pytest.mark.parametrize(("name", "fault", "says"), BROKEN)
    async def test_the_check_fails(self, name: str, fault: str, says: str) -> None:
        finding = await _find(name, fault, pace=0.06 if name in {"counters", "cleanup"} else 0.1)
        assert finding.verdict is Verdict.FAILED, finding
        assert says in finding.text

    def test_every_check_of_the_service_is_broken_once(self) -> None:
        account = {"bus", "alarms", "dead-letters", "configuration", "quotas"}
        assert {name for name, _, _ in BROKEN} | account == set(QUICK)
        assert {fault for _, fault, _ in BROKEN} | OTHER_FAULTS == set(FAULTS)

    @pytest.mark.usefixtures("short_idle_time")
    async def test_a_quiet_connection_that_is_closed(self) -> None:
        finding = await _find("keep-alive", "closes_quiet_connections")
        assert finding.verdict is Verdict.FAILED
        assert "a quiet connection was closed after" in finding.text

    async def test_polling_that_does_not_reach_its_function_is_a_warning(self) -> None:
        finding = await _find("edge", "loses_polling")
        assert finding.verdict is Verdict.WARNING
        assert "long polling is answered HTTP 403 by something else" in finding.text

    async def test_another_status_for_a_bad_token_is_a_warning(self) -> None:
        finding = await _find("handshake-bad-token", "expired_gets_500")
        assert finding.verdict is Verdict.WARNING
        assert "HTTP 500 instead of 401" in finding.text

    async def test_a_service_that_does_not_answer(self) -> None:
        async with serving() as service:
            target = _target(service, 0.1)
        for name in ("handshake", "counters", "edge"):
            result = await run_one(BY_NAME[name], target)
            assert result.finding.verdict is Verdict.FAILED
            assert "unexpected" not in result.finding.text

    async def test_a_check_that_takes_too_long(self) -> None:
        async def forever(target: Target) -> Finding:
            await target.sleep(3600)
            return ok("")

        check = Check(name="slow", proves="", seconds=0.5, run=forever)
        async with serving() as service:
            result = await run_one(check, _target(service, 0.1))
        assert result.finding == Finding(Verdict.FAILED, "did not end within 0.5 s")

    async def test_no_secret_is_ever_told(self) -> None:
        async def telling(target: Target) -> Finding:
            github = await target.github_secret()
            raise RuntimeError(f"{github} and {target.token('u')}\nand {SECRET}")

        check = Check(name="telling", proves="", seconds=5, run=telling)
        async with serving() as service:
            result = await run_one(check, _target(service, 1))
        said = "unexpected RuntimeError: [secret] and [secret] and [secret]"
        assert result.finding == Finding(Verdict.FAILED, said)
        assert GITHUB_SECRET not in repr(result)

    async def test_a_check_that_is_cut_off_removes_its_link(self) -> None:
        check = replace(BY_NAME["webhook"], seconds=2)
        async with serving("never_delivers") as service:
            result = await run_one(check, _target(service, 0.3))
            assert service.registry == {}
        assert result.finding.text == "did not end within 2 s"


def _without_bus(aws: FakeAws) -> None:
    aws.has_bus = False


def _with_a_disabled_rule(aws: FakeAws) -> None:
    aws.rules = [{"State": "DISABLED"}]


def _with_an_alarm(aws: FakeAws) -> None:
    aws.alarm_states["AlarmA"] = "ALARM"


def _with_dead_letters(aws: FakeAws) -> None:
    aws.dead_letters = 3


def _changed(**values: Any) -> Callable[[FakeAws], None]:
    def change(aws: FakeAws) -> None:
        aws.functions["connect"] = function("connect") | values

    return change


def _stopped(aws: FakeAws) -> None:
    aws.reserved = {"connect": 0}


def _new_account(aws: FakeAws) -> None:
    aws.executions = 10


def _small_region(aws: FakeAws) -> None:
    aws.throttle_rate = 2000.0


def _without_alarms(aws: FakeAws) -> None:
    aws.alarm_states = {}


OTHER_SETTINGS = {"Environment": {"Variables": {"ROOMCAST_POSTS_PER_SECOND": "9"}}}


class TestAccount:
    @pytest.mark.parametrize(
        ("name", "change", "says"),
        [
            ("bus", _without_bus, "there is no bus bus"),
            ("bus", _with_a_disabled_rule, "has no rule that is enabled"),
            ("alarms", _with_an_alarm, "1 of 2 alarms: AlarmA rings"),
            ("dead-letters", _with_dead_letters, "dead letters: QueuesOpenDeadLetters: 3"),
            ("configuration", _changed(CodeSha256="y"), "functions run different code"),
            ("configuration", _changed(State="Failed"), "not ready: connect"),
            ("configuration", _changed(LastUpdateStatus="InProgress"), "not ready: connect"),
            (
                "configuration",
                _changed(**OTHER_SETTINGS),
                "functions have different values of ROOMCAST_POSTS_PER_SECOND",
            ),
            ("quotas", _stopped, "connect: a reservation of 0"),
        ],
    )
    async def test_what_fails(
        self, name: str, change: Callable[[FakeAws], None], says: str
    ) -> None:
        async with serving() as service:
            change(service.aws)
            result = await run_one(BY_NAME[name], _target(service, 1))
        assert result.finding.verdict is Verdict.FAILED, result
        assert says in result.finding.text

    @pytest.mark.parametrize(
        ("name", "change", "says"),
        [
            ("quotas", _new_account, "Concurrent executions"),
            ("quotas", _small_region, "Lower posts_per_second"),
            ("alarms", _without_alarms, "Deploy it again"),
        ],
    )
    async def test_what_is_a_warning(
        self, name: str, change: Callable[[FakeAws], None], says: str
    ) -> None:
        async with serving() as service:
            change(service.aws)
            result = await run_one(BY_NAME[name], _target(service, 1))
        assert result.finding.verdict is Verdict.WARNING, result
        assert says in result.finding.advice

    @pytest.mark.parametrize(
        ("minutes", "missing", "verdict"),
        [
            (5, "breaching", Verdict.OK),
            (20, "breaching", Verdict.FAILED),
            (5, "notBreaching", Verdict.FAILED),
        ],
    )
    async def test_an_alarm_about_missing_data_begins_by_ringing(
        self, minutes: int, missing: str, verdict: Verdict
    ) -> None:
        async with serving() as service:
            _with_an_alarm(service.aws)
            service.aws.alarm_details = {
                "TreatMissingData": missing,
                "AlarmConfigurationUpdatedTimestamp": datetime.now(UTC)
                - timedelta(minutes=minutes),
            }
            result = await run_one(BY_NAME["alarms"], _target(service, 1))
        assert result.finding.verdict is verdict, result

    async def test_quotas_beside_settings(self) -> None:
        finding = await _find("quotas")
        assert finding.text == (
            "1000 concurrent executions, 0 of them reserved; "
            "posts_per_second 2000 beside 10000 requests a second"
        )

    async def test_a_rate_that_was_never_changed(self) -> None:
        async with serving() as service:
            service.aws.is_rate_applied = False
            result = await run_one(BY_NAME["quotas"], _target(service, 1))
        assert result.finding.figures["throttle_rate"] == 10_000

    async def test_the_version_behind_an_alias_counts(self) -> None:
        arn = "arn:aws:lambda:us-east-1:1:function:connect:live"
        async with serving() as service:
            service.aws.aliases = {"connect": arn}
            service.aws.functions[arn] = function("connect") | {"CodeSha256": "old"}
            result = await run_one(BY_NAME["configuration"], _target(service, 1))
        assert result.finding.verdict is Verdict.FAILED
        assert "functions run different code" in result.finding.text

    @pytest.mark.parametrize(
        ("name", "operation", "action"),
        [
            ("latency", "PutEvents", "events:PutEvents"),
            ("webhook", "PutItem", "dynamodb:PutItem"),
            ("bus", "DescribeEventBus", "events:DescribeEventBus"),
            ("alarms", "DescribeAlarms", "cloudwatch:DescribeAlarms"),
            ("alarms", "ListStackResources", "cloudformation:ListStackResources"),
            ("dead-letters", "GetQueueAttributes", "sqs:GetQueueAttributes"),
            ("configuration", "GetFunctionConfiguration", "lambda:GetFunctionConfiguration"),
            ("quotas", "GetAccountSettings", "lambda:GetAccountSettings"),
        ],
    )
    async def test_a_missing_permission_skips_the_check(
        self, name: str, operation: str, action: str
    ) -> None:
        async with serving() as service:
            service.aws.denied = {operation}
            result = await run_one(BY_NAME[name], _target(service, 0.3))
        assert result.finding.verdict is Verdict.SKIPPED
        assert result.finding.text == f"needs {action}"

    async def test_a_rate_that_may_not_be_read_is_told(self) -> None:
        async with serving() as service:
            service.aws.denied = {"ListServiceQuotas"}
            result = await run_one(BY_NAME["quotas"], _target(service, 1))
        assert result.finding.verdict is Verdict.OK
        assert "an unknown rate (needs servicequotas:ListServiceQuotas)" in result.finding.text


class TestSkipped:
    async def test_without_an_edge(self) -> None:
        async with serving() as service:
            target = Target(deployment=service.deployment, clients=service.aws)
            result = await run_one(BY_NAME["edge"], target)
        assert result.finding.verdict is Verdict.SKIPPED
        assert "no edge" in result.finding.text

    async def test_without_a_shared_secret(self) -> None:
        async with serving() as service:
            deployment = replace(service.deployment, _jwt_secret="")
            target = Target(deployment=deployment, clients=service.aws)
            result = await run_one(BY_NAME["handshake"], target)
        assert result.finding.verdict is Verdict.SKIPPED
        assert "pass --token" in result.finding.text

    async def test_without_the_secret_of_webhooks(self) -> None:
        async with serving() as service:
            deployment = replace(service.deployment, _github_secret="")
            target = Target(deployment=deployment, clients=service.aws)
            result = await run_one(BY_NAME["webhook"], target)
        assert result.finding.verdict is Verdict.SKIPPED


def test_the_wheel_needs_nothing_else() -> None:
    """What the checks import is the standard library or a dependency of the library."""
    allowed = {"boto3", "botocore", "click", "roomcast", "websockets", *sys.stdlib_module_names}
    folder = Path(__file__).parents[2] / "src/roomcast/cli/doctor"
    for path in folder.rglob("*.py"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                assert words[1].partition(".")[0] in allowed, (path, line)
