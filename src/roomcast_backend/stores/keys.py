"""Every key of every table is built here.

connections   connection_id = "<connection>", of a session "<connection>#<namespace>"
              connection_id = "#recovery:<secret>"   what is kept of a session
              connection_id = "#revoked:<account>"   which tokens of a user are refused
              connection_id = "polling:<hash>"   of a client without a WebSocket, see below
rooms         room = "<name>#<shard>", connection_id, everywhere with "<tenant>!<name>" of a tenant
events        room = "#log<name>", event_id = "<position>"   the log of a room
              room = "#log<name>", event_id = "head"   its newest position, and what is under way
              room = "#state<name>", event_id = "<entity>"   what is known of an entity in a room
              room = "#delivery<id>", event_id   whether an event's fan-out is complete
              room = "#github<object>", event_id = "newest"   what was published of GitHub's object
              room = "<name>", event_id   the log of a version without positions
polling       connection_id = "polling:<hash>", part = "#session" or "packet#<number>"
counters      counter = "<name>#<shard>", part
              counter = "#present<room>", part = "<user>"   whether a user is there
              counter = "#whose<room>", part = "<connection>"   the user of a membership
              counter = "heartbeat#0", part = "swept until"   how far the heartbeats have come
"""

import hashlib
import zlib

from roomcast.rooms import GLOBAL, Room
from roomcast.tenants import public_name
from roomcast_backend.model.connection import address

COUNTER_SHARDS = 8
"""Counters are added to in parallel; a partition takes 1,000 writes a second."""

FAN_OUT = "#delivery"
"""Not a room's name: `#` stands in none."""

LOG = "#log"

LOG_HEAD = "head"
"""Sorts after every position."""

STATE = "#state"
"""Not a room's name either."""

LONGEST_ENTITY = 512
"""Bytes of an entity's name in a key; a longer one is hashed."""

LONGEST_ID = 64
"""Characters of an event's id in a key; a longer id is hashed, for DynamoDB limits keys.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""
GITHUB = "#github"
"""Not a room's name either."""

SWEPT_UNTIL = {"counter": "heartbeat#0", "part": "swept until"}
"""The key of the row that says how far the heartbeats have come."""

RECOVERY = "#recovery:"
"""Not the beginning of a connection's id; with its `#` such a row is not counted as one."""

REVOKED = "#revoked:"
"""Likewise."""


def revoked(account: str) -> str:
    """Return the key of the row that says which tokens of a user are refused."""
    return REVOKED + account


PRESENT = "#present"
"""Not the name of a counter, which has no `#` before its shard."""

WHOSE = "#whose"


def present(room: str) -> str:
    """Return the partition key of the users who are in a room."""
    return PRESENT + room


def whose(room: str) -> str:
    """Return the partition key of the users of a room's memberships."""
    return WHOSE + room


def github_object(name: str) -> dict[str, str]:
    """Return the key of the row that says what was published of an object of GitHub."""
    return {"room": f"{GITHUB}{name}", "event_id": "newest"}


def recovery(secret: str) -> str:
    """Return the key under which a session is kept for whoever has its secret."""
    return RECOVERY + secret


def secret_of(recovery_key: str) -> str:
    """Return the secret that a key of `recovery` was made with."""
    return recovery_key.removeprefix(RECOVERY)


def log(room: str) -> str:
    """Return the partition key of a room's log."""
    return LOG + room


def position(number: int) -> str:
    """Return the sort key of a position: it sorts as its number does."""
    return f"{number:016d}"


def state(room: str) -> str:
    """Return the partition key of the states of a room's entities."""
    return STATE + room


def entity(name: str) -> str:
    """Return an entity's name as keys hold it."""
    encoded = name.encode(errors="surrogatepass")
    if len(encoded) <= LONGEST_ENTITY:
        return name
    return "sha256:" + hashlib.sha256(encoded).hexdigest()


def short(event_id: str) -> str:
    """Return an event's id as keys hold it, whatever its publisher has chosen."""
    if len(event_id) <= LONGEST_ID and event_id.isprintable():
        return event_id
    return "sha256:" + hashlib.sha256(event_id.encode(errors="surrogatepass")).hexdigest()


def shards_of(room: str, global_shards: int) -> range:
    """Return the shards of a room: `global` is split, for it holds every connection.

    That of a tenant is split as well: one tenant may have most of the connections.
    """
    return range(global_shards if public_name(room) == GLOBAL.name else 1)


def shard_of(room: str, connection_id: str, global_shards: int) -> int:
    """Return the shard of a room that a connection's membership is in.

    The sessions of one connection are beside each other.
    """
    return _spread(address(connection_id), len(shards_of(room, global_shards)))


def partition(room: str, shard: int) -> str:
    """Return the partition key of one shard of a room."""
    return f"{room}#{shard:03d}"


def room_of(partition_key: str) -> Room:
    """Return the room that a partition key belongs to."""
    return Room.stored(partition_key.rpartition("#")[0])


def counter(name: str, shard: int) -> str:
    """Return the partition key of one shard of a counter."""
    return f"{name}#{shard}"


def counter_shard(spread_by: str) -> int:
    """Return the shard of a counter that `spread_by` is added to."""
    return _spread(spread_by, COUNTER_SHARDS)


def _spread(text: str, shards: int) -> int:
    return zlib.crc32(text.encode()) % shards
