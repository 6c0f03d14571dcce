"""Executes the events of Socket.IO clients as commands.

An event's name is the command, its first argument the body; the reply is the argument of its ack.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from roomcast_backend.inbound.commands import Commands
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.order import Sent
from roomcast_backend.protocol.messages import Code, Command, CommandRefused, kind_of
from roomcast_backend.protocol.socketio_packets import Connect, Event


class SessionCommands:
    """The application behind the service's namespaces; `greet` gets the id of each new session."""

    def __init__(self, commands: Commands, *, greet: Callable[[str], object]) -> None:
        self._commands = commands
        self._greet = greet

    def greet(self, session: Connection, connect: Connect) -> None:
        """Have `connection_established` sent to a new session."""
        del connect
        self._greet(session.id)

    def answer(self, session: Connection, event: Event, *, at: int) -> tuple[Any, ...]:
        """Execute a command; return its reply. Raises `CommandRefused`.

        Without an ack nobody gets the results of the single rooms: then the rooms that are refused
        are a refusal of the event.
        """
        command = Command(event.name, _body(event))
        body = self._commands.execute(session, command, sent=Sent(at, event.ack))
        if event.ack is None:
            _refuse_rooms(body.get("rooms", []))
        return (body,)


def _refuse_rooms(results: Iterable[Any]) -> None:
    """Raise `CommandRefused` for the rooms that a command of many was refused, if any."""
    refused = [each for each in results if isinstance(each, dict) and each["status"] == "error"]
    if refused:
        first = refused[0]
        raise CommandRefused.of_rooms(Code(first["code"]), first["message"], refused)


def _body(event: Event) -> Mapping[str, Any]:
    """Return the body of a command: the first argument of the event, which may be left out."""
    body = event.args[0] if event.args else {}
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise CommandRefused(Code.INVALID_MESSAGE, f"expected an object, got {kind_of(body)}")
    return body
