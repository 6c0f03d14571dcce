"""Socket.IO events as commands: an event's name and first argument in, its ack's argument out."""

from collections.abc import Callable, Mapping
from typing import Any

from roomcast_backend.inbound.commands import Commands
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.messages import Code, Command, CommandRefused, kind_of
from roomcast_backend.protocol.socketio_packets import Connect, Event


class SessionCommands:
    """The service as the application of its sessions; `greet` gets the id of each new one."""

    def __init__(self, commands: Commands, *, greet: Callable[[str], object]) -> None:
        self._commands = commands
        self._greet = greet

    def greet(self, session: Connection, connect: Connect) -> None:
        """Have the session told that it has begun."""
        del connect
        self._greet(session.id)

    def answer(self, session: Connection, event: Event) -> tuple[Any, ...]:
        """Carry out a command; return its reply. Raises `CommandRefused`."""
        return (self._commands.carry_out(session, Command(event.name, _body(event))),)


def _body(event: Event) -> Mapping[str, Any]:
    """Return a command's body: the event's first argument, which may be left out."""
    body = event.args[0] if event.args else {}
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise CommandRefused(Code.INVALID_MESSAGE, f"expected an object, got {kind_of(body)}")
    return body
