"""The functions: what each is for and what its code may do. One row, one Lambda.

Grants are named after the resources of infra/stack.py and list the actions of the resource's
service, or for `clients` the methods of API Gateway's @connections. A function is also told the
name of what it is granted. What its triggers need is added by infra/triggers.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRow:
    """One function: `timeout` in seconds, `memory` in MB (1,769 are one processor).

    `recursive` is a function that sends messages which it receives itself.
    `needs` names a setting: while it is empty, the function is not made, nor what belongs to it.
    `grants` maps a resource to the actions on it. Joining and leaving are transactions, which need
    the actions that they consist of; deleting memberships is a batch, which needs its own.
    """

    name: str
    purpose: str
    timeout: int = 10
    memory: int = 512
    recursive: bool = False
    needs: str = ""
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# A function that another one invokes stands before it.
FUNCTIONS = (
    FunctionRow(
        name="open",
        purpose="Greets a connection once its handshake is done",
        timeout=45,  # waits up to 15 s for handshake and greeting; a table may take as long
        grants={
            "connections": ("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            "rooms": ("BatchWriteItem", "PutItem"),
            "events": ("BatchGetItem", "GetItem", "PutItem", "Query"),
            "data_bucket": ("GetObject", "PutObject"),  # who signs a link needs the right itself
            "polling": ("GetItem", "PutItem", "UpdateItem"),
            "clients": ("GET", "POST"),
        },
    ),
    FunctionRow(
        name="connect",
        purpose="Admits a client or refuses its handshake",
        grants={
            "connections": ("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            "polling": ("GetItem", "PutItem", "UpdateItem"),
            "clients": ("DELETE", "POST"),
            "counters": ("Query",),
            "open": ("InvokeFunction",),
            "deadline_queue": ("SendMessage",),
            "jwt_secret": ("GetSecretValue",),
        },
    ),
    FunctionRow(
        name="disconnect",
        purpose="Forgets a connection and its memberships",
        grants={
            "connections": ("DeleteItem", "PutItem", "UpdateItem"),
            "polling": ("PutItem", "UpdateItem"),
            "clients": ("DELETE", "POST"),
            "rooms": ("BatchWriteItem",),
        },
    ),
    FunctionRow(
        name="subscribe",
        purpose="Answers what clients say: commands, pings, tokens",
        timeout=20,  # a replay takes up to 10 s, and what is before and after it
        grants={
            "connections": ("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            "rooms": ("BatchWriteItem", "DeleteItem", "PutItem"),
            "events": ("BatchGetItem", "GetItem", "PutItem", "Query"),
            "counters": ("Query",),  # who is in a room
            "data_bucket": ("GetObject", "PutObject"),
            "open": ("InvokeFunction",),
            "polling": ("GetItem", "PutItem", "UpdateItem"),
            "clients": ("DELETE", "POST"),
            "jwt_secret": ("GetSecretValue",),
        },
    ),
    FunctionRow(
        name="poll",
        purpose="Serves Socket.IO's long polling",
        memory=256,  # most of the time it waits
        timeout=29,  # a request waits up to 20 s; API Gateway waits no longer than 30
        grants={
            "polling": (
                *("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
            ),
            "connections": ("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            "rooms": ("BatchWriteItem", "DeleteItem", "PutItem"),
            "events": ("BatchGetItem", "GetItem", "PutItem", "Query"),
            "counters": ("Query",),
            "data_bucket": ("GetObject", "PutObject"),
            "open": ("InvokeFunction",),
            "deadline_queue": ("SendMessage",),
            "clients": ("DELETE", "POST"),
            "jwt_secret": ("GetSecretValue",),
        },
    ),
    FunctionRow(
        name="deadline",
        purpose="Closes connections that sent no token in time",
        timeout=30,
        recursive=True,  # a client that stays with polling is looked at every minute
        grants={
            "connections": ("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            "rooms": ("BatchWriteItem",),
            "deadline_queue": ("SendMessage",),  # a client that was greeted late gets more time
            "polling": ("GetItem", "PutItem", "UpdateItem"),
            "clients": ("DELETE", "POST"),
        },
    ),
    FunctionRow(
        name="broadcast",
        purpose="Delivers an event to the members of its rooms",
        timeout=60,
        memory=1024,
        recursive=True,  # a page hands its rest to the next one, through the queue
        grants={
            "rooms": ("BatchGetItem", "BatchWriteItem", "Query"),
            "connections": ("DeleteItem", "PutItem", "UpdateItem"),
            "events": ("BatchGetItem", "PutItem", "Query", "UpdateItem"),
            "counters": ("UpdateItem",),
            "pages_queue": ("SendMessage",),
            "data_bucket": ("GetObject", "PutObject"),
            "polling": ("PutItem", "UpdateItem"),
            "clients": ("DELETE", "POST"),
        },
    ),
    FunctionRow(
        name="access",
        purpose="Closes a user's connections, or takes them out of a room, when it is ordered",
        timeout=120,  # it looks for 20 s, and 10,000 connections take up to a minute
        grants={
            "rooms": ("BatchGetItem", "BatchWriteItem", "DeleteItem", "PutItem", "Query"),
            "connections": ("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            "polling": ("PutItem", "UpdateItem"),
            "clients": ("DELETE", "POST"),
        },
    ),
    FunctionRow(
        name="webhooks",
        purpose="Turns GitHub's webhooks into events",
        timeout=29,  # the bus is tried for up to 6 s; API Gateway waits no longer than 30
        grants={
            "registry": ("BatchGetItem", "DeleteItem", "GetItem", "PutItem"),
            "events": ("UpdateItem",),
            "idempotency": ("DeleteItem", "GetItem", "PutItem", "UpdateItem"),
            "event_bus": ("PutEvents",),
            "github_secret": ("GetSecretValue",),
        },
    ),
    FunctionRow(
        name="heartbeat",
        purpose="Pings every connection and forgets those that are gone",
        memory=256,  # it waits for its pace; a core posts 40,000 a second
        timeout=75,  # it is called every minute, and stops by itself 7 s before this
        grants={
            "counters": ("UpdateItem",),
            "rooms": ("BatchWriteItem", "Query"),
            "connections": ("DeleteItem", "PutItem", "UpdateItem"),
            "polling": ("PutItem", "UpdateItem"),
            "clients": ("DELETE", "POST"),
        },
    ),
    FunctionRow(
        name="status",
        purpose="Tells the service's health and figures, the state of rooms, and why",
        grants={
            "events": ("BatchGetItem", "GetItem", "PutItem", "Query"),
            "data_bucket": ("GetObject", "PutObject"),
            "counters": ("Query", "UpdateItem"),
            "connections": ("GetItem",),
            "rooms": ("BatchGetItem", "Query"),
            "jwt_secret": ("GetSecretValue",),
        },
    ),
    FunctionRow(
        name="count",
        purpose="Counts connections and members as rows come and go, and limits those of a user",
        timeout=60,
        grants={
            "counters": ("UpdateItem",),
            "rooms": ("BatchWriteItem", "Query"),
            "connections": ("DeleteItem", "PutItem"),
            "polling": ("PutItem", "UpdateItem"),
            "clients": ("DELETE", "POST"),
        },
    ),
    FunctionRow(
        name="presence",
        purpose="Tells the members of rooms who comes and goes",
        timeout=60,
        recursive=True,  # it queues the check of who has left, which it makes itself
        needs="presence_rooms",
        grants={
            "rooms": ("BatchGetItem", "Query"),
            "counters": ("BatchGetItem", "BatchWriteItem", "Query", "UpdateItem"),
            "departures_queue": ("SendMessage",),
            "event_bus": ("PutEvents",),
        },
    ),
    FunctionRow(
        name="admin",
        purpose="Publishes, ends access, links and tries dead letters again, for admins",
        timeout=29,  # dead letters are tried again for 20 s; API Gateway waits no longer than 30
        needs="admin_api",
        grants={
            "connections": ("GetItem",),  # whether the admin's token was revoked
            "registry": ("DeleteItem", "GetItem", "PutItem", "Scan"),
            "event_bus": ("PutEvents",),
            "data_bucket": ("PutObject",),
            "dead_letters": (
                *("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes"),
                *("ListDeadLetterSourceQueues", "ReceiveMessage"),
            ),
            "work_queues": ("SendMessage",),
            "open": ("InvokeFunction",),
            "broadcast": ("InvokeFunction",),
            "access": ("InvokeFunction",),
            "jwt_secret": ("GetSecretValue",),
        },
    ),
    FunctionRow(
        name="reconcile",
        purpose="Corrects the counters by the rows that they count",
        timeout=300,  # a million connections in three rooms each are some 1,200 MB to read
        grants={
            "counters": ("Query", "UpdateItem"),
            "connections": ("Scan",),
            "rooms": ("Scan",),
        },
    ),
)


def needed(settings: Settings) -> list[FunctionRow]:
    """Return the rows of the functions that a deployment has."""
    return [row for row in FUNCTIONS if not row.needs or getattr(settings, row.needs)]


TIMEOUTS = {row.name: row.timeout for row in FUNCTIONS}
