"""SQS: putting a message into a queue.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

from typing import Any

from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.service_client import ServiceClient

SERVICE = Service("sqs", "SQS", target="AmazonSQS")


class Sqs:
    """Sends to queues; parameters have boto3's names.

    Calls go to the endpoint of `ServiceClient`, whatever host a queue's URL names.
    """

    def __init__(self, calls: ServiceClient | None = None) -> None:
        self._calls = calls or ServiceClient(SERVICE)

    def send_message(self, **request: Any) -> dict[str, Any]:
        """Put a message into a queue, or raise `AwsError`; the queue may get it twice."""
        return self._calls.json("SendMessage", request)
