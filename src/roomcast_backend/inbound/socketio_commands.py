"""Executes the events of Socket.IO clients as commands.

An event's name is the command, its first argument the body; the reply is the argument of its ack.
"""

from collections.abc import Callable, Mapping
from typing import Any

from roomcast_backend.inbound.commands import Commands
from roomcast_backend.model.connection import Connection
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

    def answer(self, session: Connection, event: Event) -> tuple[Any, ...]:
        """Execute a command; return its reply. Raises `CommandRefused`."""
        return (self._commands.execute(session, Command(event.name, _body(event))),)


def _body(event: Event) -> Mapping[str, Any]:
    """Return the body of a command: the first argument of the event, which may be left out."""
    body = event.args[0] if event.args else {}
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise CommandRefused(Code.INVALID_MESSAGE, f"expected an object, got {kind_of(body)}")
    return body
