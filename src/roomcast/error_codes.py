"""Why a command or a connection is refused: the codes of docs/PROTOCOL.md, chapter 7."""

from enum import StrEnum


class Code(StrEnum):
    """Why a command or a connection is refused (contract: Error codes)."""

    AUTH_FAILED = "AUTH_FAILED"
    AUTH_MISSING = "AUTH_MISSING"
    ROOM_ACCESS_DENIED = "ROOM_ACCESS_DENIED"
    INVALID_ROOM = "INVALID_ROOM"
    INVALID_MESSAGE = "INVALID_MESSAGE"
    RATE_LIMITED = "RATE_LIMITED"
    ROOM_LIMIT = "ROOM_LIMIT"
    CONNECTION_LIMIT = "CONNECTION_LIMIT"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    ACCESS_REVOKED = "ACCESS_REVOKED"
    UNAVAILABLE = "UNAVAILABLE"
