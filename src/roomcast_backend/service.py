"""Puts the service together from this container's settings; each part is built once."""

import time
from functools import cache
from typing import TYPE_CHECKING

from roomcast import __version__
from roomcast_backend import clients
from roomcast_backend.commands import Commands
from roomcast_backend.courier import Courier
from roomcast_backend.door import Door
from roomcast_backend.fanout import FanOut
from roomcast_backend.farewell import Farewell
from roomcast_backend.gateway import ConnectionsApi
from roomcast_backend.greeting import Greeter
from roomcast_backend.handshake import Handshakes
from roomcast_backend.keyring import principal_of
from roomcast_backend.pages import PageQueue
from roomcast_backend.settings import settings
from roomcast_backend.statistics import Statistics
from roomcast_backend.stores.connections import ConnectionStore, Pace
from roomcast_backend.stores.counters import CONNECTIONS, Counter, CounterStore
from roomcast_backend.stores.events import EventStore
from roomcast_backend.stores.memberships import MembershipStore
from roomcast_backend.stores.rooms import RoomStore
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
        invoke=lambda function, payload: clients.functions().invoke(
            FunctionName=function, InvocationType="Event", Payload=payload
        ),
        set_deadline=lambda payload, delay: clients.sqs().send_message(
            QueueUrl=chosen.deadline_queue_url, MessageBody=payload, DelaySeconds=delay
        ),
    )


@cache
def greeter() -> Greeter:
    """Return what opens connections after their handshake."""
    chosen = settings()
    return Greeter(
        connections=ConnectionStore(chosen),
        memberships=MembershipStore(chosen),
        gateway=ConnectionsApi(chosen),
    )


@cache
def door() -> Door:
    """Return what answers clients' frames."""
    chosen = settings()
    connections = ConnectionStore(chosen)
    return Door(
        connections=connections,
        commands=Commands(
            connections=connections,
            memberships=MembershipStore(chosen),
            principal_of=principal_of,
            most_rooms=chosen.max_rooms_per_connection,
        ),
        gateway=ConnectionsApi(chosen),
        pace=Pace(interval=1000 // chosen.commands_per_second, burst=chosen.command_burst),
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
