"""The local target is the same stack, but for what infra/target.py says."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.infra.conftest import Template, synthesise


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
                assert "127.0.0.1:4999" in str(url)


class TestSettings:
    def test_given_secrets_are_not_generated(self, tmp_path: Path) -> None:
        arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:mine-AbCdEf"
        template = synthesise(tmp_path, jwt_secret_arn=arn, github_secret_arn=arn).template(
            "Roomcast"
        )
        assert template.of("AWS::SecretsManager::Secret") == {}
        assert template.body["Outputs"]["JwtSecretArn"]["Value"] == arn

    def test_a_key_set_needs_no_shared_secret(self, tmp_path: Path) -> None:
        template = synthesise(tmp_path, jwks_url="https://id.example/jwks.json").template(
            "Roomcast"
        )
        assert len(template.of("AWS::SecretsManager::Secret")) == 1
        assert "JwtSecretArn" not in template.body["Outputs"]

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
            {"max_event_bytes": "1048576"},
        ],
    )
    def test_a_bad_one_is_refused_by_name(self, tmp_path: Path, settings: dict[str, str]) -> None:
        with pytest.raises(ValidationError, match=next(iter(settings))):
            synthesise(tmp_path, checks=False, **settings)
