"""Reads the rows of the connections table, as far as an operator wants to see them.

The service's stores write them; a test writes rows with those and reads them here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from roomcast.errors import NotConfigured

if TYPE_CHECKING:
    from roomcast.cli.deployment import Deployment

TABLE: Final = "Connections"
_WANTED: Final = "connection_id, protocol, #state, connected_at, user_id, rooms, namespaces"


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One connection, or with Socket.IO one session of it; `user_id` is empty before a token."""

    id: str
    protocol: str
    state: str
    connected_at: datetime
    user_id: str
    rooms: tuple[str, ...]


def read(deployment: "Deployment") -> Iterator[ConnectionRow]:
    """Yield all connections, in no order; boto3's errors are passed on.

    This reads the whole table: half a read unit for each 4 KB. A Socket.IO connection that has
    sessions is left out, since these have rows of their own.
    """
    pages = deployment.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(
        TableName=_table(deployment),
        ProjectionExpression=_WANTED,
        ExpressionAttributeNames={"#state": "state"},
    ):
        yield from (_row(item) for item in page["Items"] if _is_shown(item))


def _table(deployment: "Deployment") -> str:
    """Return the name of the table, which the stack knows by its logical id.

    The stack has the name of its bus (infra/stack.py).
    """
    stack = deployment.required("event_bus")
    pages = deployment.client("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=stack):
        for each in page["StackResourceSummaries"]:
            is_table = each["ResourceType"].startswith("AWS::DynamoDB::")
            if is_table and TABLE in each["LogicalResourceId"]:
                return str(each["PhysicalResourceId"])
    raise NotConfigured(f"the stack {stack} has no table of connections")


def _is_shown(item: dict[str, Any]) -> bool:
    """Tell whether a row is a connection, and not one of what can be recovered."""
    return "protocol" in item and "namespaces" not in item


def _row(item: dict[str, Any]) -> ConnectionRow:
    return ConnectionRow(
        id=item["connection_id"]["S"],
        protocol=item["protocol"]["S"],
        state=item["state"]["S"],
        connected_at=datetime.fromtimestamp(int(item["connected_at"]["N"]), UTC),
        user_id=item.get("user_id", {}).get("S", ""),
        rooms=tuple(sorted(item.get("rooms", {}).get("SS", ()))),
    )
