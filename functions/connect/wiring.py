"""Builds what `connect` calls: the acceptor of handshakes."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast.rooms import GLOBAL
from roomcast_backend.auth.verification_keys import load_verifier, principal_of
from roomcast_backend.lifecycle.handshake import Acceptor
from roomcast_backend.lifecycle.recent import Recent
from roomcast_backend.runtime.invoke_open import invoke_open
from roomcast_backend.runtime.set_deadline import set_deadline
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.counters import CounterStore, members

if TYPE_CHECKING:
    from roomcast_backend.lifecycle.frame_limit import FrameLimit

COUNTED_SECONDS = 2.0
"""How old the number of connections may be: the counters follow the tables within seconds anyway.

It takes a read for each of their shards, for whoever wants to connect.
"""


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
        count_connections=Recent(
            lambda: counters.total(members(GLOBAL.kind)), seconds=COUNTED_SECONDS
        ),
        open_connection=invoke_open,
        set_deadline=set_deadline,
    )


def frame_limit() -> "FrameLimit":
    """Return the limit of frames that a client has sent to this route."""
    from roomcast_backend.runtime import frame_limit as rare  # noqa: PLC0415  for such frames only

    return rare.frame_limit()
