"""Clients of AWS's services, built once per warm container."""

from functools import cache

from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.lambda_invoke import LambdaInvoker
from roomcast_backend.aws.secrets import SecretCache
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
def lambda_invoker() -> LambdaInvoker:
    """Return the client that invokes other functions."""
    return LambdaInvoker()


@cache
def secret_cache() -> SecretCache:
    """Return the cache of secrets."""
    return SecretCache()
