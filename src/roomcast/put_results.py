"""The results of entries that were sent to EventBridge, and which of them to send again."""

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
    """The result of one entry; `code` is empty when it was accepted, else the error code.

    `bus` names the bus and its endpoint, for the log.
    """

    code: str = ""
    retryable: bool = False
    bus: str = ""

    @property
    def accepted(self) -> bool:
        """Tell whether the bus has the entry."""
        return not self.code


_UNKNOWN: Final = PutResult("IncompleteResponse", retryable=True)


def results_of(response: Mapping[str, Any], sent: int) -> list[PutResult]:
    """Return a result for each of the `sent` entries of a request, in their order.

    A proxy may answer 200 without a result for every entry: the missing ones are unknown, and can
    be sent again.
    """
    results = [_result_of_entry(result) for result in response.get("Entries", [])[:sent]]
    return results + [_UNKNOWN] * (sent - len(results))


def _result_of_entry(result: Mapping[str, Any]) -> PutResult:
    code = result.get("ErrorCode") or ""
    return PutResult(code, code in RETRYABLE)


def result_of_error(error: BotoCoreError | ClientError | OSError) -> PutResult:
    """Return the result of every entry of a request that failed as a whole."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code") or "Unknown"
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        server_side = status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR
        return PutResult(code, code in RETRYABLE or server_side)
    unreachable = isinstance(error, NoConnection | HTTPClientError | OSError)
    return PutResult(type(error).__name__, unreachable)
