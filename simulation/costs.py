"""What a delivery costs, from simulated runs. What connections cost: costs_connections.py."""

from math import ceil

from benchmarks.traffic import PAYLOAD_BYTES
from simulation.costs_actions import LINES_BYTES, TRACED
from simulation.metered import recorded
from simulation.prices import PRICES
from simulation.runs import BROADCAST, Run

MESSAGE_WRITES = 2
"""Write units of a page, or of members tried again: noted when it is queued and when it is done."""

FRAME_BYTES = PAYLOAD_BYTES + 10
"""What leaves for the internet with each message, TCP and TLS not counted."""

MESSAGE = 32 * 1024
GB = 1024**3


def per_million_deliveries(run: Run) -> dict[str, float]:
    """Return the dollars that a run cost, by service, for a million members reached."""
    record, events = run.record, run.events
    reached = sum(event.reached for event in events)
    gb_seconds = sum(record.durations) * BROADCAST.memory / 1024
    event = recorded()["event to 1"]
    logged = LINES_BYTES + event.logs + event.metrics
    writes = len(events) * event.write_units + record.messages * MESSAGE_WRITES
    dollars = {
        "API Gateway messages": reached * ceil(FRAME_BYTES / MESSAGE) * PRICES["gateway_message"],
        "transfer": reached * FRAME_BYTES / GB * PRICES["transfer_gb"],
        "EventBridge": len(events) * PRICES["bus_event"],
        "Lambda": record.invocations * PRICES["invocation"] + gb_seconds * PRICES["gb_second"],
        "DynamoDB": run.read_units * PRICES["read_unit"] + writes * PRICES["write_unit"],
        "SQS": record.messages * 3 * PRICES["queue_request"],
        "logs, traces": record.invocations
        * (logged / GB * PRICES["log_gb"] + TRACED * PRICES["trace"]),
    }
    return {name: cost / reached * 1e6 for name, cost in dollars.items()}
