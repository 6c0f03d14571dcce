"""Sends heartbeats, so that API Gateway does not close idle connections, and closes expired ones.

The members of `global`, the muted ones included, are the list of all connections.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from roomcast.rooms import GLOBAL
from roomcast_backend.fanout.tally import Tally
from roomcast_backend.model.connection import Member, address
from roomcast_backend.protocol import codec_named

if TYPE_CHECKING:
    from roomcast_backend.fanout.ports import ExpiredCloser, MemberSender, RosterReader


class Heartbeat:
    """Posts a heartbeat to every connection."""

    def __init__(
        self,
        *,
        rooms: "RosterReader",
        sender: "MemberSender",
        terminator: "ExpiredCloser",
        page_size: int,
        clock: Callable[[], float] = time.time,
        first_shard: Callable[[int], int] = random.randrange,
    ) -> None:
        self._rooms = rooms
        self._sender = sender
        self._terminator = terminator
        self._page_size = page_size
        self._clock = clock
        self._first_shard = first_shard

    def beat(self, *, until: float) -> Tally:
        """Post a heartbeat to every connection, until the clock says `until` (epoch seconds).

        A connection that was not reached gets the next heartbeat: two fit into the idle limit of 10
        minutes. Each heartbeat begins at a random shard, so that no connection is always the last.
        """
        tally = Tally()
        for members in self._pages():
            now = self._clock()
            if now >= until:
                break
            expired = [member for member in members if member.expires_at <= now]
            alive = _one_per_connection(member for member in members if member.expires_at > now)
            tally.expired += self._terminator.close_expired(expired, room=str(GLOBAL), until=until)
            tally.add(self._sender.post(alive, _heartbeat, room=str(GLOBAL), until=until))
        return tally

    def _pages(self) -> Iterator[list[Member]]:
        """Yield the members of all shards, page by page, beginning at a random shard."""
        shards = self._rooms.shards(str(GLOBAL))
        first = self._first_shard(len(shards))
        for shard in (*shards[first:], *shards[:first]):
            members = self._rooms.members(str(GLOBAL), shard, size=self._page_size)
            while page := list(islice(members, self._page_size)):
                yield page


def _one_per_connection(members: Iterable[Member]) -> list[Member]:
    """Return one member for each connection; the sessions of a connection are on the same page."""
    return list({address(member.connection_id): member for member in members}.values())


def _heartbeat(protocol: str) -> bytes:
    return codec_named(protocol).heartbeat.encode()
