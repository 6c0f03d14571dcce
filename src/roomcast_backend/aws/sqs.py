"""SQS: putting a message into a queue.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from typing import Any

from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.service_client import ServiceClient

SERVICE = Service("sqs", "SQS", target="AmazonSQS")


class Sqs:
    """Queues; parameters have boto3's names. A queue's URL does not say where it is called."""

    def __init__(self, calls: ServiceClient | None = None) -> None:
        self._calls = calls or ServiceClient(SERVICE)

    def send_message(self, **request: Any) -> dict[str, Any]:
        """Put a message into a queue; raise `AwsError`. It may get there twice."""
        return self._calls.json("SendMessage", request)
