"""The JSON protocol: every frame is a command and every command has a reply."""

from roomcast_backend.inbound.commands import Commands
from roomcast_backend.model.connection import Connection
from roomcast_backend.protocol.json_codec import JsonCodec
from roomcast_backend.protocol.messages import CommandRefused, Refusal, Reply


class JsonHandler:
    """Answers JSON frames."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._codec = JsonCodec()

    def hear(self, connection: Connection, frame: str) -> str:
        """Carry out a command; what is no command is refused."""
        decoded = self._codec.decode(frame)
        if isinstance(decoded, Refusal):
            return self._codec.encode_reply(Reply(decoded.body(), decoded.ref))
        try:
            body = self._commands.carry_out(connection, decoded)
        except CommandRefused as exc:
            body = exc.refusal.body()
        return self._codec.encode_reply(Reply(body, decoded.ref))

    def refuse(self, connection_id: str, frame: str, refusal: Refusal) -> str:
        """Reply with the refusal under the frame's id."""
        del connection_id
        return self._codec.encode_reply(Reply(refusal.body(), self._codec.decode(frame).ref))
