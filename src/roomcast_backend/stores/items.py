"""How connections and members are written as DynamoDB items; no other package sees items."""

from collections.abc import Mapping
from typing import Any

from roomcast_backend.model.access import EVERYTHING, Grant, Principal
from roomcast_backend.model.connection import ROW_SECONDS, Connection, Member, State, kept_until
from roomcast_backend.model.recovery import RecoverableSession
from roomcast_backend.model.type_filter import EVERYTHING as ALL_TYPES
from roomcast_backend.model.type_filter import TypeFilter
from roomcast_backend.stores import keys

Attribute = dict[str, Any]
"""A value with its type, `{"S": "text"}`.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

Item = dict[str, Attribute]

MEMBERS_USER = "user"
"""The attribute with the user of a membership, in rooms that have presence only."""

OPENED = "opened_rooms"
"""The attribute with the patterns of rooms that a token opens."""

ISSUED = "issued_at"
"""The attribute with the time at which a token was issued; rows of earlier versions have none."""

TENANT = "tenant"
"""The attribute with the tenant to whom the user belongs."""

MAYBE_SET = (OPENED, ISSUED, TENANT)
"""The attributes of a token that another one may not have."""

VERSION = "v:"
"""How the attributes begin that say when a room, a namespace or the token was changed last."""


TYPES = "t:"
"""How the attributes begin that hold the patterns of a room of which not all types are wanted."""


def text(value: str) -> Attribute:
    """Write a string."""
    return {"S": value}


def number(value: int) -> Attribute:
    """Write a whole number."""
    return {"N": str(value)}


def names(values: frozenset[str]) -> Attribute:
    """Write a set of strings, which DynamoDB does not allow to be empty."""
    return {"SS": sorted(values)}


def connection_item(connection: Connection) -> Item:
    """Write a new connection: it has neither a revision nor versions yet."""
    item: Item = {
        "connection_id": text(connection.id),
        "protocol": text(connection.protocol),
        "state": text(connection.state),
        "connected_at": number(connection.connected_at),
        "token_version": number(connection.token_version),
        "ttl": number(kept_until(connection)),
    }
    if connection.principal is not None:
        item |= principal_item(connection.principal)
    sets = {"rooms": connection.rooms, "namespaces": connection.namespaces}
    texts = {
        "recovery_secret": connection.recovery_secret,
        "refused_token": connection.refused_token,
        "upgrades": connection.upgrades,
        "expected_user": connection.expected_user,
        "sid": connection.sid,
    }
    numbers = {"greeted_at": connection.greeted_at, "begun": connection.begun}
    item |= {name: names(value) for name, value in sets.items() if value}
    item |= {name: text(value) for name, value in texts.items() if value}
    item |= {name: number(value) for name, value in numbers.items() if value}
    if connection.wants_state:
        item["wants_state"] = {"BOOL": True}
    return item | _filter_items(connection.filters)


def principal_item(principal: Principal) -> Item:
    """Write the attributes that a token sets, `MAYBE_SET` only where it says something of them.

    `rooms` are the rooms that the connection is in, so the token's are called otherwise.
    """
    item: Item = {
        "user_id": text(principal.user_id),
        "role": text(principal.role),
        "expires_at": number(principal.expires_at),
        "projects": _grant_attribute(principal.projects),
        "agents": _grant_attribute(principal.agents),
    }
    if principal.rooms:
        item[OPENED] = names(principal.rooms)
    if principal.issued_at:
        item[ISSUED] = number(principal.issued_at)
    if principal.tenant:
        item[TENANT] = text(principal.tenant)
    return item


def connection_of(item: Item) -> Connection:
    """Read what `connection_item` wrote."""
    return Connection(
        id=item["connection_id"]["S"],
        protocol=item["protocol"]["S"],
        state=State(item["state"]["S"]),
        connected_at=int(item["connected_at"]["N"]),
        principal=_principal_of(item) if "user_id" in item else None,
        token_version=int(item["token_version"]["N"]),
        rooms=_names_of(item, "rooms"),
        namespaces=_names_of(item, "namespaces"),
        greeted_at=_number_of(item, "greeted_at"),
        recovery_secret=_text_of(item, "recovery_secret"),
        sid=_text_of(item, "sid"),
        begun=_number_of(item, "begun"),
        reconnected=_number_of(item, "reconnected"),
        revision=_number_of(item, "revision"),
        versions={
            name.removeprefix(VERSION): int(value["N"])
            for name, value in item.items()
            if name.startswith(VERSION)
        },
        refused_token=_text_of(item, "refused_token"),
        upgrades=_text_of(item, "upgrades"),
        expected_user=_text_of(item, "expected_user"),
        closing="closing" in item,
        filters=_filters_of(item),
        wants_state="wants_state" in item,
    )


def recovery_item(session: RecoverableSession) -> Item:
    """Write what is kept of a session for its recovery."""
    item: Item = {
        "connection_id": text(keys.recovery(session.secret)),
        "session_id": text(session.session_id),
        "user_id": text(session.account),
        "is_lost": {"BOOL": session.is_lost},
        "ttl": number(session.until),
    }
    if session.rooms:
        item["rooms"] = names(session.rooms)
    return item | _filter_items(session.filters)


def recovery_of(item: Item) -> RecoverableSession:
    """Read what `recovery_item` wrote."""
    return RecoverableSession(
        secret=keys.secret_of(item["connection_id"]["S"]),
        session_id=item["session_id"]["S"],
        account=item["user_id"]["S"],
        rooms=_names_of(item, "rooms"),
        until=int(item["ttl"]["N"]),
        is_lost="is_lost" in item and item["is_lost"]["BOOL"],
        filters=_filters_of(item),
    )


def member_item(partition: str, member: Member) -> Item:
    """Write a membership."""
    item: Item = {
        "room": text(partition),
        "connection_id": text(member.connection_id),
        "protocol": text(member.protocol),
        "expires_at": number(member.expires_at),
        "joined_at": number(member.joined_at),
        "muted": {"BOOL": member.muted},
        "ttl": number(member.joined_at + ROW_SECONDS),
    }
    if chosen := member.types.stored():
        item["types"] = names(chosen)
    return item


def member_of(item: Item) -> Member:
    """Read what `member_item` wrote."""
    return Member(
        item["connection_id"]["S"],
        item["protocol"]["S"],
        int(item["expires_at"]["N"]),
        int(item["joined_at"]["N"]),
        item["muted"]["BOOL"],
        TypeFilter.of_stored(_names_of(item, "types")) if "types" in item else ALL_TYPES,
    )


def _filter_items(filters: Mapping[str, TypeFilter]) -> Item:
    return {
        TYPES + room: names(chosen) for room, types in filters.items() if (chosen := types.stored())
    }


def _filters_of(item: Item) -> dict[str, TypeFilter]:
    return {
        name.removeprefix(TYPES): TypeFilter.of_stored(frozenset(value["SS"]))
        for name, value in item.items()
        if name.startswith(TYPES)
    }


def _text_of(item: Item, attribute: str) -> str:
    return str(item[attribute]["S"]) if attribute in item else ""


def _number_of(item: Item, attribute: str) -> int:
    return int(item[attribute]["N"]) if attribute in item else 0


def _names_of(item: Item, attribute: str) -> frozenset[str]:
    return frozenset(item[attribute]["SS"]) if attribute in item else frozenset()


def _principal_of(item: Item) -> Principal:
    return Principal(
        user_id=item["user_id"]["S"],
        role=item["role"]["S"],
        expires_at=int(item["expires_at"]["N"]),
        projects=_grant_of(item["projects"]),
        agents=_grant_of(item["agents"]),
        rooms=_names_of(item, OPENED),
        issued_at=_number_of(item, ISSUED),
        tenant=_text_of(item, TENANT),
    )


def _grant_attribute(grant: Grant) -> Attribute:
    if grant.everything:
        return {"BOOL": True}
    return {"L": [text(item) for item in sorted(grant.ids)]}


def _grant_of(attribute: Attribute) -> Grant:
    if "BOOL" in attribute:
        return EVERYTHING
    return Grant(ids=frozenset(item["S"] for item in attribute["L"]))
