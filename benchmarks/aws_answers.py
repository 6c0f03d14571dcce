"""What the stub says as DynamoDB and the other services: fixed answers, by action.

Two worlds: in `row` every row is the one of a connection that is in its rooms (of a counter and of
a linked repository, too), and a query finds one member; in `page` nothing is stored yet, and every
query finds a full page, with more behind it.
"""

import json
import time
from pathlib import Path
from typing import Any

from benchmarks.traffic import connection_ids
from roomcast_backend.fanout.prefetch import READ_AT_ONCE
from roomcast_backend.model.access import EVERYTHING, Principal
from roomcast_backend.model.connection import (
    JSON,
    LONGEST_CONNECTION,
    Connection,
    Member,
    State,
)
from roomcast_backend.stores.items import Item, connection_item, member_item, text

JWT_SECRET = "a-secret-of-the-benchmark-which-is-long-enough"  # noqa: S105
USER = "0f8fad5b-d9cb-469f-a165-70867728950e"
PROJECT = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
ROOM = f"project:{PROJECT}"

PAGE = READ_AT_ONCE
"""Members in the answer to a query: as many as the fan-out asks for."""


def write(folder: Path) -> None:
    """Write the answers: `<folder>/<world>/<action>.json`."""
    for world, answers in {"row": _row(), "page": _page()}.items():
        for action, answer in {**_EMPTY, **answers}.items():
            file = folder / world / f"{action}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(answer, separators=(",", ":")))


def connection(connection_id: str) -> Connection:
    """Return a connection that is authenticated and in its automatic rooms."""
    now = int(time.time())
    principal = Principal(USER, expires_at=now + LONGEST_CONNECTION, projects=EVERYTHING)
    return Connection(
        id=connection_id,
        protocol=JSON,
        state=State.READY,
        connected_at=now - 60,
        principal=principal,
        token_version=1,
        rooms=frozenset({"global", f"user:{USER}"}),
    )


def member(connection_id: str) -> Member:
    """Return a member that joined a minute ago."""
    now = int(time.time())
    return Member(connection_id, JSON, expires_at=now + LONGEST_CONNECTION, joined_at=now - 60)


_EMPTY: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("GetItem", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"), {}),
    "BatchWriteItem": {"UnprocessedItems": {}},
    "BatchGetItem": {"Responses": {}, "UnprocessedKeys": {}},
    "SendMessage": {"MessageId": "5fea7756-0ea4-451a-a703-a558b933e274"},
    "SendMessageBatch": {"Successful": [], "Failed": []},
    "GetSecretValue": {"Name": "jwt", "SecretString": JWT_SECRET},
    "Invoke": {},
    "PutEvents": {
        "FailedEntryCount": 0,
        "Entries": [{"EventId": "11710aed-b79e-4468-a20b-bb3c0c3b4860"}],
    },
}


def _row() -> dict[str, dict[str, Any]]:
    (connection_id,) = connection_ids(1)
    row = {
        **connection_item(connection(connection_id)),
        "n": {"N": "1"},
        "project_id": text(PROJECT),
    }
    return {
        "GetItem": {"Item": row},
        "UpdateItem": {"Attributes": row},
        "DeleteItem": {"Attributes": row},
        "Query": {"Items": [_found(connection_id)], "Count": 1, "ScannedCount": 1},
    }


def _page() -> dict[str, dict[str, Any]]:
    ids = connection_ids(PAGE)
    last = {"room": text(f"{ROOM}#0"), "connection_id": text(ids[-1])}
    items = [_found(connection_id) for connection_id in ids]
    return {
        "UpdateItem": {"Attributes": {}},
        "Query": {
            "Items": items,
            "Count": len(items),
            "ScannedCount": len(items),
            "LastEvaluatedKey": last,
        },
    }


def _found(connection_id: str) -> Item:
    """Return what the query's projection leaves of a member's row."""
    item = member_item(f"{ROOM}#0", member(connection_id))
    return {name: value for name, value in item.items() if name not in ("room", "ttl")}
