"""Clients of AWS's services, built once per warm container."""

from functools import cache

from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.lambda_invoke import Functions
from roomcast_backend.aws.secrets import Secrets
from roomcast_backend.aws.sqs import Sqs


@cache
def dynamodb() -> DynamoDb:
    """Return the client for the tables."""
    return DynamoDb()


@cache
def sqs() -> Sqs:
    """Return the client for the queues."""
    return Sqs()


@cache
def functions() -> Functions:
    """Return the client that invokes other functions."""
    return Functions()


@cache
def secrets() -> Secrets:
    """Return the client for secrets."""
    return Secrets()
