"""What orders have ended of a user's access: one row for each user, in the connections table.

connection_id = "#revoked:<account>", the user, of a tenant "<tenant>!<user>"
issued_before    tokens issued before it are refused ...
revoked_until    ... until then
r:<room>         when the user was removed from the room

Orders come late and repeatedly: the newest one of a kind wins, whatever the sequence. A row that
its TTL has not deleted yet says no more than it should.
"""

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.connection import LONGEST_CONNECTION, RECOVERY_SECONDS
from roomcast_backend.model.ended_access import NOTHING_ENDED, EndedAccess
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.connections import unless_refused
from roomcast_backend.stores.items import Item, number, text

REMOVED = "r:"

REMOVAL_KEPT = LONGEST_CONNECTION + RECOVERY_SECONDS
"""Seconds after which no session can be recovered that was there when its user was removed."""

MOST_REMOVALS = 100
"""From this number on, removals that are too old to matter are dropped with the next one."""


class EndedAccessStore:
    """Keeps and finds what is ended of a user's access; times are epoch seconds."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._table = settings.connections_table
        self._kept = settings.longest_token_life * 3600 + settings.jwt_leeway
        self._client = client or clients.dynamodb()

    def get(self, account: str, *, now: int) -> EndedAccess:
        """Return what is ended of a user's access, as it is when the answer is written."""
        answer = self._client.get_item(
            TableName=self._table, Key=_key(account), ConsistentRead=True
        )
        if "Item" not in answer:
            return NOTHING_ENDED
        item = answer["Item"]
        in_force = "revoked_until" in item and int(item["revoked_until"]["N"]) > now
        return EndedAccess(int(item["issued_before"]["N"]) if in_force else 0, _removals(item))

    def revoke(self, account: str, *, issued_before: int, ordered_at: int) -> None:
        """Refuse the user's tokens that were issued before a time; never fewer than before.

        That is kept for as long as a token may live from the order on.
        """
        until = ordered_at + self._kept
        values = {":before": number(issued_before), ":until": number(until)}
        update = "SET issued_before = :before, revoked_until = :until"
        newer = "(attribute_not_exists(issued_before) OR issued_before < :before)"
        self._update(account, update, newer, values)
        self._keep_until(account, until)

    def remove(self, account: str, room: str, *, ordered_at: int) -> None:
        """Let no session that was lost by then bring the user back into a room."""
        aliases = {"#room": REMOVED + room}
        newer = "(attribute_not_exists(#room) OR #room < :at)"
        row = self._update(account, "SET #room = :at", newer, {":at": number(ordered_at)}, aliases)
        self._keep_until(account, ordered_at + REMOVAL_KEPT)
        removals = _removals(row or {})
        if len(removals) >= MOST_REMOVALS:
            self._drop(
                account, [room for room, at in removals.items() if at < ordered_at - REMOVAL_KEPT]
            )

    def _keep_until(self, account: str, until: int) -> None:
        """Let the row's TTL be no earlier than a time."""
        later = "(attribute_not_exists(#ttl) OR #ttl < :until)"
        self._update(
            account, "SET #ttl = :until", later, {":until": number(until)}, {"#ttl": "ttl"}
        )

    def _drop(self, account: str, rooms: list[str]) -> None:
        """Forget removals that are too old; the next order drops what this one leaves."""
        aliases = {f"#r{index}": REMOVED + room for index, room in enumerate(rooms[:MOST_REMOVALS])}
        if aliases:
            self._update(account, f"REMOVE {', '.join(aliases)}", "", {}, aliases)

    def _update(
        self,
        account: str,
        update: str,
        condition: str,
        values: Item,
        aliases: dict[str, str] | None = None,
    ) -> Item | None:
        """Change the row, or begin it; return it, None when the condition does not hold."""
        request = {
            "TableName": self._table,
            "Key": _key(account),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ExpressionAttributeNames": aliases,
            "ReturnValues": "ALL_NEW",
        }
        with unless_refused():
            answer = self._client.update_item(
                **{name: value for name, value in request.items() if value}
            )
            return dict(answer["Attributes"])
        return None


def _key(account: str) -> Item:
    return {"connection_id": text(keys.revoked(account))}


def _removals(item: Item) -> dict[str, int]:
    return {
        name.removeprefix(REMOVED): int(value["N"])
        for name, value in item.items()
        if name.startswith(REMOVED)
    }
