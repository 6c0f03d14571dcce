"""Lambda: invoking another function without waiting for its result.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from urllib.parse import quote

from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.service_client import ServiceClient

SERVICE = Service("lambda", "LAMBDA")


class LambdaInvoker:
    """Invokes functions; parameters have boto3's names."""

    def __init__(self, calls: ServiceClient | None = None) -> None:
        self._calls = calls or ServiceClient(SERVICE)

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        """Invoke a function, by name or ARN, with a JSON payload; raise `AwsError` on failure.

        `InvocationType` must be `Event`: Lambda returns no result, and may run the function twice.
        """
        if InvocationType != "Event":
            raise ValueError(f"expected InvocationType Event, got {InvocationType!r}")
        path = f"/2015-03-31/functions/{quote(FunctionName, safe='')}/invocations"
        headers = {"content-type": "application/json", "x-amz-invocation-type": InvocationType}
        self._calls.send("Invoke", path, headers, Payload)
