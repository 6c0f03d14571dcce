"""Hear what arrives on a bus: a rule that sends everything to a queue."""

import json
from typing import Any, Final

import boto3

BUS: Final = "roomcast-events"


class BusListener:
    """Make a bus in the current account and keep all of its events in a queue."""

    def __init__(self) -> None:
        self._sqs = boto3.client("sqs")
        events = boto3.client("events")
        self.arn = events.create_event_bus(Name=BUS)["EventBusArn"]
        self._queue = self._sqs.create_queue(QueueName="heard")["QueueUrl"]
        queue_arn = self._sqs.get_queue_attributes(
            QueueUrl=self._queue, AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        pattern = json.dumps({"account": ["123456789012"]})
        events.put_rule(Name="all", EventBusName=BUS, EventPattern=pattern)
        events.put_targets(
            Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": queue_arn}]
        )

    def heard(self) -> list[dict[str, Any]]:
        """Return the events since the last call, as EventBridge delivers them."""
        events = []
        while messages := self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, VisibilityTimeout=600
        ).get("Messages"):
            events += [json.loads(message["Body"]) for message in messages]
        return events
