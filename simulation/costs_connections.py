"""What connections cost in a month: their minutes, heartbeats, coming back, and what they are sent.

A month has 30 days, as in AWS's own examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from infra.functions import FUNCTIONS
from roomcast_backend.fanout.heartbeat import LOWEST_RATES, spare_seconds
from roomcast_backend.fanout.slots import SPREAD, Slots
from roomcast_backend.model.connection import LONGEST_CONNECTION
from roomcast_backend.settings import Settings
from simulation import arithmetic, sizes
from simulation.costs_actions import (
    DEFAULTS,
    GB,
    LINES_BYTES,
    TRACED,
    Options,
    added,
    cost,
    together,
)
from simulation.metered import Metered, recorded
from simulation.prices import PRICES, tiered

MINUTES = 30 * 24 * 60
SECONDS = MINUTES * 60

JSON = ("connect, JSON with a token", "greeting, JSON", "subscribe, JSON", "disconnect, JSON")
SOCKET_IO = (
    "connect, Socket.IO",
    "greeting, Socket.IO",
    "authenticate, Socket.IO",
    "deadline of a connection without a token",
    "subscribe, Socket.IO",
    "disconnect, Socket.IO",
)
"""One connection from its begin to its end, in one room besides `global` and its user's own."""

COUNTS = 4
"""Invocations of `count` for a connection, at most: rows of two tables come and go."""

COUNTS_PER_SECOND = 2
"""At most: each table's changes are gathered for a second."""

COUNT = Metered(
    calls={},
    sequence=None,
    depth=1,
    invocations={"count": 1},
    frames_in=0,
    frames_out=0,
    bytes=0,
    read_units=0,
    write_units=0,
    logs=300,
    metrics=0,
)
"""An invocation of `count` without its writes, which `arithmetic` counts."""

USERS_ROOM_READ = 1
"""Read units of a look at the user's connections, of which `connections_per_user` takes one."""

RUN_SECONDS = 0.1
"""Of a run of the heartbeat besides its posts: the claim, a read, the save. An assumption."""

HEARTBEAT = next(row for row in FUNCTIONS if row.name == "heartbeat")
FUNCTIONS_BUSY = 4
"""Functions that are invoked in nearly every second of a busy service; X-Ray takes one of each."""

METRICS = 17
ALARMS = 95
"""Metrics that alarms read, which is what is billed; a test counts them."""

SECRETS = 2
POLLING = 0.26
"""Dollars a month for the requests of an idle queue with its pollers."""

QUEUES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What connections are sent: `events` a day to each of them, in rooms of `room` members."""

    events: float = 0
    room: int = 100
    bytes: int = 569


IDLE = Traffic()
BUSY = Traffic(events=100)


def month(
    connections: int, options: Options = DEFAULTS, traffic: Traffic = IDLE, *, json: bool = False
) -> dict[str, float]:
    """Return the dollars of a month for connections that are always there, by what they pay for."""
    return {
        "connection minutes": connections * MINUTES * PRICES["connection_minute"],
        "heartbeats": heartbeats(connections, options),
        "connecting again": connecting(connections, options, json=json),
        "events": events(connections, traffic, options),
        "fixed": fixed(options),
    }


def heartbeats(connections: int, options: Options = DEFAULTS) -> float:
    """Return the dollars of a month's heartbeats, and with `ping` of their pongs."""
    swept = connections * SECONDS / served_every(options.interval)
    count = swept * needed(options)
    gb_seconds = count / heartbeat_rate(connections, options) * HEARTBEAT.memory / 1024
    read = swept * sizes.MEMBER_BYTES / sizes.READ_UNIT
    dollars = tiered("gateway_message", count)
    dollars += gb_seconds * PRICES["gb_second"] + read * PRICES["read_unit"]
    if options.heartbeat == "ping":
        dollars += count * sum(pong(options).values())
    return dollars


