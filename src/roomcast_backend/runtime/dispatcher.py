"""Builds the dispatcher of frames, with a handler for each protocol."""

from functools import cache, partial
from typing import Any

from roomcast_backend.auth.verification_keys import principal_of
from roomcast_backend.gateway.paced_posts import PacedPosts
from roomcast_backend.inbound.commands import Commands
from roomcast_backend.inbound.dispatcher import Dispatcher
from roomcast_backend.inbound.handler import ProtocolHandler
from roomcast_backend.inbound.json_handler import JsonHandler
from roomcast_backend.inbound.replay import Replay
from roomcast_backend.inbound.sessions import Sessions
from roomcast_backend.inbound.socketio_commands import SessionCommands
from roomcast_backend.inbound.socketio_handler import SocketIoHandler
from roomcast_backend.inbound.upgrades import Upgrades
from roomcast_backend.model.connection import JSON, SOCKET_IO
from roomcast_backend.protocol.event_frame import EventFrames
from roomcast_backend.runtime.frame_limit import count_flooding, rate_limit
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.runtime.invoke_open import invoke_open
from roomcast_backend.runtime.polling_sessions import polling_sessions
from roomcast_backend.runtime.unavailable import FRAMES, count_unavailable
from roomcast_backend.settings import settings
from roomcast_backend.state.current import CurrentState
from roomcast_backend.state.telling import StateTeller
from roomcast_backend.stores.connections import ConnectionStore, RateLimit
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.large_data import LargeData
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.recovery import RecoveryStore
from roomcast_backend.stores.room_log import RoomLog
from roomcast_backend.stores.room_states import RoomStates
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
    log, data = RoomLog(chosen), LargeData(chosen)
    frames = EventFrames(data, largest=chosen.max_post_bytes)
    posts = PacedPosts(gateway(), charge=partial(connections.charge, limit=limit))
    replay = Replay(log, EventStore(chosen), posts, keep=chosen.replay_hours * 3600, frames=frames)
    commands = Commands(
        connections=connections,
        memberships=MembershipStore(chosen),
        principal_of=principal_of,
        replay=replay,
        teller=StateTeller(CurrentState(RoomStates(chosen), log, data), frames, posts),
        max_rooms_per_connection=chosen.max_rooms_per_connection,
    )
    sessions = Sessions(
        store=SessionStore(chosen),
        recovery=RecoveryStore(chosen),
        connections=connections,
        replay=replay,
        principal_of=principal_of,
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
