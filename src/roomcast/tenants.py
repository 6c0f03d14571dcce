"""Tenants: how it is written to whom a room, a user or an event belongs.

acme!project:7    the room `project:7` of the tenant `acme`
project:7         a room of no tenant

`!` stands in no name of a room and in no id, so the two are never the same. Only the service and
its tables know such names: clients, publishers and the bus have the public one, without a tenant.
"""

from typing import Final

SEPARATOR: Final = "!"


def stored_name(tenant: str, name: str) -> str:
    """Return the name under which the service keeps what a tenant calls `name`."""
    return f"{tenant}{SEPARATOR}{name}" if tenant else name


def event_key(tenant: str, event_id: str) -> str:
    """Return the id by which the service tells a tenant's event from all others.

    Tenants choose ids of their own, in which any character may stand, `!` too. Those of events of
    no tenant stay as they are, but for the few that begin with it.
    """
    if tenant or event_id.startswith(SEPARATOR):
        return f"{SEPARATOR}{tenant}{SEPARATOR}{event_id}"
    return event_id


def public_name(stored: str) -> str:
    """Return the name that clients and publishers know."""
    return stored.rpartition(SEPARATOR)[2]


def tenant_of(stored: str) -> str:
    """Return the tenant to which a stored name belongs, empty for none."""
    return stored.rpartition(SEPARATOR)[0]
