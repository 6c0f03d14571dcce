"""What became of an entry that was sent to EventBridge."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

RETRYABLE: Final = frozenset(
    {
        "InternalException",
        "InternalFailure",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The codes after which the same entry can succeed; all others are final.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
"""

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class PutResult:
    """`code` says why the entry was not accepted and is empty when it was."""

    code: str = ""
    retryable: bool = False

    @property
    def accepted(self) -> bool:
        """Tell whether the bus has the entry."""
        return not self.code


_UNKNOWN: Final = PutResult("IncompleteResponse", retryable=True)


def of_response(response: Mapping[str, Any], sent: int) -> list[PutResult]:
    """Return the outcomes of the entries of a request, in the order they were sent in.

    Something between us and EventBridge may answer 200 with less than that: then it is unknown
    what became of the rest.
    """
    outcomes = [_of_entry(result) for result in response.get("Entries", [])[:sent]]
    return outcomes + [_UNKNOWN] * (sent - len(outcomes))


def _of_entry(result: Mapping[str, Any]) -> PutResult:
    code = result.get("ErrorCode") or ""
    return PutResult(code, code in RETRYABLE)


def of_failed_request(error: BotoCoreError | ClientError | OSError) -> PutResult:
    """Return what happened to every entry of a request that got no proper response."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code") or "Unknown"
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        server_side = status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
        return PutResult(code, code in RETRYABLE or server_side)
    unreachable = isinstance(error, NoConnection | HTTPClientError | OSError)
    return PutResult(type(error).__name__, unreachable)
