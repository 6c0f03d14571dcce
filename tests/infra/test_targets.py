"""The local target is the same stack, but for what infra/target.py says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from infra.settings import Settings, problems
from infra.settings.target import EMULATOR_PORT
from tests.infra.conftest import ROOT, Template, synthesise


class TestLocal:
    def test_has_the_same_functions_tables_and_routes(
        self, service: Template, local: Template
    ) -> None:
        for kind in (
            "AWS::Lambda::Function",
            "AWS::DynamoDB::GlobalTable",
            "AWS::ApiGatewayV2::Route",
            "AWS::SQS::Queue",
            "AWS::Events::Rule",
            "AWS::Lambda::EventSourceMapping",
        ):
            assert set(local.of(kind)) == set(service.of(kind)), kind

    def test_has_the_same_roles(self, service: Template, local: Template) -> None:
        for name, role in service.of("AWS::IAM::Role").items():
            assert local.of("AWS::IAM::Role")[name] == role

    def test_leaves_out_what_the_emulator_does_not_know(self, local: Template) -> None:
        assert local.of("AWS::ApiGatewayV2::RouteResponse") == {}
        assert local.of("AWS::Lambda::LayerVersion") == {}

    def test_functions_post_to_the_emulator(self, local: Template) -> None:
        for function in local.properties("AWS::Lambda::Function"):
            url = function["Environment"]["Variables"].get("ROOMCAST_CALLBACK_URL")
            if url is not None:
                assert url["Fn::Join"][1][:2] == ["http://127.0.0.1:", {"Ref": EMULATOR_PORT}]
        assert list(local.body["Parameters"]) == [EMULATOR_PORT]


SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mine"
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def granted(template: Template, role: str, action: str) -> list[dict[str, Any]]:
    """Return the statements of a function's role that allow an action."""
    return [
        statement
        for name, found in template.of("AWS::IAM::Role").items()
        if name.startswith(f"{role}Role")
        for policy in found["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == action
    ]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesise(
        tmp_path_factory.mktemp("given"),
        checks=True,
        jwt_secret_arn=f"{SECRET}-AbCdEf",
        github_secret_arn=SECRET,
        github_secret_kms_key_arn=KEY,
        room_kinds='{"team": {"claim": "teams"}, "run": "authenticated"}',
    ).template("Roomcast")


class TestGivenRoomKinds:
    TEXT = '{"team":{"claim":"teams"},"run":"authenticated"}'

    def test_every_function_and_every_publisher_is_told(self, given: Template) -> None:
        assert given.body["Outputs"]["RoomKinds"]["Value"] == self.TEXT
        told = [
            function["Environment"]["Variables"].get("ROOMCAST_ROOM_KINDS")
            for function in given.properties("AWS::Lambda::Function")
            if "ROOMCAST_GLOBAL_SHARDS" in function["Environment"]["Variables"]
        ]
        assert told
        assert set(told) == {self.TEXT}

    def test_without_them_there_is_no_output(self, service: Template) -> None:
        assert "RoomKinds" not in service.body["Outputs"]


class TestGivenSecrets:
    def test_are_not_generated(self, given: Template) -> None:
        assert given.of("AWS::SecretsManager::Secret") == {}
        assert given.body["Outputs"]["JwtSecretArn"]["Value"] == f"{SECRET}-AbCdEf"

    def test_a_whole_arn_is_granted_as_it_is_or_as_a_name(self, given: Template) -> None:
        (statement,) = granted(given, "Subscribe", "secretsmanager:GetSecretValue")
        assert statement["Resource"] == [f"{SECRET}-AbCdEf", f"{SECRET}-AbCdEf-??????"]

    def test_a_partial_one_is_granted_with_any_six_characters(self, given: Template) -> None:
        (statement,) = granted(given, "Webhooks", "secretsmanager:GetSecretValue")
        assert statement["Resource"] == f"{SECRET}-??????"

    def test_a_customer_key_decrypts_this_secret_only(self, given: Template) -> None:
        (statement,) = granted(given, "Webhooks", "kms:Decrypt")
        assert statement["Resource"] == KEY
        assert "secretsmanager." in str(statement["Condition"]["StringEquals"]["kms:ViaService"])
        assert statement["Condition"]["StringLike"] == {
            "kms:EncryptionContext:SecretARN": [f"{SECRET}-??????"]
        }

    @pytest.mark.parametrize("role", ["Connect", "Status", "Subscribe"])
    def test_without_a_key_nothing_is_decrypted(self, given: Template, role: str) -> None:
        assert granted(given, role, "kms:Decrypt") == []


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Synthesise with what is off by default, all of it together."""
    return synthesise(
        tmp_path_factory.mktemp("chosen"),
        checks=True,
        tracing="active",
        log_retention_days="7",
        deployment="canary",
        connect_reserved_concurrency="20",
        subscribe_reserved_concurrency="30",
        poll_reserved_concurrency="40",
        frames_per_second="100",
        frame_burst="50",
        websocket_access_logs="true",
        allowed_origins="https://App.example:443/, http://localhost:3000",
    ).template("Roomcast")


class TestChosen:
    def test_traces(self, chosen: Template) -> None:
        for function in chosen.properties("AWS::Lambda::Function"):
            assert function["TracingConfig"] == {"Mode": "Active"}

    def test_days_of_logs(self, chosen: Template) -> None:
        groups = chosen.properties("AWS::Logs::LogGroup")
        assert {group["RetentionInDays"] for group in groups} == {7}

    def test_reserved_executions(self, chosen: Template) -> None:
        reserved = {
            function["Handler"].split(".")[1]: function["ReservedConcurrentExecutions"]
            for function in chosen.properties("AWS::Lambda::Function")
            if "ReservedConcurrentExecutions" in function
        }
        assert reserved == {"connect": 20, "subscribe": 30, "poll": 40}

    def test_a_canary_goes_back_when_its_function_fails(self, chosen: Template) -> None:
        groups = chosen.properties("AWS::CodeDeploy::DeploymentGroup")
        assert len(groups) == len(chosen.of("AWS::Lambda::Function"))
        for group in groups:
            (alarm,) = group["AlarmConfiguration"]["Alarms"]
            assert "Errors" in alarm["Name"]["Ref"]
            assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        for alias in chosen.of("AWS::Lambda::Alias").values():
            assert "CodeDeployLambdaAliasUpdate" in alias["UpdatePolicy"]

    def test_the_rate_of_the_websocket_api(self, chosen: Template) -> None:
        throttles = [
            stage["DefaultRouteSettings"]
            for stage in chosen.properties("AWS::ApiGatewayV2::Stage")
            if stage["StageName"] == "ws"
        ]
        assert throttles == [{"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 50}]

    def test_origins_as_browsers_write_them(self, chosen: Template) -> None:
        expected = ["https://app.example", "http://localhost:3000"]
        (cors,) = [
            api["CorsConfiguration"]
            for api in chosen.properties("AWS::ApiGatewayV2::Api")
            if "CorsConfiguration" in api
        ]
        assert cors["AllowOrigins"] == expected
        told = {
            function["Environment"]["Variables"]["ROOMCAST_ALLOWED_ORIGINS"]
            for function in chosen.properties("AWS::Lambda::Function")
        }
        assert told == {",".join(expected)}

    def test_every_access_log_holds_no_query(self, chosen: Template) -> None:
        forms = [
            stage["AccessLogSettings"]["Format"]
            for stage in chosen.properties("AWS::ApiGatewayV2::Stage")
        ]
        assert len(forms) == 2
        assert not [form for form in forms if "query" in form.lower() or "$context.path" in form]


class TestSettings:
    def test_a_key_set_needs_no_shared_secret(self, tmp_path: Path) -> None:
        template = synthesise(tmp_path, jwks_url="https://id.example/jwks.json").template(
            "Roomcast"
        )
        assert len(template.of("AWS::SecretsManager::Secret")) == 1
        assert "JwtSecretArn" not in template.body["Outputs"]

    def test_the_longest_name_is_taken(self) -> None:
        assert Settings(stack_name="x" * 40).stack_name == "x" * 40

    @pytest.mark.parametrize(
        "settings",
        [
            {"page_size": "3"},
            {"heartbeat_interval": "10"},
            {"heartbeat_interval": "40"},
            {"heartbeat_interval": "65"},
            {"heartbeat_interval": "520"},
            {"heartbeat_timeout": "2147484", "socketio_heartbeat": "ping"},
            {"heartbeat_timeout": "240"},
            {"socketio_heartbeat": "pong"},
            {"global_shards": "many"},
            {"target": "moon"},
            {"edge_domain": "events.example.com"},
            {"max_event_bytes": "1048577"},
            {"stack_name": "x" * 41},
            {"stack_name": "my_events"},
            {"stack_name": "1st"},
            {"jwt_secret_arn": "my-secret"},
            {"jwt_secret_kms_key_arn": KEY},  # without the secret
            {"jwt_secret_kms_key_arn": KEY.replace("key/", "alias/"), "jwt_secret_arn": SECRET},
            {"github_secret_kms_key_arn": KEY},
            {"edge_certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1-2"},
            {"web_acl_arn": "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/mine/1-2"},
            {"edge_hosted_zone_id": "Z1"},
            {"edge_hosted_zone_name": "example.com", "edge_hosted_zone_id": "Z1"},
            {"allowed_origins": "app.example"},
            {"allowed_origins": "https://app.example/page"},
            {"allowed_origins": "*,https://app.example"},
            {"allowed_origins": "https://*.example"},
            {"allowed_origins": " "},
            {"log_retention_days": "31"},
            {"tracing": "some"},
            {"deployment": "slow"},
            {"connect_reserved_concurrency": "-1"},
        ],
    )
    def test_a_bad_one_is_refused_by_name(self, settings: dict[str, str]) -> None:
        with pytest.raises(ValidationError) as refused:
            Settings.from_values(settings)
        assert next(iter(settings)) in problems(refused.value)

    @pytest.mark.parametrize("name", ["max_conections", "max_connection", "Max_connections"])
    def test_a_slip_in_a_name_is_refused(self, name: str) -> None:
        with pytest.raises(ValidationError) as refused:
            Settings.from_values({name: "5"})
        assert problems(refused.value) == (
            f"Bad setting: {name}='5': no such setting, did you mean max_connections?"
        )

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("max_conn", "did you mean max_connections?"),
            ("jwks", "did you mean jwks_url?"),
            ("team", "docs/settings.md has them all"),
        ],
    )
    def test_a_name_that_no_setting_has_is_refused(self, name: str, said: str) -> None:
        with pytest.raises(ValidationError) as refused:
            Settings.from_values({name: "5"})
        assert problems(refused.value) == f"Bad setting: {name}='5': no such setting, {said}"

    @pytest.mark.parametrize(
        "name",
        [
            "@aws-cdk/core:checkSecretUsage",
            "aws:cdk:bundling-stacks",
            "availability-zones:account=1:region=us-east-1",
            "hosted-zone:account=1:domainName=example.com:region=us-east-1",
            "acknowledged-issue-numbers",
        ],
    )
    def test_what_is_the_cdks_own_is_left_alone(self, name: str) -> None:
        assert Settings.from_values({name: 1}) == Settings()

    def test_nothing_in_cdk_json_is_refused(self) -> None:
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        assert Settings.from_values(context) == Settings()

    def test_the_app_ends_with_one_line(self) -> None:
        """As plain `cdk deploy -c max_conections=5` runs it."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.app"],
            cwd=ROOT,
            env={**os.environ, "CDK_CONTEXT_JSON": '{"max_conections": "5"}'},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (
            1,
            "Bad setting: max_conections='5': no such setting, did you mean max_connections?\n",
        )
