"""The change from HTTP long-polling to a WebSocket, as the WebSocket sees it.

client                      service
2probe                ─▶    the polling session is claimed for this WebSocket
                      ◀─    3probe
(its requests end)
5                     ─▶    the session is upgraded; what the client has posted to it is handled now

A session is upgraded once. When its time is over, or another WebSocket has it, the client's probe
fails, and it stays with polling or connects again.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from roomcast_backend.model.connection import Connection
from roomcast_backend.model.polling import LEASE_SECONDS, Pending

if TYPE_CHECKING:
    from roomcast_backend.inbound.ports import UpgradeStore


class Upgrades:
    """Lets WebSockets go on for polling sessions."""

    def __init__(self, store: "UpgradeStore", *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    def probe(self, connection: Connection) -> bool:
        """Claim the session of a connection; return whether it can be upgraded."""
        now = int(self._clock() * 1000)
        until = now + int(LEASE_SECONDS * 1000)
        return self._store.claim_upgrade(connection.upgrades, connection.id, now=now, until=until)

    def complete(self, connection: Connection) -> Sequence[Pending] | None:
        """Upgrade the session; return what its client has posted; None when it is too late."""
        return self._store.upgrade(connection.upgrades, connection.id)
