"""What one action costs: the metered calls times the prices."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from roomcast_backend.settings import Settings
from simulation.metered import MEMORY, Metered, recorded
from simulation.prices import PRICES

Heartbeat = Literal["noop", "ping"]

CALL_SECONDS = 0.006
"""How long a function waits for a call, those of a sequence one after the other: an assumption."""

INVOCATION_SECONDS = 0.003
"""What an invocation takes without its calls, with 512 MB: an assumption."""

LINES_BYTES = 450
"""Lambda's own lines START, END and REPORT of an invocation, and 26 bytes that CloudWatch adds to
each. They are written at every log level."""

TRACED = 0.05
"""X-Ray's share of requests. The first one of each second comes on top: see `fixed`."""

MESSAGE_REQUESTS = 3
"""Requests of SQS for one message: send, receive, delete."""

GB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings that the bill depends on, with their defaults."""

    heartbeat: Heartbeat = "noop"
    interval: int = 510
    timeout: int = Settings().heartbeat_timeout
    log_level: Literal["INFO", "WARNING"] = "INFO"
    traces: bool = True


DEFAULTS = Options()

Dollars = Mapping[str, float]
"""By what is paid for."""


def cost(action: Metered, options: Options = DEFAULTS) -> dict[str, float]:
    """Return the dollars of one action, by service."""
    waits = INVOCATION_SECONDS + action.depth * CALL_SECONDS
    gb_seconds = sum(count * waits * MEMORY[of] / 1024 for of, count in action.invocations.items())
    gb_seconds += action.waits * MEMORY["poll"] / 1024
    return {
        "messages": action.frames * PRICES["gateway_message"]
        + action.requests * PRICES["http_request"],
        "Lambda": action.invoked * PRICES["invocation"] + gb_seconds * PRICES["gb_second"],
        "DynamoDB": action.read_units * PRICES["read_unit"]
        + action.write_units * PRICES["write_unit"],
        "SQS, EventBridge": action.times("SendMessage") * MESSAGE_REQUESTS * PRICES["queue_request"]
        + action.times("PutEvents") * PRICES["bus_event"],
        "logs": logged(action, options),
        "traces": options.traces * action.invoked * TRACED * PRICES["trace"],
    }


def logged(action: Metered, options: Options) -> float:
    """Return the dollars of an action's logs; metrics are lines of the log, too."""
    own = action.logs if options.log_level == "INFO" else 0
    return (action.invoked * LINES_BYTES + own + action.metrics) / GB * PRICES["log_gb"]


def together(names: Iterable[str], options: Options = DEFAULTS) -> dict[str, float]:
    """Return the dollars of several recorded actions together."""
    return added(cost(recorded()[name], options) for name in names)


def added(parts: Iterable[Dollars]) -> dict[str, float]:
    """Add dollars up, service by service."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)
