"""Engine.IO's errors, as answers that a developer can read in a browser's console.

https://github.com/socketio/engine.io/blob/main/docs/protocol.md has no list of them; clients know
the codes of the official server, and show the message.
"""

from http import HTTPStatus
from typing import Final, NamedTuple


class ErrorCode(NamedTuple):
    """A code with what Engine.IO's server says with it."""

    code: int
    message: str


TRANSPORT_UNKNOWN: Final = ErrorCode(0, "Transport unknown")
SESSION_UNKNOWN: Final = ErrorCode(1, "Session ID unknown")
BAD_HANDSHAKE_METHOD: Final = ErrorCode(2, "Bad handshake method")
BAD_REQUEST: Final = ErrorCode(3, "Bad request")
FORBIDDEN: Final = ErrorCode(4, "Forbidden")
UNSUPPORTED_VERSION: Final = ErrorCode(5, "Unsupported protocol version")


class PollingRefused(Exception):
    """A request is refused with a code, with what to do, and with an HTTP status."""

    def __init__(
        self, error: ErrorCode, hint: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST
    ) -> None:
        super().__init__(f"{error.message}: {hint}" if hint else error.message)
        self.code = error.code
        self.status = status

    def body(self) -> dict[str, int | str]:
        """Return what the client gets, as JSON."""
        return {"code": self.code, "message": str(self)}
