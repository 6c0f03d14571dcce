"""Commands, replies and refusals: what is said, whichever protocol says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

UNNUMBERED = object()
"""The `ref` of a command whose sender did not number it."""


class Code(StrEnum):
    """Why a command or a connection is refused (contract: Error codes)."""

    AUTH_FAILED = "AUTH_FAILED"
    AUTH_MISSING = "AUTH_MISSING"
    ROOM_ACCESS_DENIED = "ROOM_ACCESS_DENIED"
    INVALID_ROOM = "INVALID_ROOM"
    INVALID_MESSAGE = "INVALID_MESSAGE"
    RATE_LIMITED = "RATE_LIMITED"
    ROOM_LIMIT = "ROOM_LIMIT"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Command:
    """A well-formed frame: what the client asks for, and the number under which it waits."""

    name: str
    body: Mapping[str, Any]
    ref: object = UNNUMBERED


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command or frame that changes nothing; `extra` holds a code's own fields."""

    code: Code
    message: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    ref: object = UNNUMBERED

    def body(self) -> dict[str, Any]:
        """Return the reply that says so."""
        return {"status": "error", "code": str(self.code), "message": self.message, **self.extra}


class CommandRefused(Exception):
    """A command is refused; carries what the client is told."""

    def __init__(self, code: Code, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message, extra)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command."""

    body: Mapping[str, Any]
    ref: object = UNNUMBERED


def kind_of(value: object) -> str:
    """Name a decoded value as its sender would: for messages that say what came."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    if value is None:
        return "null"
    return names.get(type(value), "a number")
