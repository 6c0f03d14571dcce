"""Engine.IO's errors, as answers that a developer can read in a console.

The protocol has no list of them; clients know the codes of the official server, and show the
message: https://github.com/socketio/engine.io/blob/main/lib/server.ts
"""

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


def body(error: ErrorCode, hint: str) -> dict[str, int | str]:
    """Return what a client gets, to be written as JSON; `hint` says what to do."""
    message = f"{error.message}: {hint}" if hint else error.message
    return {"code": error.code, "message": message}


def version_hint(version: str | None) -> str:
    """Say which clients speak the version that is expected instead of `version`."""
    found = f"EIO={version}" if version else "none"
    return f"expected EIO=4, that is socket.io-client 3 or newer, got {found}"
