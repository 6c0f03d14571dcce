"""Calls AWS services: signs each request, sends it, and sends it again after a passing fault."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from roomcast.backoff import Backoff
from roomcast_backend.aws import endpoints
from roomcast_backend.aws.credentials import CredentialsNotFound
from roomcast_backend.aws.endpoints import Service
from roomcast_backend.aws.errors import AwsError, ClientNotConfigured, NoResponse
from roomcast_backend.aws.http.transport import HttpResponse, Transport
from roomcast_backend.aws.signing import Signer

BACKOFF = Backoff(base=0.2, cap=1.0, attempts=3)
"""How a request is repeated after no response or after a fault that may pass.

The service may have carried out the first attempt all the same. The next one then finds that a
condition does not hold any more, or that a row is deleted already, and `ADD` adds twice. botocore
repeats the same requests. No pause is longer than `cap`, whatever the service asks for.
"""

TIMEOUT = 5.0
"""Seconds for one attempt: a function waits for a store no longer than a client would for it."""

PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})

PASSING_CODES = frozenset(
    {
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Codes of errors that may pass, those of botocore's standard retry mode.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

TRANSACTION_CONFLICT = "TransactionConflictException"
"""A single write of DynamoDB met a transaction on the same row, and has changed nothing.

What a transaction meets is decided by `stores/transactions.py`. botocore repeats neither.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

SINGLE_WRITES = frozenset({"DeleteItem", "PutItem", "UpdateItem"})


class ServiceClient:
    """Calls one service, from any thread; region and endpoint come from the environment.

    It keeps connections between calls, as many as there have been calls at the same time.
    """

    def __init__(
        self,
        service: Service,
        *,
        signer: Signer | None = None,
        timeout: float = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        region = endpoints.region(service)
        self._service = service
        self._url = endpoints.url(service, region)
        self._prefix = urlsplit(self._url).path
        self._signer = signer or Signer(service.name, region)
        self._timeout = timeout
        self._sleep = sleep
        self._idle: deque[Transport] = deque()  # whose ends can be used by several threads

    def json(self, action: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action of a JSON service; return its output, or raise `AwsError`.

        https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
        """
        headers = {
            "content-type": f"application/x-amz-json-{self._service.json}",
            "x-amz-target": f"{self._service.target}.{action}",
        }
        response = self.send(action, "/", headers, json.dumps(request).encode())
        value = _parsed(response.body)
        if value is None:
            raise AwsError(self._service.name, action, "NoJson", status=response.status)
        return value

    def send(
        self, action: str, path: str, headers: Mapping[str, str], payload: bytes
    ) -> HttpResponse:
        """Post to a path, percent-encoded already; return a 2xx response, or raise `AwsError`."""
        for retry in range(BACKOFF.attempts):
            response = self._post(path, headers, payload)
            if response.status in range(200, 300):
                return response
            error = self._error(action, response)
            if retry == BACKOFF.attempts - 1 or not _may_pass(error):
                break
            self._sleep(min(BACKOFF.cap, max(BACKOFF.pause(retry), response.retry_after)))
        raise error

    def _post(self, path: str, headers: Mapping[str, str], payload: bytes) -> HttpResponse:
        """Send a request with a new date over a connection that no other thread uses now."""
        try:
            transport = self._idle.pop()
        except IndexError:
            transport = Transport(self._url, window=1, timeout=self._timeout)
        try:
            host = transport.origin.authority
            request = self._signer.request(
                "POST", host, self._prefix + path, headers=headers, payload=payload
            )
            return transport.one(request)
        except CredentialsNotFound as exc:
            raise ClientNotConfigured(self._service.name, str(exc)) from exc
        finally:
            self._idle.append(transport)

    def _error(self, action: str, response: HttpResponse) -> AwsError:
        if not response.status:
            return NoResponse(self._service.name, action)
        value = _parsed(response.body) or {}
        code = str(value.get("__type") or value.get("code") or "").rpartition("#")[2]
        return AwsError(
            self._service.name, action, code or "HTTP", status=response.status, response=value
        )


def _parsed(body: bytes) -> dict[str, Any] | None:
    """Parse a body as a JSON object; return None when it is not one."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _may_pass(error: AwsError) -> bool:
    return (
        isinstance(error, NoResponse)
        or error.status in PASSING_STATUSES
        or error.code in PASSING_CODES
        or (error.code == TRANSACTION_CONFLICT and error.action in SINGLE_WRITES)
    )