def served_every(interval: int) -> int:
    """Return the seconds between two heartbeats: from a minute on, whole minutes of the setting."""
    return Slots.of(interval, Settings().global_shards).interval


def needed(options: Options = DEFAULTS) -> float:
    """Return the part of the heartbeats that is sent: its last one may be spared."""
    spare = spare_seconds(options.heartbeat, served_every(options.interval))
    return 1 - spare / LONGEST_CONNECTION


def heartbeat_rate(connections: int, options: Options = DEFAULTS) -> float:
    """Return the posts per second of a sweep: evenly over most of a minute, or faster."""
    lowest = LOWEST_RATES[options.heartbeat]
    return max(lowest, connections / served_every(options.interval) / SPREAD)


def pong(options: Options = DEFAULTS) -> dict[str, float]:
    """Return the dollars of one pong: no call of AWS, but an invocation and two messages."""
    return cost(recorded()["pong"], options)


def connection(options: Options = DEFAULTS, *, json: bool = False) -> dict[str, float]:
    """Return the dollars of one connection's begin and end, by service."""
    units = arithmetic.CONNECT.counters + arithmetic.DISCONNECT.counters
    limited = USERS_ROOM_READ * PRICES["read_unit"]
    counted = {"DynamoDB": units * PRICES["write_unit"] + limited}
    return added([together(JSON if json else SOCKET_IO, options), counted])


def connecting(connections: int, options: Options = DEFAULTS, *, json: bool = False) -> float:
    """Return the dollars of a month's connecting again: the longest connection is two hours."""
    count = connections * SECONDS / LONGEST_CONNECTION
    counts = min(COUNTS * count, COUNTS_PER_SECOND * SECONDS)
    once = sum(connection(options, json=json).values())
    return count * once + counts * sum(cost(COUNT, options).values())


def event(traffic: Traffic, options: Options = DEFAULTS) -> dict[str, float]:
    """Return the dollars of one event to a room, by service, its messages at the first price."""
    one = recorded()["event to 1"]
    action = replace(
        one,
        frames_out=traffic.room,
        bytes=traffic.room * traffic.bytes,
        read_units=sizes.members_read_units(traffic.room),
    )
    found = cost(action, options)
    found["SQS, EventBridge"] += PRICES["bus_event"]
    return found | {"transfer": action.bytes / GB * PRICES["transfer_gb"]}


WORKFLOWS = 20
VIEWERS = 50
"""The example of `at_most`: workflows that run at a time, and pages that watch them."""


def progress_hour(rate: float, options: Options = DEFAULTS) -> float:
    """Return the dollars of an hour in which each workflow sends `rate` events a second."""
    one = event(replace(BUSY, room=VIEWERS), options)
    return WORKFLOWS * rate * 3600 * sum(one.values())


def events(connections: int, traffic: Traffic, options: Options = DEFAULTS) -> float:
    """Return the dollars of a month's events."""
    delivered = connections * traffic.events * 30
    if not delivered:
        return 0.0
    parts = event(traffic, options)
    others = sum(parts.values()) - parts["messages"]
    return tiered("gateway_message", delivered) + delivered / traffic.room * others


def fixed(options: Options = DEFAULTS) -> float:
    """Return the dollars of a month without a single connection, roughly."""
    runs = MINUTES * (PRICES["invocation"] + LINES_BYTES / GB * PRICES["log_gb"])
    runs += MINUTES * RUN_SECONDS * HEARTBEAT.memory / 1024 * PRICES["gb_second"]
    traces = options.traces * MINUTES * TRACED * PRICES["trace"]
    kept = METRICS * PRICES["metric"] + ALARMS * PRICES["alarm"] + SECRETS * PRICES["secret"]
    return runs + traces + kept + QUEUES * POLLING


def most_first_traces() -> float:
    """Return the dollars of a month in which X-Ray takes one request of each second."""
    return FUNCTIONS_BUSY * SECONDS * PRICES["trace"]


