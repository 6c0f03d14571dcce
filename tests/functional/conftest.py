"""Functional tests: moto's AWS in this process, nothing beyond it."""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.fakes.tables import create_tables

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

# Powertools reads its namespace when a handler is imported, as in Lambda.
os.environ["POWERTOOLS_METRICS_NAMESPACE"] = "Roomcast"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a fresh, empty AWS account."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(aws: None) -> Any:
    """Return a client of an account that has the service's tables."""
    client = _client()
    create_tables(client)
    return client


@cache
def _client() -> Any:
    """Return one client for all tests: making one costs more than most tests; accounts are new."""
    return boto3.client("dynamodb")
