"""What a delivery, and a connection, costs: prices.json, us-east-1, no free tier, no tax."""

import json
from math import ceil
from pathlib import Path

from benchmarks.traffic import PAYLOAD_BYTES
from infra.functions import FUNCTIONS
from roomcast_backend.model.connection import LONGEST_CONNECTION
from roomcast_backend.settings import Settings
from simulation import arithmetic, sizes
from simulation.runs import BROADCAST, Run

PRICES: dict[str, float] = {
    name: entry["per_million"] / 1e6
    for name, entry in json.loads(Path(__file__).with_name("prices.json").read_text()).items()
}
"""Dollars for one of each."""

EVENT_WRITES = 4
"""Write units of an event of up to 1 KB in one room: begun, logged, counted, completed."""

MESSAGE_WRITES = 2
"""Write units of a page, or of members tried again: noted when it is queued and when it is done."""

LOG_BYTES = 1100
"""Of one invocation: its line, its metrics (715 bytes measured), Lambda's own three lines."""

TRACED = 0.05

FRAME_BYTES = PAYLOAD_BYTES + 10
"""What leaves for the internet with each message, TCP and TLS not counted."""

MESSAGE = 32 * 1024
GB = 1024**3
HEARTBEAT = next(row for row in FUNCTIONS if row.name == "heartbeat")
BILLION = 1_000_000_000
MINUTES = 730 * 60
"""Of a month."""

RUN_SECONDS = 0.1
"""Of a run of the heartbeat besides its posts: the claim, a read, the save. An assumption."""


def per_million_deliveries(run: Run) -> dict[str, float]:
    """Return the dollars that a run cost, by service, for a million members reached."""
    record, events = run.record, run.events
    reached = sum(event.reached for event in events)
    gb_seconds = sum(record.durations) * BROADCAST.memory / 1024
    writes = len(events) * EVENT_WRITES + record.messages * MESSAGE_WRITES
    dollars = {
        "API Gateway messages": reached * ceil(FRAME_BYTES / MESSAGE) * PRICES["gateway_message"],
        "transfer": reached * FRAME_BYTES / GB * PRICES["transfer_gb"],
        "EventBridge": len(events) * PRICES["bus_event"],
        "Lambda": record.invocations * PRICES["invocation"] + gb_seconds * PRICES["gb_second"],
        "DynamoDB": run.read_units * PRICES["read_unit"] + writes * PRICES["write_unit"],
        "SQS": record.messages * 3 * PRICES["queue_request"],
        "logs, traces": record.invocations
        * (LOG_BYTES / GB * PRICES["log_gb"] + TRACED * PRICES["trace"]),
    }
    return {name: cost / reached * 1e6 for name, cost in dollars.items()}


CONNECTING_GB_SECONDS = 0.1
"""Of connect, open and disconnect together, 512 MB for 0.2 s: an assumption."""

CONNECTING_INVOCATIONS = 3


def per_month(connections: int, settings: Settings) -> dict[str, float]:
    """Return the dollars of a month for connections that are always there and hear nothing."""
    heartbeats = connections * MINUTES * 60 / arithmetic.slots(settings).interval
    connects = connections * MINUTES * 60 / LONGEST_CONNECTION
    run = arithmetic.sweep_seconds(connections, settings) + RUN_SECONDS
    gb_seconds = MINUTES * run * HEARTBEAT.memory / 1024
    read = heartbeats * sizes.MEMBER_BYTES / sizes.READ_UNIT
    sent = messages(heartbeats + connects) - messages(connects)
    return {
        "connection minutes": connections * MINUTES * PRICES["connection_minute"],
        "heartbeats": sent + gb_seconds * PRICES["gb_second"] + read * PRICES["read_unit"],
        "connecting again": connects * per_connect(),
    }


def per_connect() -> float:
    """Return the dollars of one connection's begin, with its greeting, and its end."""
    writes = arithmetic.CONNECT.all + arithmetic.DISCONNECT.all
    return (
        writes * PRICES["write_unit"]
        + CONNECTING_INVOCATIONS * PRICES["invocation"]
        + CONNECTING_GB_SECONDS * PRICES["gb_second"]
        + PRICES["gateway_message"]
    )


def messages(count: float) -> float:
    """Return the dollars for so many messages in one month."""
    beyond = max(0.0, count - BILLION)
    return (count - beyond) * PRICES["gateway_message"] + beyond * PRICES[
        "gateway_message_beyond_a_billion"
    ]
