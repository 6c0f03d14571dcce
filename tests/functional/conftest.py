"""Functional tests: moto's AWS in this process, nothing beyond it.

boto3 reaches it without a network, as moto lets it, the service's own client over HTTP.
"""

import logging
import os
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import boto3
import botocore.session
import pytest
from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from roomcast_backend.aws.credentials import Credentials
from roomcast_backend.aws.dynamodb import SERVICE
from roomcast_backend.aws.service_client import ServiceClient
from roomcast_backend.aws.signing import Signer
from tests.fakes.tables import SeenTables, create_tables
from tests.fakes.vouched_tables import Moto, VouchedTables

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

OVER_HTTP = ("DYNAMODB", "LAMBDA", "SECRETS_MANAGER", "SQS")
"""Services that ours is a client of."""

# Powertools reads its namespace when a handler is imported, as in Lambda.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Roomcast"


@pytest.fixture(scope="session", autouse=True)
def models_read_once() -> Iterator[None]:
    """Let all sessions of boto3 share what they read of the services: reading it takes long."""
    with pytest.MonkeyPatch.context() as botocores:
        loader = cache(botocore.session.create_loader)
        botocores.setattr(botocore.session, "create_loader", loader)
        yield


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """Return where moto answers; it is the same AWS as that of `mock_aws`."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a fresh, empty AWS account."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for service in OVER_HTTP:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws_url)
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", _session())
        yield


@pytest.fixture
def boto3_dynamodb(aws: None) -> Any:
    """Return boto3's client of an account that has the service's tables."""
    create_tables(_Backend())
    return _client()


@pytest.fixture
def moto_dynamodb(boto3_dynamodb: Any) -> SeenTables:
    """Return the stores' client of an account that has the service's tables."""
    return SeenTables(boto3_dynamodb)


@pytest.fixture(scope="session")
def moto(aws_url: str) -> Moto:
    """Return the stores' client of moto, in whatever environment a test is."""
    with pytest.MonkeyPatch.context() as environment:
        region = CREDENTIALS["AWS_DEFAULT_REGION"]
        environment.setenv("AWS_REGION", region)
        environment.setenv("AWS_ENDPOINT_URL_DYNAMODB", aws_url)
        signer = Signer(SERVICE.name, region, credentials=lambda: Credentials("a", "b"))
        return Moto(ServiceClient(SERVICE, signer=signer))


@pytest.fixture
def dynamodb(moto: Moto) -> Iterator[VouchedTables]:
    """Return the stores' client of the service's tables, in memory."""
    tables = VouchedTables(moto)
    yield tables
    assert tables.disagreements == []


@pytest.fixture
def webhooks(boto3_dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return the webhook function with everything around it (`Webhooks`)."""
    # Not imported above: Powertools reads the environment when a handler is imported.
    module = import_module("tests.fakes.webhook_function")
    with module.running(boto3_dynamodb, monkeypatch) as found:
        yield found


@pytest.fixture
def linked(webhooks: Any) -> Any:
    """Return the same, with the repository of the recorded deliveries registered."""
    webhooks.registry.link_repository("Codertocat/Hello-World", "123")
    return webhooks


class _Backend:
    """What moto does for `CreateTable`, without a request: the tests that use it are hundreds."""

    def create_table(self, **request: Any) -> None:
        get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][CREDENTIALS["AWS_DEFAULT_REGION"]].create_table(
            name=request["TableName"],
            schema=request["KeySchema"],
            attr=request["AttributeDefinitions"],
            billing_mode=request["BillingMode"],
            throughput=None,
            global_indexes=[],
            indexes=[],
            streams=None,
            sse_specification=None,
            tags=[],
            deletion_protection_enabled=False,
            warm_throughput=None,
        )


@cache
def _session() -> boto3.Session:
    """Return one session for all tests, with one client of each service; accounts are new."""
    session = boto3.Session()
    session.client = cache(session.client)  # type: ignore[method-assign]
    return session


def _client() -> Any:
    return boto3.client("dynamodb", endpoint_url="https://dynamodb.us-east-1.amazonaws.com")
