"""Commands, replies and refusals: what is said, whichever protocol says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from roomcast.error_codes import Code

UNNUMBERED = object()
"""The `ref` of a command that its sender did not number."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a client asks for; `ref` is the number under which it waits for the reply."""

    name: str
    body: Mapping[str, Any]
    ref: object = UNNUMBERED


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command or a frame is refused: it changes nothing.

    `extra` holds the fields that only replies with this code have. `rooms` are fields that name
    what it is about, where the command itself does not name it.
    """

    code: Code
    message: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    ref: object = UNNUMBERED
    rooms: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return the body of the reply."""
        return {"status": "error", "code": str(self.code), "message": self.message, **self.extra}


class CommandRefused(Exception):
    """A command is refused; `refusal` is what the client is told."""

    def __init__(self, code: Code, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message, extra)

    @classmethod
    def of_rooms(cls, code: Code, message: str, results: Sequence[Mapping[str, Any]]) -> Self:
        """Return the refusal of some of a command's rooms: `results` are those that were refused.

        The first one gives the code and the message.
        """
        refused = cls(code, message)
        rooms = {"room": results[0]["room"], "rooms": results}
        refused.refusal = replace(refused.refusal, rooms=rooms)
        return refused


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the command with the same `ref`."""

    body: Mapping[str, Any]
    ref: object = UNNUMBERED


def kind_of(value: object) -> str:
    """Return what JSON calls a decoded value, for error messages: "a list"."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    if value is None:
        return "null"
    return names.get(type(value), "a number")


__all__ = ["UNNUMBERED", "Code", "Command", "CommandRefused", "Refusal", "Reply", "kind_of"]
