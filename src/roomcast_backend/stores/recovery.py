"""Sessions that can be recovered, in the connections table under the secrets of their clients.

A client can come back before its loss is noticed, so that two sessions claim one secret. The row
belongs to the newer one:

c1 begins ─▶ row: c1      c2 recovers c1 ─▶ row: c2      c1 is found to be gone ─▶ row stays c2's

While a session lives, its rooms are in its own row. What is kept tells them only once its loss has
been noticed: a crash in between leaves a session that cannot be recovered, not one without rooms.
"""

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.model.recovery import RecoverableSession, recoverable
from roomcast_backend.settings import Settings
from roomcast_backend.stores import keys
from roomcast_backend.stores.connections import ConnectionStore, unless_refused
from roomcast_backend.stores.items import recovery_item, recovery_of, text

MINE = "session_id = :session"
FREE = "attribute_not_exists(connection_id)"


class RecoveryStore:
    """Keeps and finds sessions by their secrets."""

    def __init__(self, settings: Settings, *, client: DynamoDb | None = None) -> None:
        self._table = settings.connections_table
        self._client = client or clients.dynamodb()
        self._connections = ConnectionStore(settings, client=self._client)

    def put(self, session: RecoverableSession) -> None:
        """Let the secret stand for a session that has begun, whichever it stood for before."""
        self._client.put_item(TableName=self._table, Item=recovery_item(session))

    def keep(self, session: RecoverableSession) -> None:
        """Note how a session was last, unless another one has its secret by now."""
        with unless_refused():
            self._client.put_item(
                TableName=self._table,
                Item=recovery_item(session),
                ConditionExpression=f"{FREE} OR {MINE}",
                ExpressionAttributeValues={":session": text(session.session_id)},
            )

    def delete(self, session: RecoverableSession) -> None:
        """Forget a session, unless another one has its secret by now."""
        with unless_refused():
            self._client.delete_item(
                TableName=self._table,
                Key={"connection_id": text(keys.recovery(session.secret))},
                ConditionExpression=MINE,
                ExpressionAttributeValues={":session": text(session.session_id)},
            )

    def get(self, secret: str, *, now: int) -> RecoverableSession | None:
        """Return the session with a secret: as it is now while it lives, else as it was last.

        None when there is none, or it cannot be recovered any more at `now` (epoch seconds).
        """
        answer = self._client.get_item(
            TableName=self._table,
            Key={"connection_id": text(keys.recovery(secret))},
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return None
        kept = recovery_of(answer["Item"])
        session = self._connections.get(kept.session_id)
        living = recoverable(session) if session is not None else None
        if living is not None and living.secret == secret:
            kept = living
        elif not kept.is_lost:
            return None
        return kept if kept.until > now else None
