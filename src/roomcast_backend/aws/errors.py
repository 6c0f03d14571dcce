"""What comes of a call that AWS did not answer as asked."""

from collections.abc import Mapping
from typing import Any

TELLING = frozenset({"AccessDeniedException", "ResourceNotFoundException"})
"""Whose explanations name a role, an action or a table, and no values.

Others may quote a request: an explained signature holds the session token.
"""


class AwsError(Exception):
    """A call that was not done, or of which it is not known.

    `code` is AWS's name for what went wrong; `status` the HTTP status, 0 when there was none;
    `answer` the whole answer, in which a refused condition may have an `Item` and a cancelled
    transaction its `CancellationReasons`.
    """

    def __init__(
        self,
        service: str,
        action: str,
        code: str,
        *,
        status: int = 0,
        answer: Mapping[str, Any] | None = None,
        message: str = "",
    ) -> None:
        self.service = service
        self.action = action
        self.code = code
        self.status = status
        self.answer = answer or {}
        super().__init__(f"{service} {action}: {message or self._refusal()}")

    def _refusal(self) -> str:
        refusal = f"{self.code} ({self.status})"
        explained = self.answer.get("message") or self.answer.get("Message")
        return f"{refusal}, {explained}" if self.code in TELLING and explained else refusal


class Unreachable(AwsError):
    """The service gave no answer in time, or broke off. What was asked for may have been done."""

    def __init__(self, service: str, action: str) -> None:
        super().__init__(service, action, "Unreachable", message="expected an answer, got none")


class NotSent(AwsError):
    """Nothing was asked: the environment lacks what calls need; the message says what."""

    def __init__(self, service: str, message: str) -> None:
        super().__init__(service, "calls", "NotSent", message=message)
