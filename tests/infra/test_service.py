"""What is deployed: routes, roles, tables, queues, alarms."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions.reconcile.wiring import MIN_SECONDS
from infra.dashboard import OUTCOMES
from infra.functions import FUNCTIONS, TIMEOUTS
from infra.queues import WORK
from infra.settings.limits import RECONCILED
from infra.triggers import ACCESS_ORDERS, TRIGGERS, WITH_DEAD_LETTERS, Schedule, grants_of
from roomcast import access
from roomcast_backend.gateway.posts import Outcome
from simulation import costs_connections
from tests.infra.conftest import Template

ROOT = Path(__file__).parents[2]

TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
RESOURCES = {
    "connections": r"TablesConnections\w+",
    "rooms": r"TablesRooms\w+",
    "events": r"TablesEvents\w+",
    "registry": r"TablesRegistry\w+",
    "idempotency": r"TablesIdempotency\w+",
    "counters": r"TablesCounters\w+",
    "polling": r"TablesPolling\w+",
    "deadline queue": r"QueuesDeadline[0-9A-F]{8}",
    "departures queue": r"QueuesDepartures[0-9A-F]{8}",
    "pages queue": r"QueuesPages[0-9A-F]{8}",
    "dead letters": r"Queues\w+DeadLetters\w+",
    "bus": r"Bus\w+",
    "data bucket": r"Data[0-9A-F]{8}",
    "open": r"OpenLive\w+",
    "jwt secret": r"KeysJwt\w+",
    "github secret": r"KeysGithub\w+",
}
"""What a statement names, by its logical id."""

SENSITIVE = {
    ("bus", "PutEvents"): {"Webhooks"},
    ("github secret", "GetSecretValue"): {"Webhooks"},
    ("jwt secret", "GetSecretValue"): {"Connect", "Poll", "Status", "Subscribe"},
    ("registry", "BatchGetItem"): {"Webhooks"},
    ("registry", "DeleteItem"): {"Webhooks"},
    ("registry", "GetItem"): {"Webhooks"},
    ("registry", "PutItem"): {"Webhooks"},
    ("events", "Query"): {"Broadcast", "Open", "Poll", "Status", "Subscribe"},
    ("events", "PutItem"): {"Broadcast", "Open", "Poll", "Status", "Subscribe"},
    ("events", "UpdateItem"): {"Broadcast", "Webhooks"},
    ("open", "InvokeFunction"): {"Connect", "Poll", "Subscribe"},
    ("data bucket", "GetObject"): {"Broadcast", "Open", "Poll", "Status", "Subscribe"},
    ("polling", "Query"): {"Poll"},
    ("polling", "DeleteItem"): {"Poll"},
    ("polling", "BatchWriteItem"): {"Poll"},
    ("data bucket", "PutObject"): {"Broadcast", "Open", "Poll", "Status", "Subscribe"},
}
"""What few functions may do; another one that should needs a reason, and an entry here."""


def shown(resource: str) -> str:
    """Return the name in `RESOURCES` of a resource that a row or a trigger names."""
    if resource.endswith("_dead_letters"):
        return "dead letters"
    if resource == "event_bus":
        return "bus"
    return resource.replace("_messages", "_queue").replace("_", " ")


def declared(function: str) -> dict[str, set[str]]:
    """Return what a function's row and its triggers ask for, by the names of `RESOURCES`."""
    (row,) = [row for row in FUNCTIONS if row.name.capitalize() == function]
    found: dict[str, set[str]] = {}
    for grants in (row.grants, grants_of(row.name)):
        for resource, verbs in grants.items():
            found.setdefault(shown(resource), set()).update(verbs)
    return found


ROLES = [row.name.capitalize() for row in FUNCTIONS if not row.needs]
"""The functions that every deployment has."""

QUEUES = [name for name, function in WORK.items() if function.capitalize() in ROLES]
LETTERS = [name for name in WITH_DEAD_LETTERS if name.capitalize() in ROLES]


