"""A Socket.IO client that uses HTTP long-polling, for a moment or for good.

GET ─▶ waiting ─┬─▶ upgrading ─▶ upgraded      the client goes on over its WebSocket
                └─▶ polling                    it stays: no WebSocket came in time
any state ─▶ closed

A client gets a secret `sid` with its handshake and names it in every request. The service keeps and
logs only what `polling_id` makes of it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from roomcast_backend.model.connection import Connection

PREFIX = "polling:"
"""API Gateway's connection ids are base64, in which no colon stands."""

SID_BYTES = 16

UPGRADE_SECONDS = 5.0
"""How long what a client sends is kept for its WebSocket. A blocked one costs this at connect."""

OPENING_SECONDS = 15.0
"""How much later the probe of a WebSocket may come that has been accepted and has not ended."""

LEASE_SECONDS = 15.0
"""How long a probed upgrade may take: clients end it as soon as their requests are answered."""

LOST_SECONDS = 60.0
"""After this time without a request a client is gone. It asks again at once after each answer."""

LARGEST_OUTBOX = 1024 * 1024
"""Bytes that wait for a client; one that takes them too slowly is closed and connects again."""

LARGEST_PENDING = 128 * 1024
"""Bytes that are kept for a WebSocket: clients send their CONNECT before it, and little else."""


class PollingState(StrEnum):
    """What becomes of a polling session; `UPGRADED` and `CLOSED` are final."""

    WAITING = "waiting"  # for a WebSocket, or for the time to be over
    UPGRADING = "upgrading"  # a WebSocket has sent its probe
    UPGRADED = "upgraded"
    POLLING = "polling"
    CLOSED = "closed"


class Pending(NamedTuple):
    """A packet that is kept for the WebSocket, and when it came, epoch milliseconds."""

    packet: str
    at: int


class Waiting(NamedTuple):
    """A packet that waits for its client, under a number that grows with each."""

    number: int
    frame: str


@dataclass(frozen=True, slots=True)
class PollingSession:
    """A session as it is stored; times are epoch milliseconds.

    `connection` is the connection that the session becomes when it stays, with the user of the
    handshake's token, and `token_hash` says which token that was, empty without one. `due` is when
    its client stays with polling unless a WebSocket has sent its probe. `upgrading_to` is the
    WebSocket that may upgrade it until `upgrading_until`. `seen` is when its client asked last.
    `delivered` are the numbers of the packets that the last GET has returned.
    """

    connection: Connection
    began: int
    due: int
    state: PollingState = PollingState.WAITING
    token_hash: str = ""
    upgrading_to: str = ""
    upgrading_until: int = 0
    pending: tuple[Pending, ...] = ()
    delivered: tuple[int, ...] = ()
    seen: int = 0

    @property
    def id(self) -> str:
        """The id of its connection."""
        return self.connection.id

    def upgrades(self, now: int) -> bool:
        """Tell whether a WebSocket may end its upgrade now."""
        return self.state is PollingState.UPGRADING and now < self.upgrading_until

    def is_overdue(self, now: int) -> bool:
        """Tell whether no WebSocket came in time: what the client has sent is to be answered."""
        if self.state is PollingState.UPGRADING:
            return now >= self.upgrading_until
        return self.state is PollingState.WAITING and now >= self.due


def new_sid() -> str:
    """Return a new session's secret: 128 random bits."""
    return secrets.token_urlsafe(SID_BYTES)


def polling_id(sid: str) -> str:
    """Return the connection id of the client that knows `sid`, whatever it is."""
    return PREFIX + hashlib.sha256(sid.encode(errors="surrogatepass")).hexdigest()[:32]


def is_polling(connection_id: str) -> bool:
    """Tell whether a connection, or the one of a session, has no WebSocket."""
    return connection_id.startswith(PREFIX)


def token_hash(token: str | None) -> str:
    """Return what is kept of a handshake's token to know it again; empty without one."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest() if token else ""
