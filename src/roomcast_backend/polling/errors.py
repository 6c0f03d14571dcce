"""How a request of HTTP long-polling is refused."""

from http import HTTPStatus

from roomcast_backend.model import engineio_errors
from roomcast_backend.model.engineio_errors import (
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    FORBIDDEN,
    SESSION_UNKNOWN,
    TRANSPORT_UNKNOWN,
    UNSUPPORTED_VERSION,
    ErrorCode,
)


class PollingRefused(Exception):
    """A request is refused with a code, with what to do, and with an HTTP status."""

    def __init__(
        self, error: ErrorCode, hint: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST
    ) -> None:
        self._body = engineio_errors.body(error, hint)
        super().__init__(self._body["message"])
        self.code = error.code
        self.status = status

    def body(self) -> dict[str, int | str]:
        """Return what the client gets, as JSON."""
        return self._body


__all__ = [
    "BAD_HANDSHAKE_METHOD",
    "BAD_REQUEST",
    "FORBIDDEN",
    "SESSION_UNKNOWN",
    "TRANSPORT_UNKNOWN",
    "UNSUPPORTED_VERSION",
    "ErrorCode",
    "PollingRefused",
]
