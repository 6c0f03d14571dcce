"""Builds what `poll` calls: the transport, and the dispatcher for those who stay with it."""

from functools import cache

from roomcast_backend.auth.verification_keys import load_verifier
from roomcast_backend.lifecycle.recent import Recent
from roomcast_backend.polling.settling import Settling
from roomcast_backend.polling.transport import PollingTransport
from roomcast_backend.protocol.heartbeats import EngineIoTimers
from roomcast_backend.runtime.acceptor import COUNTED_SECONDS, acceptor
from roomcast_backend.runtime.dispatcher import dispatcher
from roomcast_backend.runtime.polling_sessions import polling_sessions
from roomcast_backend.runtime.set_deadline import set_deadline
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.counters import POLLING, Counter, CounterStore
from roomcast_backend.stores.memberships import MembershipStore


def warm_up() -> None:
    """Build the transport and import the token verifier, in the Init phase."""
    transport()
    load_verifier()


@cache
def transport() -> PollingTransport:
    """Return the transport over HTTP."""
    chosen = settings()
    return PollingTransport(
        sessions=polling_sessions(),
        acceptor=acceptor(),
        settling=_settling(),
        timers=EngineIoTimers.announced(
            chosen.socketio_heartbeat,
            interval=chosen.heartbeat_interval,
            timeout=chosen.heartbeat_timeout,
        ),
        deadline=chosen.authentication_deadline,
        enabled=chosen.polling != "off",
    )


def _settling() -> Settling:
    chosen = settings()
    counters = CounterStore(chosen)
    return Settling(
        sessions=polling_sessions(),
        connections=ConnectionStore(chosen),
        memberships=MembershipStore(chosen),
        answer=lambda connection_id, packet, at: dispatcher().answer(connection_id, packet, at=at),
        set_deadline=lambda connection_id: set_deadline(
            connection_id, chosen.authentication_deadline
        ),
        count=Recent(lambda: counters.total(Counter(POLLING)), seconds=COUNTED_SECONDS),
        most=chosen.max_polling_connections,
        allowed=chosen.polling == "full",
    )
