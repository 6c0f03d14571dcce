"""Builds what `connect` calls: the acceptor of handshakes."""

from functools import cache

from roomcast_backend.auth.verification_keys import load_verifier, principal_of
from roomcast_backend.lifecycle.handshake import Acceptor
from roomcast_backend.runtime.invoke_open import invoke_open
from roomcast_backend.runtime.set_deadline import set_deadline
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.counters import CONNECTIONS, Counter, CounterStore


def warm_up() -> None:
    """Build the acceptor and import the token verifier, in the Init phase."""
    acceptor()
    load_verifier()


@cache
def acceptor() -> Acceptor:
    """Return the acceptor of handshakes."""
    chosen = settings()
    counters = CounterStore(chosen)
    return Acceptor(
        chosen,
        connections=ConnectionStore(chosen),
        principal_of=principal_of,
        count_connections=lambda: counters.total(Counter(CONNECTIONS)),
        open_connection=invoke_open,
        set_deadline=set_deadline,
    )
