"""The tables; what each holds is described with its keys in src/roomcast_backend/stores."""

from aws_cdk import RemovalPolicy
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    Billing,
    PointInTimeRecoverySpecification,
    StreamViewType,
    TableV2,
)
from constructs import Construct

EXPIRES_AT = "ttl"
"""Every row that the service writes expires at this attribute, whatever went wrong."""


class Tables(Construct):
    """The seven tables, on demand, encrypted with DynamoDB's own key.

    The registry is recoverable for 35 days; the rows of the others live for hours, or are counted
    again. With `retain_registry` it outlives the stack and nobody deletes it by mistake.

    `named` holds all of them by name, `streamed` those whose changes are counted.
    """

    def __init__(self, scope: Construct, construct_id: str, *, retain_registry: bool) -> None:
        super().__init__(scope, construct_id)
        self.streamed = {
            "connections": self._table("Connections", "connection_id", streamed=True),
            "rooms": self._table("Rooms", "room", "connection_id", streamed=True),
        }
        # The one table that people fill in: nothing in it expires.
        self.registry = self._table(
            "Registry", "entry", expires=None, recoverable=True, retain=retain_registry
        )
        self.named = {
            **self.streamed,
            "events": self._table("Events", "room", "event_id"),
            "counters": self._table("Counters", "counter", "part"),
            "polling": self._table("Polling", "connection_id", "part"),
            # The attribute has the name that Powertools gives it.
            "idempotency": self._table("Idempotency", "id", expires="expiration"),
            "registry": self.registry,
        }

    def _table(
        self,
        name: str,
        partition_key: str,
        sort_key: str | None = None,
        *,
        expires: str | None = EXPIRES_AT,
        streamed: bool = False,
        recoverable: bool = False,
        retain: bool = False,
    ) -> TableV2:
        return TableV2(
            self,
            name,
            partition_key=_text(partition_key),
            sort_key=_text(sort_key) if sort_key else None,
            billing=Billing.on_demand(),
            time_to_live_attribute=expires,
            # The stream feeds counters, which need to know that a row came or went and which one.
            dynamo_stream=StreamViewType.KEYS_ONLY if streamed else None,
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=recoverable
            ),
            deletion_protection=retain,
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
        )


def _text(name: str) -> Attribute:
    return Attribute(name=name, type=AttributeType.STRING)
