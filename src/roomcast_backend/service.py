"""Puts the service together from this container's settings; each part is built once."""

import json
import time
from functools import cache
from typing import TYPE_CHECKING

from roomcast import __version__
from roomcast_backend import clients
from roomcast_backend.commands import Commands
from roomcast_backend.connections import JSON, SOCKET_IO
from roomcast_backend.conversations.json_frames import JsonConversation
from roomcast_backend.conversations.socketio_commands import SessionCommands
from roomcast_backend.conversations.socketio_packets import SocketIoConversation
from roomcast_backend.courier import Courier
from roomcast_backend.door import Door
from roomcast_backend.fanout import FanOut
from roomcast_backend.farewell import Farewell
from roomcast_backend.gateway import ConnectionsApi
from roomcast_backend.greeting import Greeter, Timers
from roomcast_backend.handshake import Handshakes
from roomcast_backend.keyring import principal_of
from roomcast_backend.pages import PageQueue
from roomcast_backend.replay import Replay
from roomcast_backend.sessions import Sessions
from roomcast_backend.settings import settings
from roomcast_backend.statistics import Statistics
from roomcast_backend.stores.connections import ConnectionStore, Pace
from roomcast_backend.stores.counters import CONNECTIONS, Counter, CounterStore
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore
from roomcast_backend.stores.sessions import SessionStore
from roomcast_backend.sweep import Heartbeat

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE = 3.0
"""Seconds kept at an invocation's end, to hand on what is left."""


def deadline(context: "LambdaContext") -> float:
    """Return until when this invocation may work, epoch seconds."""
    return time.time() + context.get_remaining_time_in_millis() / 1000 - RESERVE


@cache
def handshakes() -> Handshakes:
    """Return what accepts connections."""
    chosen = settings()
    return Handshakes(
        chosen,
        connections=ConnectionStore(chosen),
        principal_of=principal_of,
        count_connections=lambda: counters().total(Counter(CONNECTIONS)),
        open_connection=_open,
        set_deadline=_set_deadline,
    )


@cache
def greeter() -> Greeter:
    """Return what opens connections after their handshake."""
    chosen = settings()
    return Greeter(
        connections=connections(),
        memberships=memberships(),
        gateway=ConnectionsApi(chosen),
        timers=Timers(
            interval=chosen.heartbeat_interval * 1000, timeout=chosen.heartbeat_timeout * 1000
        ),
    )


@cache
def door() -> Door:
    """Return what answers clients' frames."""
    chosen = settings()
    gateway = ConnectionsApi(chosen)
    replay = Replay(EventStore(chosen), gateway, keep=chosen.replay_hours * 3600)
    commands = Commands(
        connections=connections(),
        memberships=memberships(),
        principal_of=principal_of,
        replay=replay,
        most_rooms=chosen.max_rooms_per_connection,
    )
    sessions = Sessions(
        store=SessionStore(chosen),
        connections=connections(),
        replay=replay,
        principal_of=principal_of,
    )
    return Door(
        connections=connections(),
        conversations={
            JSON: JsonConversation(commands),
            SOCKET_IO: SocketIoConversation(
                SessionCommands(commands, greet=_open), sessions, gateway=gateway
            ),
        },
        gateway=gateway,
        pace=Pace(interval=1000 // chosen.commands_per_second, burst=chosen.command_burst),
    )


def _set_deadline(connection_id: str, seconds: int) -> None:
    """Have a connection looked at again after some seconds (at most 900)."""
    clients.sqs().send_message(
        QueueUrl=settings().deadline_queue_url,
        MessageBody=json.dumps({"connection_id": connection_id}),
        DelaySeconds=seconds,
    )


def _open(connection_id: str) -> None:
    """Let `open` greet a connection or session."""
    clients.functions().invoke(
        FunctionName=settings().open_function,
        InvocationType="Event",
        Payload=json.dumps({"connection_id": connection_id}).encode(),
    )


@cache
def memberships() -> MembershipStore:
    """Return what forgets connections."""
    return MembershipStore(settings())


@cache
def connections() -> ConnectionStore:
    """Return what knows single connections."""
    return ConnectionStore(settings())


@cache
def farewell() -> Farewell:
    """Return what ends connections."""
    return Farewell(ConnectionsApi(settings()), memberships())


@cache
def counters() -> CounterStore:
    """Return what counts."""
    return CounterStore(settings())


@cache
def statistics() -> Statistics:
    """Return what reads the counters."""
    return Statistics(counters())


def check_stores() -> str:
    """Ask every table that a client needs; return the version, raise what fails."""
    connections().get("health")
    RoomStore(settings()).page("project:health", 0, size=1)
    counters().started_at(now=int(time.time()))
    return __version__


@cache
def fan_out() -> FanOut:
    """Return what delivers events."""
    chosen = settings()
    return FanOut(
        chosen,
        rooms=RoomStore(chosen),
        events=EventStore(chosen),
        courier=Courier(ConnectionsApi(chosen), memberships()),
        farewell=farewell(),
        queue=PageQueue(chosen),
        count_event=lambda event_id: counters().count_event(event_id, now=int(time.time())),
    )


@cache
def heartbeat() -> Heartbeat:
    """Return what sweeps over the roster."""
    chosen = settings()
    return Heartbeat(
        rooms=RoomStore(chosen),
        courier=Courier(ConnectionsApi(chosen), memberships()),
        farewell=farewell(),
        page_size=chosen.page_size,
    )
