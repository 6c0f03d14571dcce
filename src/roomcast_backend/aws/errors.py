"""Errors of calls to AWS."""

from collections.abc import Mapping
from typing import Any

EXPLAINED_CODES = frozenset({"AccessDeniedException", "ResourceNotFoundException"})
"""Codes whose explanation goes into the message: it names a role, an action or a table.

Other explanations may quote the request: that of a wrong signature contains the session token.
"""


class AwsError(Exception):
    """A call failed, or it is not known whether it succeeded.

    `code` is AWS's name for the error; `status` the HTTP status, 0 when there was no response;
    `response` the whole response, in which a failed condition may have an `Item` and a cancelled
    transaction its `CancellationReasons`.
    """

    def __init__(
        self,
        service: str,
        action: str,
        code: str,
        *,
        status: int = 0,
        response: Mapping[str, Any] | None = None,
        message: str = "",
    ) -> None:
        self.service = service
        self.action = action
        self.code = code
        self.status = status
        self.response = response or {}
        super().__init__(f"{service} {action}: {message or self._explanation()}")

    def _explanation(self) -> str:
        error = f"{self.code} ({self.status})"
        explained = self.response.get("message") or self.response.get("Message")
        return f"{error}, {explained}" if self.code in EXPLAINED_CODES and explained else error


class NoResponse(AwsError):
    """The service did not respond in time or closed the connection; the call may have succeeded."""

    def __init__(self, service: str, action: str) -> None:
        super().__init__(service, action, "NoResponse", message="expected a response, got none")


class ClientNotConfigured(AwsError):
    """No call was made: the environment lacks a setting, which the message names."""

    def __init__(self, service: str, message: str) -> None:
        super().__init__(service, "calls", "ClientNotConfigured", message=message)
