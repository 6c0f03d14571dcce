"""A connection and a member of a room, as the service keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from roomcast_backend.model.access import Principal, automatic_rooms, listed_in
from roomcast_backend.model.type_filter import EVERYTHING, TypeFilter

LONGEST_CONNECTION = 2 * 60 * 60
"""Seconds after which API Gateway ends every connection.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

ROW_SECONDS = LONGEST_CONNECTION + 60 * 60
"""How long a row is kept: its TTL deletes it after the longest connection, whatever went wrong."""

RECOVERY_SECONDS = 3 * 60 * 60
"""How long after its loss a Socket.IO session can be recovered."""


JSON = "json"
SOCKET_IO = "socketio"
"""The protocols of connections. That of a session is the name of its codec, see `protocol`."""


def session_id(connection_id: str, namespace: str) -> str:
    """Return the id of a Socket.IO session: one connection has one for each of its namespaces."""
    return f"{connection_id}#{namespace}"


def is_session(connection_id: str) -> bool:
    """Tell whether an id is that of a session on a connection."""
    return "#" in connection_id


def address(connection_id: str) -> str:
    """Return the id under which API Gateway knows the connection of a session."""
    return connection_id.partition("#")[0]


class State(StrEnum):
    """How far a connection has come; each state is reached once, in this order."""

    PENDING = "pending"  # no token yet: no rooms, no events
    OPEN = "open"  # authenticated, its automatic rooms not joined yet
    READY = "ready"  # in its rooms; of Socket.IO's own row: it has had a session


@dataclass(frozen=True, slots=True)
class Connection:
    """One client's connection; `connected_at` is epoch seconds, `greeted_at` epoch milliseconds.

    `greeted_at` is 0 until the client has been greeted.

    `token_version` is the number of tokens that `authenticate` has given it: a change that was
    decided for an older one is not made. `rooms` holds stored names of rooms; a connection that
    left `global` stays in its roster, muted.

    With Socket.IO the connection itself is in no room: each of its `namespaces` has a session,
    which is stored as a connection of its own under `session_id`. `recovery_secret` is empty unless
    the client of that session asked for recovery, see `RecoverableSession`.

    `sid` is the id by which the client of a session knows it. `begun` is when its CONNECT was sent,
    epoch milliseconds: a session that follows it in the same namespace has the same id.
    `reconnected` is when another CONNECT was sent that the session has answered, 0 without one.
    `revision` counts all changes of memberships and tokens.
    `versions` says of each room, namespace and token that was changed of late when that was sent,
    see `roomcast_backend.model.order`; a room that was left has one as well. `refused_token` is why
    the token of a Socket.IO handshake is not valid. `upgrades` is the polling session, if its
    client began with one, and `expected_user` whose token it has sent by then, as far as it is
    known. A connection that is `closing` changes no more. `filters` say of each room, of which not
    all events are wanted, which are. One that `wants_state` is told with its greeting what is
    current in its automatic rooms.
    """

    id: str
    protocol: str
    state: State
    connected_at: int
    principal: Principal | None = None
    token_version: int = 0
    rooms: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    recovery_secret: str = ""
    greeted_at: int = 0
    sid: str = ""
    begun: int = 0
    reconnected: int = 0
    revision: int = 0
    versions: Mapping[str, int] = field(default_factory=dict)
    refused_token: str = ""
    upgrades: str = ""
    expected_user: str = ""
    closing: bool = False
    filters: Mapping[str, TypeFilter] = field(default_factory=dict)
    wants_state: bool = False


def kept_until(connection: Connection) -> int:
    """Return when the row of a connection expires, whatever went wrong, in epoch seconds.

    A session that can be recovered is kept for as long as that may be after the longest connection.
    """
    longest = LONGEST_CONNECTION + RECOVERY_SECONDS if connection.recovery_secret else ROW_SECONDS
    return connection.connected_at + longest


def held_rooms(connection: Connection) -> frozenset[str]:
    """Return the rooms that a connection may have a membership in: muted ones too."""
    if connection.principal is None:
        return connection.rooms
    principal = connection.principal
    muted = automatic_rooms(principal) + listed_in(principal)
    return connection.rooms | {str(room) for room in muted}


class Member(NamedTuple):
    """A connection in a room with all that fan-out needs of it; times in epoch seconds.

    It is a tuple because an event makes thousands of them; a frozen dataclass takes thrice as long.
    """

    connection_id: str
    protocol: str
    expires_at: int
    joined_at: int
    muted: bool = False
    types: TypeFilter = EVERYTHING
