"""Resources that functions are granted: the variable that names one, and the policy statement."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk.aws_dynamodb import TableV2
from aws_cdk.aws_events import EventBus
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_lambda import IFunction
from aws_cdk.aws_s3 import Bucket
from aws_cdk.aws_sqs import Queue

from infra import arns
from infra.keys import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something that functions may be granted.

    A function that is granted it gets `value` in the variable `ROOMCAST_<NAME>`. A resource that
    only its trigger uses has no `name`, and the function gets no variable.
    """

    service: str
    arn: str
    name: str = ""
    value: str = ""

    def allow(self, *verbs: str) -> list[PolicyStatement]:
        """Return what allows these actions of the resource's service."""
        actions = [f"{self.service}:{verb}" for verb in verbs]
        return [PolicyStatement(actions=actions, resources=[self.arn])]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralQueues(Resource):
    """Queues that are granted together; `value` is a JSON object of their URLs by name."""

    arns: tuple[str, ...]

    def allow(self, *verbs: str) -> list[PolicyStatement]:
        """Return what allows these actions on every one of them."""
        actions = [f"{self.service}:{verb}" for verb in verbs]
        return [PolicyStatement(actions=actions, resources=list(self.arns))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients(Resource):
    """The connected clients; `arn` is the one of the WebSocket API's stage."""

    def allow(self, *verbs: str) -> list[PolicyStatement]:
        """Return what allows these HTTP methods on every connection.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
        """
        return [
            PolicyStatement(
                actions=["execute-api:ManageConnections"],
                resources=[f"{self.arn}/{method}/@connections/*" for method in verbs],
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSecret(Resource):
    """A secret that the user keeps, named with or without the end of its ARN.

    `key_arn` is the customer key that encrypts it; empty for AWS's own, which needs no grant.
    """

    key_arn: str = ""

    def allow(self, *verbs: str) -> list[PolicyStatement]:
        """Return what allows these actions, and to decrypt this secret with its key."""
        found = arns.of_secret(self.arn)
        actions = [f"{self.service}:{verb}" for verb in verbs]
        reading = PolicyStatement(actions=actions, resources=found)
        return [reading, self._decrypt(found)] if self.key_arn else [reading]

    def _decrypt(self, found: list[str]) -> PolicyStatement:
        """Return what allows Secrets Manager, for this secret alone, to use the key.

        https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
        """
        manager = f"secretsmanager.{Aws.REGION}.{Aws.URL_SUFFIX}"
        return PolicyStatement(
            actions=["kms:Decrypt"],
            resources=[self.key_arn],
            conditions={
                "StringEquals": {"kms:ViaService": manager},
                "StringLike": {"kms:EncryptionContext:SecretARN": found},
            },
        )


def table(name: str, table: TableV2) -> Resource:
    """Return a table, named by its name."""
    return Resource(
        service="dynamodb", arn=table.table_arn, name=f"{name}_table", value=table.table_name
    )


def stream(table: TableV2) -> Resource:
    """Return the streams of a table: the ARN of each ends with when it was enabled."""
    return Resource(service="dynamodb", arn=f"{table.table_arn}/stream/*")


def queue_to_send_to(name: str, queue: Queue) -> Resource:
    """Return a queue that functions send to, named by its URL."""
    return Resource(
        service="sqs", arn=queue.queue_arn, name=f"{name}_queue_url", value=queue.queue_url
    )


def queue_of_a_trigger(queue: Queue) -> Resource:
    """Return a queue that Lambda itself reads, or writes dead letters to, for a function."""
    return Resource(service="sqs", arn=queue.queue_arn)


def queues(name: str, queues: Mapping[str, Queue]) -> Resource:
    """Return several queues; with a name, the variable tells their URLs."""
    return SeveralQueues(
        service="sqs",
        arn="",
        arns=tuple(queue.queue_arn for queue in queues.values()),
        name=name,
        value=json.dumps({name: queue.queue_url for name, queue in queues.items()}),
    )


def bus(bus: EventBus) -> Resource:
    """Return an event bus, named by its name."""
    return Resource(
        service="events", arn=bus.event_bus_arn, name="event_bus", value=bus.event_bus_name
    )


def bucket(name: str, bucket: Bucket) -> Resource:
    """Return the data in a bucket, named by the bucket's name."""
    return Resource(
        service="s3",
        arn=f"{bucket.bucket_arn}/data/*",
        name=f"{name}_bucket",
        value=bucket.bucket_name,
    )


def secret(name: str, key: Key) -> Resource:
    """Return a secret, named by its ARN."""
    service, variable = "secretsmanager", f"{name}_secret_arn"
    if key.generated:
        return Resource(service=service, arn=key.arn, name=variable, value=key.arn)
    return GivenSecret(
        service=service, arn=key.arn, name=variable, value=key.arn, key_arn=key.kms_key_arn
    )


def function_to_invoke(name: str, function: IFunction) -> Resource:
    """Return a function's alias that others invoke, named by function and alias."""
    return Resource(
        service="lambda",
        arn=function.function_arn,
        name=f"{name}_function",
        value=function.function_name,
    )
