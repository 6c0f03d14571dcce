"""Builds the dispatcher of frames, with a handler for each protocol."""

from functools import cache
from typing import Any

from roomcast_backend.inbound.commands import Commands
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.inbound.handler import ProtocolHandler
from roomcast_backend.inbound.json_handler import JsonHandler
from roomcast_backend.inbound.presence_commands import PresenceCommands
from roomcast_backend.inbound.replay import Replay
from roomcast_backend.inbound.sessions import Sessions
from roomcast_backend.inbound.socketio_commands import SessionCommands
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.inbound.upgrades import Upgrades
from roomcast_backend.model.connection import JSON, SOCKET_IO
from roomcast_backend.model.presence import kinds_of
from roomcast_backend.runtime.frame_limit import count_flooding, rate_limit
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.runtime.invoke_open import invoke_open
from roomcast_backend.runtime.polling_sessions import polling_sessions
from roomcast_backend.runtime.room_states import event_frames
from roomcast_backend.runtime.state_teller import paced_posts, state_teller
from roomcast_backend.runtime.tokens import tokens
from roomcast_backend.runtime.unavailable import FRAMES, count_unavailable
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore, RateLimit
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.presence import PresenceStore
from roomcast_backend.stores.recovery import RecoveryStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.sessions import SessionStore


@cache
def dispatcher() -> Dispatcher:
    """Return the dispatcher of frames."""
    chosen = settings()
    limit = rate_limit(chosen)
    connections = ConnectionStore(chosen)
    return Dispatcher(
        connections=connections,
        handlers=_handlers(connections, limit),
        gateway=gateway(),
        limit=limit,
        count_flooding=count_flooding,
        count_unavailable=lambda: count_unavailable(FRAMES),
    )


def _handlers(connections: ConnectionStore, limit: RateLimit) -> dict[str, ProtocolHandler[Any]]:
    chosen = settings()
    replay = Replay(
        RoomLog(chosen),
        EventStore(chosen),
        paced_posts(),
        keep=chosen.replay_hours * 3600,
        frames=event_frames(),
    )
    commands = Commands(
        connections=connections,
        memberships=MembershipStore(chosen),
        tokens=tokens(),
        replay=replay,
        teller=state_teller(),
        presence=PresenceCommands(PresenceStore(chosen), kinds=kinds_of(chosen.presence_rooms)),
        max_rooms_per_connection=chosen.max_rooms_per_connection,
    )
    sessions = Sessions(
        store=SessionStore(chosen),
        recovery=RecoveryStore(chosen),
        connections=connections,
        replay=replay,
        tokens=tokens(),
    )
    return {
        JSON: JsonHandler(commands),
        SOCKET_IO: SocketIoHandler(
            SessionCommands(commands, greet=invoke_open),
            sessions,
            gateway=gateway(),
            upgrades=Upgrades(polling_sessions()),
        ),
    }
