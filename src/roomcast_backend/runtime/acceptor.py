"""Builds the acceptor of handshakes, over either transport."""

from functools import cache

from roomcast.rooms import GLOBAL
from roomcast_backend.lifecycle.handshake import Acceptor
from roomcast_backend.lifecycle.recent import Recent
from roomcast_backend.runtime.invoke_open import invoke_open
from roomcast_backend.runtime.polling_sessions import polling_sessions
from roomcast_backend.runtime.set_deadline import set_deadline
from roomcast_backend.runtime.tokens import tokens
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.counters import CounterStore, members

COUNTED_SECONDS = 2.0
"""How old the number of connections may be: the counters follow the tables within seconds anyway.

It takes a read for each of their shards, for whoever wants to connect.
"""


@cache
def acceptor() -> Acceptor:
    """Return the acceptor of handshakes."""
    chosen = settings()
    counters = CounterStore(chosen)
    return Acceptor(
        chosen,
        connections=ConnectionStore(chosen),
        polling=polling_sessions(),
        tokens=tokens(),
        count_connections=Recent(
            lambda: counters.total(members(GLOBAL.kind)), seconds=COUNTED_SECONDS
        ),
        open_connection=invoke_open,
        set_deadline=set_deadline,
    )
