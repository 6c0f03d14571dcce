"""What the service itself takes for one event, one message and one byte, for its statistics.

`roomcast_backend.statistics.costs` holds them, for functions do not carry this package; a test
says that they are the same.
"""

from dataclasses import replace

from roomcast_backend.statistics import costs
from simulation import costs_connections
from simulation.costs_actions import GB
from simulation.markdown import table
from simulation.prices import PRICES

OF_MESSAGES = ("messages", "transfer")


def event() -> float:
    """Return the dollars of a million events to a room of one, without their messages."""
    parts = costs_connections.event(replace(costs_connections.BUSY, room=1))
    return sum(dollars for name, dollars in parts.items() if name not in OF_MESSAGES) * 1e6


def message() -> float:
    """Return the dollars of a million messages of up to 32 KB."""
    return PRICES["gateway_message"] * 1e6


def gigabyte() -> float:
    """Return the dollars of a GB that leaves for the internet."""
    return PRICES["transfer_gb"]


def as_counted(_constants: object) -> str:
    """Write what the statistics count with."""
    rows = [
        ("a million events", f"${costs.MILLION_EVENTS:.2f}"),
        ("a million messages of up to 32 KB", f"${costs.MILLION_MESSAGES:.2f}"),
        (f"{GB:,} bytes to clients", f"${costs.GIGABYTE:.2f}"),
    ]
    return table(("what the statistics count", "dollars"), rows)
