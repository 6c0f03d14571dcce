"""Builds what `deadline` calls: the timeout of unauthenticated connections."""

from functools import cache
from typing import TYPE_CHECKING

from roomcast_backend.lifecycle.auth_timeout import AuthTimeout
from roomcast_backend.lifecycle.termination import Terminator
from roomcast_backend.runtime.gateway import gateway
from roomcast_backend.runtime.set_deadline import set_deadline
from roomcast_backend.settings import settings
from roomcast_backend.stores.connections import ConnectionStore
from roomcast_backend.stores.memberships import MembershipStore

if TYPE_CHECKING:
    from roomcast_backend.model.polling import PollingSession


@cache
def auth_timeout() -> AuthTimeout:
    """Return the timeout, which closes connections that are still pending."""
    chosen = settings()
    memberships = MembershipStore(chosen)
    return AuthTimeout(
        connections=ConnectionStore(chosen),
        memberships=memberships,
        terminator=Terminator(gateway(), memberships),
        deadline=chosen.authentication_deadline,
        check_again=set_deadline,
        gateway=gateway(),
        session_of=_session_of,
    )


def _session_of(connection_id: str) -> "PollingSession | None":
    from roomcast_backend.runtime.polling_sessions import polling_sessions  # noqa: PLC0415  rare

    return polling_sessions().get(connection_id)
