"""The JSON protocol: every frame is a command and every command has a reply."""

from roomcast_backend.inbound.commands import Commands
from roomcast_backend.inbound.handler import UNAVAILABLE, Beside
from roomcast_backend.inbound.room_names import named_rooms
from roomcast_backend.model.connection import Connection
from roomcast_backend.model.order import Sent, number_of
from roomcast_backend.protocol.json_codec import JsonCodec
from roomcast_backend.protocol.messages import Command, CommandRefused, Refusal, Reply


class JsonHandler:
    """Handles the frames of JSON connections. What is read is a command, or why it is none."""

    last_resort = JsonCodec().encode_reply(Reply(UNAVAILABLE.body()))

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._codec = JsonCodec()

    def read(self, frame: str) -> Command | Refusal:
        """Return the command that a frame holds; a refusal when it holds none."""
        return self._codec.decode(frame)

    def prefetch(self, connection_id: str, packet: Command | Refusal) -> Beside | None:
        """Begin to check the token of a command that brings one; others need nothing else."""
        del connection_id
        return self._commands.prefetch(packet) if isinstance(packet, Command) else None

    def handle(
        self,
        connection: Connection,
        packet: Command | Refusal,
        prefetched: Beside | None = None,
        *,
        at: int,
    ) -> str:
        """Execute a command and reply; a frame without a command gets its refusal."""
        if isinstance(packet, Refusal):
            return self.refuse(connection.id, packet, packet)
        try:
            sent = Sent(at, number_of(packet.ref))
            body = self._commands.execute(connection, packet, prefetched, sent=sent)
        except CommandRefused as exc:
            return self.refuse(connection.id, packet, exc.refusal)
        return self._codec.encode_reply(Reply(body, packet.ref))

    def refuse(self, connection_id: str, packet: Command | Refusal, refusal: Refusal) -> str:
        """Reply with the refusal under the id of the frame; it names the room of a command."""
        del connection_id
        named = named_rooms(packet.body) if isinstance(packet, Command) else {}
        return self._codec.encode_reply(Reply({**refusal.body(), **named}, packet.ref))