def aws_minutes(connections: int) -> float:
    """Return AWS's own price of the connected minutes, the yardstick of `ratio`."""
    return connections * MINUTES * PRICES["connection_minute"]


def ratio(connections: int, options: Options = DEFAULTS, *, again: bool = False) -> float:
    """Return by how much an idle connection costs more than AWS's price of its minutes alone."""
    dollars = aws_minutes(connections) + heartbeats(connections, options)
    if again:
        dollars += connecting(connections, options)
    return dollars / aws_minutes(connections)


# What others charge for the same: docs/cost.md says what each of them leaves out.

DAYS = 30
LONGEST_ELSEWHERE = 24 * 60 * 60
"""Seconds after which AppSync Events and IoT Core end a WebSocket."""

ROOMS_OF_A_CLIENT = 3
"""What a connection subscribes to: `global`, its user's own room, a project."""

ABLY_PACKAGES: Mapping[int, str] = {10_000: "ably_standard", 50_000: "ably_pro"}

INSTANCE_CONNECTIONS = 10_000
"""`MAX_CONNECTIONS` of an instance of the old server."""

UNIT_CONNECTIONS = 3_000
HOURS = 30 * 24


def transfer(connections: int, traffic: Traffic) -> float:
    """Return the dollars of what leaves for the internet, the same wherever it comes from."""
    return connections * traffic.events * DAYS * traffic.bytes / GB * PRICES["transfer_gb"]


def published(connections: int, traffic: Traffic) -> float:
    """Return how many events a month are published."""
    return connections * traffic.events * DAYS / traffic.room


def _messages(connections: int, traffic: Traffic) -> float:
    """Return a month's messages where connecting and subscribing are messages, too."""
    beginnings = connections * SECONDS / LONGEST_ELSEWHERE * (1 + ROOMS_OF_A_CLIENT)
    return beginnings + published(connections, traffic) + connections * traffic.events * DAYS


def appsync(connections: int, traffic: Traffic) -> float:
    """Return the dollars of AppSync Events."""
    operations = _messages(connections, traffic) * PRICES["appsync_operation"]
    minutes = connections * MINUTES * PRICES["appsync_minute"]
    return operations + minutes + transfer(connections, traffic)


def iot_core(connections: int, traffic: Traffic) -> float:
    """Return the dollars of IoT Core."""
    messages = tiered("iot_message", _messages(connections, traffic))
    minutes = connections * MINUTES * PRICES["iot_minute"]
    return messages + minutes + transfer(connections, traffic)


def ably(connections: int, traffic: Traffic) -> float:
    """Return the dollars of Ably's list prices; beyond 50,000 connections it makes an offer."""
    package = next(
        (name for most, name in ABLY_PACKAGES.items() if connections <= most), "ably_pro"
    )
    channels = 1 + ceil(connections / traffic.room)
    sent = published(connections, traffic) + connections * traffic.events * DAYS
    return (
        PRICES[package]
        + connections * MINUTES * PRICES["ably_minute"]
        + channels * MINUTES * PRICES["ably_channel_minute"]
        + sent * PRICES["ably_message"]
    )


def instances(connections: int) -> int:
    """Return how many instances of the old server so many connections need, two at least."""
    return max(2, ceil(connections / INSTANCE_CONNECTIONS))


def old_server(connections: int, traffic: Traffic) -> float:
    """Return the dollars of the old server: instances, a load balancer, a small Redis."""
    gb_per_hour = connections * traffic.events * traffic.bytes / GB / 24
    units = max(connections / UNIT_CONNECTIONS, gb_per_hour)
    hourly = (
        instances(connections) * PRICES["instance_hour"]
        + PRICES["balancer_hour"]
        + units * PRICES["balancer_unit_hour"]
        + PRICES["cache_hour"]
    )
    return hourly * HOURS + transfer(connections, traffic)
