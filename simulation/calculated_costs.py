"""The tables of docs/cost.md that are calculated."""

from collections.abc import Callable
from dataclasses import replace

from simulation import costs_connections as costs
from simulation.costs_actions import DEFAULTS, Dollars, Options, cost
from simulation.costs_connections import BUSY, IDLE, Traffic
from simulation.markdown import Row, dollars, table
from simulation.metered import counted, recorded, strangers

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MILLION = 1_000_000

QUIET = Options(log_level="WARNING", traces=False)
PINGS = Options(heartbeat="ping")

ALTERNATIVES: dict[str, Callable[[int, Traffic], float]] = {
    "Roomcast, Socket.IO": lambda count, traffic: sum(costs.month(count, traffic=traffic).values()),
    "Roomcast, JSON": lambda count, traffic: sum(
        costs.month(count, traffic=traffic, json=True).values()
    ),
    "AWS AppSync Events": costs.appsync,
    "AWS IoT Core": costs.iot_core,
    "Ably, per minute": costs.ably,
    "old server": costs.old_server,
}


def per_action(_constants: object) -> str:
    """Write what a million of each action cost."""
    named: dict[str, Dollars] = {
        "a connection from begin to end, Socket.IO": costs.connection(),
        "a connection from begin to end, JSON": costs.connection(json=True),
        "a `subscribe`, Socket.IO": cost(recorded()["subscribe, Socket.IO"]),
        "a `subscribe`, JSON": cost(recorded()["subscribe, JSON"]),
        "the same with the state of 10 entities": cost(
            recorded()["subscribe with the state of 10, JSON"]
        ),
        "the same with the state as events": cost(
            recorded()["subscribe with the state of 10 as events, JSON"]
        ),
        "a `ping` command, JSON": cost(recorded()["ping, JSON"]),
        "a pong": costs.pong(),
        "a webhook": cost(recorded()["webhook"]),
        "an event to 1": costs.event(replace(BUSY, room=1)),
        "an event to 10": costs.event(replace(BUSY, room=10)),
        "an event to 1,000": costs.event(replace(BUSY, room=1_000)),
    }
    services = ("messages", "transfer", "Lambda", "DynamoDB", "SQS, EventBridge", "logs", "traces")
    rows = [
        (
            name,
            *(dollars(found.get(service, 0.0) * MILLION) for service in services),
            dollars(sum(found.values()) * MILLION),
        )
        for name, found in named.items()
    ]
    return table(("a million times", *services, "sum"), rows)


def without_token(_constants: object) -> str:
    """Write what those call and cost who have no valid token."""
    rows = [
        (
            name,
            counted(found.calls) or "none",
            counted(found.invocations),
            f"{found.frames_in} + {found.frames_out:,}",
            dollars(sum(cost(found).values()) * MILLION),
        )
        for name, found in strangers().items()
    ]
    head = ("what", "calls of AWS", "functions", "messages in + out", "a million times")
    return table(head, rows)


def keep_alive(_constants: object) -> str:
    """Write what each way of keeping connections alive costs, and who notices a dead line when."""
    rows = [
        _kept(
            "noop",
            DEFAULTS.interval,
            "not by itself: its next send, the browser's offline event, at most 2 h",
        )
    ]
    rows += [
        _kept("ping", interval, f"{interval} s + {timeout} s", timeout)
        for interval, timeout in ((510, 240), (120, 60), (30, 60))
    ]
    head = ("`socketio_heartbeat`", "`heartbeat_interval`", "`heartbeat_timeout`",
            "a client notices a dead line after", "heartbeats", "with the minutes",
            "of AWS's price of the minutes")  # fmt: skip
    return table(head, rows)


def _kept(heartbeat: str, interval: int, notices: str, timeout: int | None = None) -> Row:
    kind = PINGS if heartbeat == "ping" else DEFAULTS
    options = replace(kind, interval=interval)
    paid = costs.heartbeats(1_000, options)
    return (
        f"`{heartbeat}`",
        interval,
        "–" if timeout is None else str(timeout),
        notices,
        dollars(paid),
        dollars(paid + costs.aws_minutes(1_000)),
        f"{costs.ratio(1_000, options):.2f} ×",
    )


def months(_constants: object) -> str:
    """Write what idle connections cost in a month."""
    rows: list[Row] = []
    for words, options, json in (
        ("Socket.IO, defaults", DEFAULTS, False),
        ("JSON, defaults", DEFAULTS, True),
        ("Socket.IO, `ping`", PINGS, False),
        ("Socket.IO, WARNING, no traces", QUIET, False),
    ):
        for count in SIZES:
            found = costs.month(count, options, json=json)
            del found["events"]
            rows.append((words, count, *map(dollars, found.values()), dollars(sum(found.values()))))
    head = ("clients", "connections", "connection minutes", "heartbeats", "connecting again",
            "fixed", "sum")  # fmt: skip
    return table(head, rows)


def at_most(_constants: object) -> str:
    """Write what an hour of progress costs, by how often each workflow's is sent."""
    rows = [
        (
            words,
            int(costs.WORKFLOWS * rate * 3600 * costs.VIEWERS),
            dollars(costs.progress_hour(rate)),
        )
        for words, rate in (
            ("5 times a second, as they report", 5.0),
            ('`at_most={"workflow.progress": 1.0}`', 1.0),
            ('`at_most={"workflow.progress": 5.0}`', 0.2),
        )
    ]
    return table(("each workflow's progress is sent", "messages", "an hour"), rows)


def savings(_constants: object) -> str:
    """Write what settings save, of a month of idle Socket.IO clients."""
    usual = _sum()
    quiet, untraced = Options(log_level="WARNING"), Options(traces=False)
    first = costs.most_first_traces()
    rows: list[Row] = [
        ("`socketio_heartbeat`", "`ping`", "`noop` (default)", dollars(_sum(PINGS) - usual)),
        ("`heartbeat_interval`", "`300`", "`510` (default)",
         dollars(_sum(Options(interval=300)) - usual)),
        ("protocol", "Socket.IO", "JSON, its token in the URL", dollars(usual - _sum(json=True))),
        ("`log_level`", "`INFO` (default)", "`WARNING`: Lambda's own lines and metrics stay",
         dollars(usual - _sum(quiet))),
        ("X-Ray", "on", f"off: up to {dollars(first)} more, of each second's first requests",
         dollars(usual - _sum(untraced))),
    ]  # fmt: skip
    return table(("what", "from", "to", "saves"), rows)


def _sum(options: Options = DEFAULTS, *, json: bool = False) -> float:
    return sum(costs.month(1_000, options, json=json).values())


def alternatives_idle(_constants: object) -> str:
    """Write what others charge for connections that hear nothing."""
    return _alternatives(IDLE)


def alternatives_busy(_constants: object) -> str:
    """Write what others charge for connections that get a hundred events a day."""
    return _alternatives(BUSY)


def _alternatives(traffic: Traffic) -> str:
    rows = [
        (name, *(dollars(of(count, traffic)) for count in SIZES))
        for name, of in ALTERNATIVES.items()
    ]
    return table(("a month", *(f"{count:,}" for count in SIZES)), rows)
