"""An EventBridge client that knows how PutEvents can fail; moto's accepts everything."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

Answer = dict[str, Any] | Exception | Sequence[str] | None


def refusal(code: str, status: int = 400) -> ClientError:
    """Return the error that botocore raises for a request that was refused as a whole."""
    response: Any = {
        "Error": {"Code": code, "Message": "refused"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "PutEvents")


class FakeEventsClient:
    """Give the prepared answers, one to a request, then accept everything.

    An answer is an exception to raise, a whole response, the error codes of the entries ("" where
    accepted), or None for accepting all.
    """

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.threads: set[str] = set()
        self._answers = list(answers)

    @property
    def as_boto3(self) -> "EventBridgeClient":
        """This fake under the type of the whole client, of which callers use `put_events` only."""
        return cast("EventBridgeClient", self)

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        """Record the request and answer it."""
        self.requests.append(Entries)
        self.threads.add(threading.current_thread().name)
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, dict):
            return answer
        codes = answer or [""] * len(Entries)
        return {"Entries": [{"ErrorCode": code} if code else {"EventId": "1"} for code in codes]}

    def sent(self) -> list[list[str]]:
        """Return the types of event in each request."""
        return [[entry["DetailType"] for entry in request] for request in self.requests]
