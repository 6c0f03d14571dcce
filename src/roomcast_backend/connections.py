"""A connection and a member of a room, as the service keeps them."""

from dataclasses import dataclass
from enum import StrEnum

from roomcast_backend.access import Principal

LONGEST_CONNECTION = 2 * 60 * 60
"""Seconds after which API Gateway ends every connection.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

ROW_SECONDS = LONGEST_CONNECTION + 60 * 60
"""Rows outlive the longest connection and are then deleted by their TTL, whatever went wrong."""


class State(StrEnum):
    """How far a connection has come; each state is reached once, from left to right."""

    PENDING = "pending"  # no token yet: no rooms, no events
    OPEN = "open"  # authenticated, its automatic rooms not joined yet
    READY = "ready"  # in its rooms


@dataclass(frozen=True, slots=True)
class Connection:
    """One client's connection. `session` counts its tokens, `connected_at` is epoch seconds.

    `rooms` holds room names; a connection that left `global` stays in its roster, muted.
    """

    id: str
    protocol: str
    state: State
    connected_at: int
    principal: Principal | None = None
    session: int = 0
    rooms: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    """A connection in a room with all that fan-out needs of it; times in epoch seconds."""

    connection_id: str
    protocol: str
    expires_at: int
    joined_at: int
    muted: bool = False
