"""What can be calculated: writes of joining and leaving, heartbeats, events of two rooms."""

from dataclasses import dataclass
from math import ceil

from infra.functions import FUNCTIONS
from roomcast_backend.gateway.connections_api import LARGEST_BURST, posts_per_container
from roomcast_backend.runtime.time_budget import RESERVE
from roomcast_backend.settings import Settings
from simulation import sizes

ROW = sizes.write_units(sizes.CONNECTION_BYTES)
MEMBERSHIP = sizes.write_units(sizes.MEMBER_BYTES)

SWEEP_SECONDS = next(row.timeout for row in FUNCTIONS if row.name == "heartbeat") - RESERVE


@dataclass(frozen=True, slots=True)
class Writes:
    """Write units by table; `joined` of the rooms' are in the partition of one room's shard."""

    connections: float
    rooms: float
    counters: float
    joined: float = sizes.TRANSACTION * MEMBERSHIP

    @property
    def all(self) -> float:
        """Units of all tables."""
        return self.connections + self.rooms + self.counters


CONNECT = Writes(
    connections=ROW + sizes.TRANSACTION * ROW,  # stored, then ready
    rooms=2 * sizes.TRANSACTION * MEMBERSHIP,  # global, and the user's own
    counters=sizes.TRANSACTION,  # of the user's own room; those of all rooms are added up
)
SUBSCRIBE = Writes(
    connections=ROW + sizes.TRANSACTION * ROW,  # the frame is let through, the room noted
    rooms=sizes.TRANSACTION * MEMBERSHIP,
    counters=0.0,  # the room's counter is added to once for a batch
)
DISCONNECT = Writes(connections=ROW, rooms=2 * MEMBERSHIP, counters=sizes.TRANSACTION)


def most_swept(settings: Settings) -> int:
    """Return how many connections one sweep reaches."""
    return LARGEST_BURST + int(SWEEP_SECONDS * posts_per_container(settings))


def overlap_units(first_room: int, second_room: int, *, shards: int, chunk: int) -> float:
    """Return the read units of the first room's partition, for each member of the second room.

    A chunk of one of the second room's shards spans so many times its own share of all ids; those
    of the first room's members that lie within are read. All of the first are in the second one.
    """
    within = chunk * shards * first_room / second_room
    return sizes.members_read_units(ceil(within)) / chunk
