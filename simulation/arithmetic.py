"""What can be calculated: writes of joining and leaving, heartbeats, events of two rooms."""

from dataclasses import dataclass
from math import ceil

from roomcast_backend.fanout.heartbeat import LOWEST_RATES
from roomcast_backend.fanout.slots import SPREAD, Slots
from roomcast_backend.gateway.connections_api import posts_per_container
from roomcast_backend.settings import Settings
from simulation import sizes

ROW = sizes.write_units(sizes.CONNECTION_BYTES)
MEMBERSHIP = sizes.write_units(sizes.MEMBER_BYTES)


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
    connections=3 * ROW + sizes.TRANSACTION * ROW,  # stored, claimed, ready, greeted
    rooms=2 * sizes.TRANSACTION * MEMBERSHIP,  # global, and the user's own
    counters=sizes.TRANSACTION,  # of the user's own room; those of all rooms are added up
)
SUBSCRIBE = Writes(
    connections=ROW + sizes.TRANSACTION * ROW,  # the frame is let through, the room noted
    rooms=sizes.TRANSACTION * MEMBERSHIP,
    counters=0.0,  # the room's counter is added to once for a batch
)
DISCONNECT = Writes(connections=ROW, rooms=2 * MEMBERSHIP, counters=sizes.TRANSACTION)


def slots(settings: Settings) -> Slots:
    """Return the steps of one heartbeat interval."""
    return Slots.of(settings.heartbeat_interval, settings.global_shards)


def most_swept(settings: Settings) -> int:
    """Return how many connections get a heartbeat in one interval, at most."""
    return int(slots(settings).interval * posts_per_container(settings))


def sweep_rate(connections: int, settings: Settings) -> float:
    """Return the heartbeats per second of a run, for so many connections in all."""
    steps = slots(settings)
    spread = connections / steps.count / (steps.seconds * SPREAD)
    return min(
        posts_per_container(settings), max(LOWEST_RATES[settings.socketio_heartbeat], spread)
    )


def sweep_seconds(connections: int, settings: Settings) -> float:
    """Return how long a run takes; what there is no time for is for the next one."""
    steps = slots(settings)
    needed = connections / steps.count / sweep_rate(connections, settings)
    return min(needed, float(steps.seconds))


def overlap_units(first_room: int, second_room: int, *, shards: int, chunk: int) -> float:
    """Return the read units of the first room's partition, for each member of the second room.

    A chunk of one of the second room's shards spans so many times its own share of all ids; those
    of the first room's members that lie within are read. All of the first are in the second one.
    """
    within = chunk * shards * first_room / second_room
    return sizes.members_read_units(ceil(within)) / chunk
