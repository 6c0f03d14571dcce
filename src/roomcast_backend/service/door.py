"""For `subscribe`: what answers everything that clients say."""

from functools import cache

from roomcast_backend.commands import Commands
from roomcast_backend.connections import JSON, SOCKET_IO
from roomcast_backend.conversations import Conversation
from roomcast_backend.conversations.json_frames import JsonConversation
from roomcast_backend.conversations.socketio_commands import SessionCommands
from roomcast_backend.conversations.socketio_packets import SocketIoConversation
from roomcast_backend.door import Door
from roomcast_backend.keyring import principal_of
from roomcast_backend.replay import Replay
from roomcast_backend.service.gateway import gateway
from roomcast_backend.service.opening import have_greeted
from roomcast_backend.sessions import Sessions
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore, Pace
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.sessions import SessionStore


@cache
def door() -> Door:
    """Return what answers frames."""
    chosen = settings()
    connections = ConnectionStore(chosen)
    return Door(
        connections=connections,
        conversations=_conversations(connections),
        gateway=gateway(),
        pace=Pace(interval=1000 // chosen.commands_per_second, burst=chosen.command_burst),
    )


def _conversations(connections: ConnectionStore) -> dict[str, Conversation]:
    chosen = settings()
    replay = Replay(EventStore(chosen), gateway(), keep=chosen.replay_hours * 3600)
    commands = Commands(
        connections=connections,
        memberships=MembershipStore(chosen),
        principal_of=principal_of,
        replay=replay,
        most_rooms=chosen.max_rooms_per_connection,
    )
    sessions = Sessions(
        store=SessionStore(chosen),
        connections=connections,
        replay=replay,
        principal_of=principal_of,
    )
    return {
        JSON: JsonConversation(commands),
        SOCKET_IO: SocketIoConversation(
            SessionCommands(commands, greet=have_greeted), sessions, gateway=gateway()
        ),
    }
