"""Where services are, by region and environment, against botocore's own rules."""

import json
from pathlib import Path

import botocore
import pytest
from botocore.session import Session

from roomcast_backend.aws import (
    dynamodb,
    endpoints,
    lambda_invoke,
    secrets,
    sqs,
)
from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.errors import ClientNotConfigured

SERVICES = [dynamodb.SERVICE, lambda_invoke.SERVICE, secrets.SERVICE, sqs.SERVICE]


def regions() -> list[str]:
    """Return every region that botocore knows."""
    data = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_text())
    names = {name for partition in data["partitions"] for name in partition["regions"]}
    return sorted(name for name in names if not name.endswith("-global"))


def botocores(service: Service, region: str) -> str:
    """Return the endpoint that botocore's rules give."""
    session = Session()
    rules = session.get_component("data_loader").load_service_model(
        service.name, "endpoint-rule-set-1"
    )
    partitions = session.get_component("data_loader").load_data("partitions")
    from botocore.endpoint_provider import EndpointProvider  # noqa: PLC0415

    found = EndpointProvider(rules, partitions).resolve_endpoint(
        Region=region, UseFIPS=False, UseDualStack=False
    )
    return str(found.url)


class TestRegion:
    def test_lambdas_own_comes_first(self) -> None:
        names = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}
        assert endpoints.region(sqs.SERVICE, names) == "eu-west-1"

    def test_of_the_command_lines_tools(self) -> None:
        assert endpoints.region(sqs.SERVICE, {"AWS_DEFAULT_REGION": "us-east-1"}) == "us-east-1"

    @pytest.mark.parametrize("environment", [{}, {"AWS_REGION": ""}])
    def test_none(self, environment: dict[str, str]) -> None:
        with pytest.raises(
            ClientNotConfigured, match=r"sqs calls: expected a region in AWS_REGION"
        ):
            endpoints.region(sqs.SERVICE, environment)


class TestUrl:
    @pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
    def test_equals_botocores_in_every_region(self, service: Service) -> None:
        ours = {region: endpoints.url(service, region, {}) for region in regions()}
        assert len(ours) > 30
        assert ours == {region: botocores(service, region) for region in ours}

    @pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
    def test_of_one_service(self, service: Service) -> None:
        environment = {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            f"AWS_ENDPOINT_URL_{service.variable}": "http://127.0.0.1:2/",
        }
        assert endpoints.url(service, "us-east-1", environment) == "http://127.0.0.1:2"

    @pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
    def test_variable_is_botocores(self, service: Service) -> None:
        model = Session().get_service_model(service.name)
        assert service.variable == str(model.service_id).upper().replace(" ", "_")

    def test_of_all(self) -> None:
        environment = {"AWS_ENDPOINT_URL": "http://localhost:4566"}
        assert endpoints.url(sqs.SERVICE, "us-east-1", environment) == "http://localhost:4566"

    @pytest.mark.parametrize("url", ["not a url", "http://example.com", "ftp://127.0.0.1"])
    def test_what_is_not_to_be_talked_to(self, url: str) -> None:
        with pytest.raises(ClientNotConfigured, match="AWS_ENDPOINT_URL: expected https"):
            endpoints.url(sqs.SERVICE, "us-east-1", {"AWS_ENDPOINT_URL": url})
