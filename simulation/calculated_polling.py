"""The tables of docs/cost.md about long-polling."""

from roomcast_backend.settings import Settings
from simulation import costs_polling as costs
from simulation.costs_actions import cost, together
from simulation.markdown import Row, dollars, shown, table
from simulation.metered import counted, polling

MILLION = 1_000_000


def connects(_constants: object) -> str:
    """Write what it takes until a Socket.IO client is greeted, by each way."""
    rows: list[Row] = []
    for words, names in costs.WAYS.items():
        found, paid = costs.way(names), sum(together(names).values())
        rows.append(
            (
                words,
                found.requests,
                found.frames,
                found.invoked,
                found.calls,
                f"{found.waits:.1f} s" if found.waits else "–",
                dollars(paid * MILLION),
                f"{paid * 100:.4f}",
            )
        )
    head = ("until it is greeted", "requests of the HTTP API", "messages", "invocations",
            "calls of AWS", "waits", "a million times", "cents each")  # fmt: skip
    return table(head, rows)


def steps(_constants: object) -> str:
    """Write what each request and frame calls."""
    rows = [
        (
            name,
            counted(found.calls) or "none",
            "–" if found.sequence is None else str(found.sequence),
            counted(found.invocations),
            f"{found.waits:.1f} s" if found.waits else "–",
            shown(found.read_units),
            shown(found.write_units),
            dollars(sum(cost(found).values()) * MILLION),
        )
        for name, found in polling().items()
    ]
    head = ("what", "calls of AWS", "in sequence", "functions", "waits", "read units",
            "write units", "a million times")  # fmt: skip
    return table(head, rows)


def months(_constants: object) -> str:
    """Write what clients cost in a month that stay with polling."""
    most = Settings().max_polling_connections
    rows: list[Row] = []
    for clients in (1, 10, most):
        found = costs.staying(clients)
        cells = (
            found["Lambda"],
            found["DynamoDB"],
            found["messages"],
            found["logs"] + found["traces"],
            found["connecting again"],
            sum(found.values()),
            clients * costs.on_a_websocket(),
        )
        rows.append((clients, *map(dollars, cells)))
    head = ("clients on polling", "Lambda", "DynamoDB", "requests", "logs, traces",
            "connecting again", "sum", "as many on WebSockets")  # fmt: skip
    return table(head, rows)