def statements(service: Template, function: str) -> list[dict[str, Any]]:
    """Return all statements of a function's role."""
    (role,) = [
        role["Properties"]
        for name, role in service.of("AWS::IAM::Role").items()
        if name.startswith(f"{function}Role")
    ]
    assert "ManagedPolicyArns" not in role
    return [
        statement
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def listed(value: Any) -> list[Any]:
    """Return what may stand alone or in a list as a list."""
    return value if isinstance(value, list) else [value]


def named(resource: Any) -> tuple[str, str]:
    """Return what a statement's resource is in `RESOURCES`, and for clients the method."""
    text = json.dumps(resource)
    if method := re.search(r"/ws/([A-Z]+)/@connections/\*", text):
        return "clients", method[1]
    (name,) = [name for name, pattern in RESOURCES.items() if re.search(f'"{pattern}"', text)]
    return (f"{name} stream" if "/stream/*" in text else name), ""


def granted(service: Template, function: str) -> dict[str, set[str]]:
    """Return what a role allows, by the names of `RESOURCES`: actions, of clients the methods."""
    found: dict[str, set[str]] = {}
    for statement in statements(service, function):
        actions = set(listed(statement["Action"]))
        if actions in (TRACES, LOGS):
            continue
        for resource in listed(statement["Resource"]):
            name, method = named(resource)
            verbs = {method} if method else {action.partition(":")[2] for action in actions}
            found.setdefault(name, set()).update(verbs)
    return found


class TestRoles:
    @pytest.mark.parametrize("function", ROLES)
    def test_may_do_what_its_row_and_its_triggers_say_and_nothing_else(
        self, service: Template, function: str
    ) -> None:
        assert granted(service, function) == declared(function)

    @pytest.mark.parametrize(("resource", "verb"), SENSITIVE)
    def test_what_few_may_do(self, service: Template, resource: str, verb: str) -> None:
        holders = {role for role in ROLES if verb in granted(service, role).get(resource, set())}
        assert holders == SENSITIVE[resource, verb]

    @pytest.mark.parametrize("function", ROLES)
    def test_names_each_action(self, service: Template, function: str) -> None:
        verbs = set().union(*granted(service, function).values())
        assert not {verb for verb in verbs if "*" in verb}

    def test_only_the_reconciliation_scans_a_table(self, service: Template) -> None:
        scanning = {
            role for role in ROLES if "Scan" in set().union(*granted(service, role).values())
        }
        assert scanning == {"Reconcile"}

    @pytest.mark.parametrize("function", ROLES)
    def test_on_named_resources(self, service: Template, function: str) -> None:
        for statement in statements(service, function):
            assert statement["Effect"] == "Allow"
            if "*" in listed(statement["Resource"]):
                assert set(listed(statement["Action"])) == TRACES

    def test_no_other_policies(self, service: Template) -> None:
        assert service.of("AWS::IAM::Policy") == {}

    def test_the_table_is_complete(self, service: Template) -> None:
        assert len(service.of("AWS::Lambda::Function")) == len(ROLES)


class TestFunctions:
    def test_run_on_arm64_with_python_3_13_and_the_layer(self, service: Template) -> None:
        for function in service.properties("AWS::Lambda::Function"):
            assert function["Runtime"] == "python3.13"
            assert function["Architectures"] == ["arm64"]
            assert len(function["Layers"]) == 1
            assert "TracingConfig" not in function

    def test_each_has_its_handler(self, service: Template) -> None:
        handlers = {f["Handler"] for f in service.properties("AWS::Lambda::Function")}
        assert handlers == {f"functions.{name.lower()}.handler.handler" for name in ROLES}

    def test_only_what_goes_on_by_a_queue_may_meet_its_own_messages(
        self, service: Template
    ) -> None:
        allowed = {
            function["Handler"]
            for function in service.properties("AWS::Lambda::Function")
            if function.get("RecursiveLoop") == "Allow"
        }
        assert allowed == {
            "functions.broadcast.handler.handler",
            "functions.deadline.handler.handler",
        }

    def test_no_executions_are_reserved(self, service: Template) -> None:
        for function in service.properties("AWS::Lambda::Function"):
            assert "ReservedConcurrentExecutions" not in function

    def test_logs_do_not_last_for_ever(self, service: Template) -> None:
        groups = service.properties("AWS::Logs::LogGroup")
        assert len(groups) >= len(ROLES)
        assert all(group["RetentionInDays"] == 30 for group in groups)

    def test_lambda_does_not_overrule_the_log_level(self, service: Template) -> None:
        for function in service.properties("AWS::Lambda::Function"):
            assert set(function["LoggingConfig"]) == {"LogGroup"}
            assert function["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == "INFO"

    def test_no_secret_in_the_environment(self, service: Template) -> None:
        for function in service.properties("AWS::Lambda::Function"):
            for name, value in function["Environment"]["Variables"].items():
                assert "resolve:secretsmanager" not in str(value), name


def aliases_in(value: object) -> set[str]:
    """Return the functions whose alias a part of the template refers to."""
    return set(re.findall(r'"(\w+?)Live[0-9A-F]{8}"', json.dumps(value)))


class TestAlias:
    def test_each_function_has_one_of_its_newest_version(self, service: Template) -> None:
        aliases = service.properties("AWS::Lambda::Alias")
        assert len(aliases) == len(service.of("AWS::Lambda::Version")) == len(ROLES)
        for alias in aliases:
            assert alias["Name"] == "live"
            function = alias["FunctionName"]["Ref"]
            (version, attribute) = alias["FunctionVersion"]["Fn::GetAtt"]
            assert attribute == "Version"
            assert version.startswith(f"{function[:-8]}CurrentVersion")

    @pytest.mark.parametrize(
        ("resource_type", "names"),
        [
            ("AWS::ApiGatewayV2::Integration", "IntegrationUri"),
            ("AWS::Lambda::Permission", "FunctionName"),
            ("AWS::Lambda::EventSourceMapping", "FunctionName"),
            ("AWS::Events::Rule", "Targets"),
        ],
    )
    def test_everything_calls_it(self, service: Template, resource_type: str, names: str) -> None:
        found = service.properties(resource_type)
        assert found
        for properties in found:
            assert len(aliases_in(properties[names])) == 1, properties

    def test_retries_and_dead_letters_are_those_of_the_alias(self, service: Template) -> None:
        configurations = service.properties("AWS::Lambda::EventInvokeConfig")
        assert configurations
        for configuration in configurations:
            (index, parts) = configuration["Qualifier"]["Fn::Select"]
            assert index == 7  # of arn:aws:lambda:region:account:function:name:alias
            assert len(aliases_in(parts)) == 1

    def test_functions_that_call_another_are_told_its_alias(self, service: Template) -> None:
        for function in service.properties("AWS::Lambda::Function"):
            called = function["Environment"]["Variables"].get("ROOMCAST_OPEN_FUNCTION")
            if called is not None:
                assert aliases_in(called) == {"Open"}
                assert json.dumps(called).endswith(':live"]]}')


class TestStages:
    def test_wait_for_every_route(self, service: Template) -> None:
        routes = service.of("AWS::ApiGatewayV2::Route")
        stages = service.of("AWS::ApiGatewayV2::Stage").values()
        assert len(stages) == 2
        for stage in stages:
            own = {
                name
                for name, route in routes.items()
                if route["Properties"]["ApiId"] == stage["Properties"]["ApiId"]
            }
            assert own
            assert own <= set(stage["DependsOn"])

    def test_wait_for_the_replies_too(self, service: Template) -> None:
        (websocket,) = [
            stage
            for stage in service.of("AWS::ApiGatewayV2::Stage").values()
            if stage["Properties"]["StageName"] == "ws"
        ]
        assert set(service.of("AWS::ApiGatewayV2::RouteResponse")) <= set(websocket["DependsOn"])

    def test_both_throttle(self, service: Template) -> None:
        throttles = {
            stage["StageName"]: stage["DefaultRouteSettings"]
            for stage in service.properties("AWS::ApiGatewayV2::Stage")
        }
        assert throttles == {
            "ws": {"ThrottlingRateLimit": 2000, "ThrottlingBurstLimit": 1000},
            "$default": {"ThrottlingRateLimit": 500, "ThrottlingBurstLimit": 1000},
        }

    def test_clients_that_poll_have_the_rate_of_those_that_send_frames(
        self, service: Template
    ) -> None:
        (own,) = [
            stage["RouteSettings"]
            for stage in service.properties("AWS::ApiGatewayV2::Stage")
            if "RouteSettings" in stage
        ]
        assert own == {"$default": {"ThrottlingRateLimit": 2000, "ThrottlingBurstLimit": 1000}}


class TestTags:
    @pytest.mark.parametrize(
        "resource_type",
        ["AWS::Lambda::Function", "AWS::DynamoDB::GlobalTable", "AWS::SQS::Queue"],
    )
    def test_name_project_and_stack(self, service: Template, resource_type: str) -> None:
        for properties in service.properties(resource_type):
            (replica,) = properties.get("Replicas", [properties])
            tags = {tag["Key"]: tag["Value"] for tag in replica["Tags"]}
            assert tags == {"Project": "roomcast", "Stack": "Roomcast"}


class TestWebSocket:
    def test_routes(self, service: Template) -> None:
        (api,) = [
            name
            for name, each in service.of("AWS::ApiGatewayV2::Api").items()
            if each["Properties"]["ProtocolType"] == "WEBSOCKET"
        ]
        replies = {
            route["RouteKey"]: route.get("RouteResponseSelectionExpression")
            for route in service.properties("AWS::ApiGatewayV2::Route")
            if route["ApiId"] == {"Ref": api}
        }
        assert replies == {"$connect": None, "$disconnect": None, "$default": "$default"}

    def test_the_emulator_has_the_same_routes(self, service: Template, local: Template) -> None:
        here, there = (
            {route["RouteKey"] for route in template.properties("AWS::ApiGatewayV2::Route")}
            for template in (local, service)
        )
        assert here == there

    def test_replies_go_back_as_a_route_response(self, service: Template) -> None:
        (response,) = service.properties("AWS::ApiGatewayV2::RouteResponse")
        (default,) = [
            name
            for name, route in service.of("AWS::ApiGatewayV2::Route").items()
            if route["Properties"]["RouteKey"] == "$default"
            and "RouteResponseSelectionExpression" in route["Properties"]
        ]
        assert response["RouteResponseKey"] == "$default"
        assert response["RouteId"] == {"Ref": default}

    def test_selects_by_action(self, service: Template) -> None:
        (api,) = [
            api
            for api in service.properties("AWS::ApiGatewayV2::Api")
            if api["ProtocolType"] == "WEBSOCKET"
        ]
        assert api["RouteSelectionExpression"] == "$request.body.action"


class TestHttp:
    def test_routes(self, service: Template) -> None:
        keys = {route["RouteKey"] for route in service.properties("AWS::ApiGatewayV2::Route")}
        assert {
            "POST /webhooks/github",
            "GET /health",
            "HEAD /health",
            "GET /api/v1/websocket/stats",
        } <= keys

    def test_everything_else_is_polling(self, service: Template) -> None:
        targets = {
            name: aliases_in(route["Target"])
            for name, route in service.of("AWS::ApiGatewayV2::Integration").items()
            for route in [{"Target": route["Properties"]["IntegrationUri"]}]
        }
        (api,) = [
            name
            for name, each in service.of("AWS::ApiGatewayV2::Api").items()
            if each["Properties"]["ProtocolType"] == "HTTP"
        ]
        (route,) = [
            each
            for each in service.properties("AWS::ApiGatewayV2::Route")
            if each["ApiId"] == {"Ref": api} and each["RouteKey"] == "$default"
        ]
        (integration,) = [name for name in targets if name in json.dumps(route["Target"])]
        assert targets[integration] == {"Poll"}

    def test_access_logs_hold_no_query(self, service: Template) -> None:
        for stage in service.properties("AWS::ApiGatewayV2::Stage"):
            form = stage.get("AccessLogSettings", {}).get("Format", "")
            assert "query" not in form.lower()
            assert "header" not in form.lower()
            assert "$context.path" not in form

    def test_access_logs_hold_the_integration_s_error(self, service: Template) -> None:
        (stage,) = [
            stage
            for stage in service.properties("AWS::ApiGatewayV2::Stage")
            if "AccessLogSettings" in stage
        ]
        form = json.loads(stage["AccessLogSettings"]["Format"])
        assert form["integrationError"] == "$context.integration.error"
        assert form["error"] == "$context.error.message"

    def test_preflight_requests(self, service: Template) -> None:
        (cors,) = [
            api["CorsConfiguration"]
            for api in service.properties("AWS::ApiGatewayV2::Api")
            if "CorsConfiguration" in api
        ]
        assert cors == {
            "AllowCredentials": True,
            "AllowOrigins": ["https://*", "http://*"],
            "AllowMethods": ["GET", "HEAD", "POST"],
            "AllowHeaders": ["authorization", "content-type"],
            "MaxAge": 7200,
        }


class TestTables:
    @pytest.mark.parametrize(
        ("table", "keys", "ttl", "stream"),
        [
            ("Connections", ["connection_id"], "ttl", "KEYS_ONLY"),
            ("Rooms", ["room", "connection_id"], "ttl", "KEYS_ONLY"),
            ("Events", ["room", "event_id"], "ttl", None),
            ("Counters", ["counter", "part"], "ttl", None),
            ("Idempotency", ["id"], "expiration", None),
            ("Registry", ["entry"], None, None),
            ("Polling", ["connection_id", "part"], "ttl", None),
        ],
    )
    def test_keys_ttl_and_stream(
        self, service: Template, table: str, keys: list[str], ttl: str | None, stream: str | None
    ) -> None:
        (found,) = [
            resource
            for name, resource in service.of("AWS::DynamoDB::GlobalTable").items()
            if name.startswith(f"Tables{table}")
        ]
        properties = found["Properties"]
        assert [key["AttributeName"] for key in properties["KeySchema"]] == keys
        assert properties.get("TimeToLiveSpecification", {}).get("AttributeName") == ttl
        assert properties.get("StreamSpecification", {}).get("StreamViewType") == stream
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        (replica,) = properties["Replicas"]
        recovery = replica["PointInTimeRecoverySpecification"]
        kept = table == "Registry"
        assert recovery["PointInTimeRecoveryEnabled"] is kept
        assert replica["DeletionProtectionEnabled"] is kept
        assert found["DeletionPolicy"] == ("Retain" if kept else "Delete")


def named_alarm(service: Template, name: str) -> dict[str, Any]:
    """Return the alarm of this name in infra/alarms."""
    (alarm,) = [
        alarm["Properties"]
        for logical_id, alarm in service.of("AWS::CloudWatch::Alarm").items()
        if re.fullmatch(rf"Alarms{name}[0-9A-F]{{8}}", logical_id)
    ]
    found: dict[str, Any] = alarm
    return found


class TestFailures:
    def test_queues_are_encrypted_and_work_queues_have_dead_letters(
        self, service: Template
    ) -> None:
        queues = service.of("AWS::SQS::Queue")
        work = [q["Properties"] for q in queues.values() if "RedrivePolicy" in q["Properties"]]
        assert len(work) == len(QUEUES)
        assert all(q["Properties"]["SqsManagedSseEnabled"] for q in queues.values())

    def test_asynchronous_calls_end_in_dead_letters(self, service: Template) -> None:
        calls = service.properties("AWS::Lambda::EventInvokeConfig")
        scheduled = {each.function.capitalize() for each in TRIGGERS if isinstance(each, Schedule)}
        kept = [call for call in calls if not aliases_in(call["Qualifier"]) & scheduled]
        assert len(kept) == len(calls) - len(scheduled) > 0
        for call in kept:
            assert call["DestinationConfig"]["OnFailure"]["Destination"]
            assert call["MaximumRetryAttempts"] == 2

    def test_two_rules_take_everything_and_keep_what_they_cannot_deliver(
        self, service: Template
    ) -> None:
        rules = [r for r in service.properties("AWS::Events::Rule") if "EventPattern" in r]
        orders = list(access.TYPES)
        assert list(ACCESS_ORDERS) == orders
        patterns = [rule["EventPattern"]["detail-type"] for rule in rules]
        assert sorted(patterns, key=str) == sorted([orders, [{"anything-but": orders}]], key=str)
        assert all("DeadLetterConfig" in rule["Targets"][0] for rule in rules)

    def test_queues_and_streams_feed_their_functions(self, service: Template) -> None:
        sources = service.properties("AWS::Lambda::EventSourceMapping")
        streams = [source for source in sources if "StartingPosition" in source]
        queues = [source for source in sources if "StartingPosition" not in source]
        assert len(streams) == len(queues) == 2
        assert all(source["DestinationConfig"] for source in streams)
        # A transaction's token counts a repeated batch once for 10 minutes.
        assert {source["MaximumRecordAgeInSeconds"] for source in streams} == {540}
        assert 540 + TIMEOUTS["count"] <= 600  # the last attempt is over by then
        assert not any(source["BisectBatchOnFunctionError"] for source in streams)
        assert all(
            source["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for source in queues
        )
        most = sorted(source["ScalingConfig"]["MaximumConcurrency"] for source in queues)
        assert most == [2, 5]
        assert sum(most) < 10  # a new account's: some are left to handshakes and frames

    def test_no_two_reconciliations_at_a_time(self) -> None:
        assert TIMEOUTS["reconcile"] <= MIN_SECONDS == RECONCILED

    def test_alarms(self, service: Template) -> None:
        alarms = service.properties("AWS::CloudWatch::Alarm")
        metrics = [alarm.get("MetricName", "") for alarm in alarms]
        assert metrics.count("Errors") == metrics.count("Throttles") == len(ROLES)
        assert metrics.count("ApproximateNumberOfMessagesVisible") == len(LETTERS) + len(QUEUES)
        assert {"IteratorAge", "webhooks_failed", "health_unavailable"} <= set(metrics)
        assert {"ExecutionError", "ClientError"} <= set(metrics)
        assert metrics.count("ApproximateAgeOfOldestMessage") == len(QUEUES)
        assert metrics.count("ReadThrottleEvents") == metrics.count("WriteThrottleEvents") == 7
        failed = [each for each in alarms if each.get("MetricName") == "FailedInvocations"]
        dimensions = [sorted(each["Name"] for each in alarm["Dimensions"]) for alarm in failed]
        assert sorted(dimensions) == [["EventBusName", "RuleName"], ["RuleName"], ["RuleName"]]

    @pytest.mark.parametrize(
        ("name", "of"),
        [
            ("WebSocketIntegrationError", {"IntegrationError", "ConnectCount"}),
            ("Http5xx", {"5xx", "Count"}),
            ("HandshakesUnavailable", {"handshakes_unavailable", "Invocations"}),
            ("FramesUnavailable", {"frames_unavailable", "Invocations"}),
            ("PollingUnavailable", {"handshakes_unavailable", "Invocations"}),
            ("PostsFailed", {"posts_failed", "posts_sent"}),
            ("PostsThrottled", {"posts_throttled", "posts_sent"}),
            ("Concurrency", {"ResourceCount"}),
        ],
    )
    def test_what_is_a_share_needs_a_least_number_and_lasts(
        self, service: Template, name: str, of: set[str]
    ) -> None:
        alarm = named_alarm(service, name)
        parts = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
        assert {each["MetricName"] for each in parts} == of
        if name != "Concurrency":
            (expression,) = [
                each["Expression"] for each in alarm["Metrics"] if "Expression" in each
            ]
            assert re.match(r"IF\(part (\+ whole )?>=? [1-9]", expression)
            assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (2, 3)

    def test_only_a_heartbeat_that_does_not_run_rings_without_data(self, service: Template) -> None:
        ringing = [
            alarm
            for alarm in service.properties("AWS::CloudWatch::Alarm")
            if alarm["TreatMissingData"] != "notBreaching"
        ]
        assert ringing == [named_alarm(service, "heartbeatSilent")]
        (silent,) = ringing
        assert (silent["MetricName"], silent["TreatMissingData"]) == ("Invocations", "breaching")
        assert (silent["ComparisonOperator"], silent["Threshold"]) == (
            "LessThanOrEqualToThreshold",
            0,
        )

    def test_events_that_cannot_even_be_kept(self, service: Template) -> None:
        lost = named_alarm(service, "EventsLost")
        assert lost["MetricName"] == "InvocationsFailedToBeSentToDlq"
        assert {each["Name"] for each in lost["Dimensions"]} == {"EventBusName", "RuleName"}

    def test_deadlines_may_wait_for_their_delay(self, service: Template) -> None:
        assert named_alarm(service, "deadlineOldest")["Threshold"] == 600 + 15
        assert named_alarm(service, "pagesOldest")["Threshold"] == 600

    def test_the_emulator_has_those_of_one_metric(self, service: Template, local: Template) -> None:
        single = {
            name
            for name, alarm in service.of("AWS::CloudWatch::Alarm").items()
            if "MetricName" in alarm["Properties"]
        }
        assert set(local.of("AWS::CloudWatch::Alarm")) == single

    def test_their_cost_is_that_of_the_metrics_they_read(self, service: Template) -> None:
        read = sum(
            len([each for each in alarm["Metrics"] if "MetricStat" in each])
            if "Metrics" in alarm
            else 1
            for alarm in service.properties("AWS::CloudWatch::Alarm")
        )
        assert read == costs_connections.ALARMS

    def test_a_handled_error_counts_though_lambda_has_none(self, service: Template) -> None:
        filters = service.properties("AWS::Logs::MetricFilter")
        counted = {each["MetricTransformations"][0]["MetricName"] for each in filters}
        watched = {
            alarm["MetricName"]
            for alarm in service.properties("AWS::CloudWatch::Alarm")
            if alarm.get("MetricName", "").endswith("-errors")
        }
        assert len(counted) == len(ROLES)
        assert counted == watched
        assert {each["FilterPattern"] for each in filters} == {'{ $.level = "ERROR" }'}

    def test_one_client_rings_no_alarm_about_all(self, service: Template) -> None:
        for alarm in service.properties("AWS::CloudWatch::Alarm"):
            if alarm.get("MetricName") in {"ClientError", "ExecutionError"}:
                assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (2, 3)
                assert alarm["Threshold"] >= 20

    def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm(self, service: Template) -> None:
        named = {
            alarm["AlarmDescription"].partition("docs/operations.md#")[2]
            for alarm in service.properties("AWS::CloudWatch::Alarm")
        }
        text = (ROOT / "docs/operations.md").read_text()
        chapter = text.partition("## Alarms\n")[2].partition("\n## ")[0]
        assert named == set(re.findall(r"^### (.+)$", chapter, re.MULTILINE))

    def test_metrics_tell_deployments_apart(self, service: Template) -> None:
        names = {
            function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
            for function in service.properties("AWS::Lambda::Function")
        }
        assert "Roomcast-broadcast" in names
        dimensions = {
            dimension["Value"]
            for alarm in service.properties("AWS::CloudWatch::Alarm")
            for dimension in alarm.get("Dimensions", [])
            if dimension["Name"] == "service"
        }
        assert dimensions
        assert dimensions <= names

    def test_the_heartbeat_is_scheduled(self, service: Template) -> None:
        schedules = [
            rule.get("ScheduleExpression") for rule in service.properties("AWS::Events::Rule")
        ]
        assert schedules.count("rate(1 minute)") == 1

    def test_a_schedule_that_failed_or_is_late_is_not_repeated(self, service: Template) -> None:
        targets = [
            target
            for rule in service.properties("AWS::Events::Rule")
            if "ScheduleExpression" in rule
            for target in rule["Targets"]
        ]
        once = {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
        assert [target["RetryPolicy"] for target in targets] == [once, once]
        for target in targets:
            (config,) = [
                config
                for config in service.properties("AWS::Lambda::EventInvokeConfig")
                if aliases_in(config["Qualifier"]) == aliases_in(target["Arn"])
            ]
            assert {name: config[name] for name in once} == once


class TestOutputs:
    def test_name_everything_that_clients_need(self, service: Template) -> None:
        assert set(service.body["Outputs"]) >= {
            "WebSocketUrl",
            "HttpUrl",
            "WebhookUrl",
            "StatsUrl",
            "HealthUrl",
            "PollingUrl",
            "EventBusName",
            "EventBusArn",
            "JwtSecretArn",
            "GithubSecretArn",
            "RegistryTableName",
            "ServiceVersion",
        }


class TestSecrets:
    def test_are_generated(self, service: Template) -> None:
        secrets = service.properties("AWS::SecretsManager::Secret")
        assert len(secrets) == 2
        assert all(s["GenerateSecretString"]["PasswordLength"] == 64 for s in secrets)


class TestDashboard:
    def test_shows_what_users_feel_and_what_costs(self, service: Template) -> None:
        (dashboard,) = service.properties("AWS::CloudWatch::Dashboard")
        body = json.dumps(dashboard["DashboardBody"])
        for metric in (
            *("ConnectCount", "MessageCount", "IntegrationError", "ExecutionError"),
            *("delivery_ms", "p50", "p99", "posts_sent", "posts_failed", "webhooks_failed"),
            *("handshakes_unavailable", "frames_unavailable", "health_unavailable"),
            *("Errors", "Throttles", "Duration", "ApproximateNumberOfMessagesVisible"),
            *("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"),
        ):
            assert f'\\"{metric}\\"' in body, metric

    def test_knows_every_outcome_of_a_post(self) -> None:
        assert {outcome.value for outcome in Outcome} == set(OUTCOMES)
