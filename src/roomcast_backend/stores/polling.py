"""The polling table: sessions of clients without a WebSocket, and the packets that wait for them.

#session             the state; every step changes it under the condition that it was decided on,
                     and names itself: a step that is made again, for its answer was lost, is known
packet#<number>      one packet; the number comes from the session, so that packets keep their order
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from roomcast_backend.aws import clients
from roomcast_backend.aws.dynamodb import DynamoDb
from roomcast_backend.aws.errors import AwsError
from roomcast_backend.model.connection import LONGEST_CONNECTION, ROW_SECONDS, address
from roomcast_backend.model.polling import (
    LARGEST_OUTBOX,
    LARGEST_PENDING,
    LOST_SECONDS,
    Pending,
    PollingSession,
    PollingState,
    Waiting,
)
from roomcast_backend.settings import Settings
from roomcast_backend.stores.batch_items import BatchItems
from roomcast_backend.stores.connections import CONDITION_FAILED
from roomcast_backend.stores.items import Item, connection_item, connection_of, number, text

SESSION = "#session"
"""Sorts before the packets."""

PACKET = "packet#"

KNOWN = "attribute_exists(connection_id)"
UNDECIDED = "#state IN (:waiting, :upgrading)"
CLAIMABLE = (
    "#state = :waiting OR (#state = :upgrading AND (upgrading_to = :to OR upgrading_until <= :now))"
)
OVERDUE = "(#state = :waiting AND due <= :now) OR (#state = :upgrading AND upgrading_until <= :now)"
ROOM_IN_OUTBOX = "#state = :polling AND seen > :lost AND queued < :most"
NO_OTHER_POLL = (
    "#state <> :upgraded AND "
    "(#state = :upgrading OR attribute_not_exists(poll) OR poll = :poll OR poll_until <= :now)"
)
NEW_POST = "(attribute_not_exists(post) OR post <> :post)"

OWN = "(:token = :any OR token_hash = :token)"
ANYBODY = "any"
"""Stands for no token: whoever knows the sid may leave the token out."""

NAMES = {"#state": "state", "#last": "last"}
"""Reserved words of DynamoDB."""

STATES = {f":{state.value}": text(state.value) for state in PollingState}


class PollingStore:
    """Reads and writes the sessions; times are epoch milliseconds, errors are `AwsError`."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: DynamoDb | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = settings.polling_table
        self._client = client or clients.dynamodb()
        self._clock = clock
        self._items = BatchItems(self._client)

    def begin(self, session: PollingSession) -> None:
        """Store a new session."""
        connection = connection_item(session.connection)
        item: Item = {
            "connection_id": text(session.id),
            "part": text(SESSION),
            "state": text(session.state),
            "began": number(session.began),
            "due": number(session.due),
            "seen": number(session.began),
            "connection": {"M": connection},
            "token_hash": text(session.token_hash),
            "pending": {"L": []},
            "pending_size": number(0),
            "last": number(0),
            "queued": number(0),
            "ttl": number(session.began // 1000 + ROW_SECONDS),
        }
        self._client.put_item(TableName=self._table, Item=item)

    def get(self, connection_id: str) -> PollingSession | None:
        """Return a session, or None when it is unknown."""
        answer = self._client.get_item(
            TableName=self._table, Key=_key(connection_id), ConsistentRead=True
        )
        return _session_of(answer["Item"]) if "Item" in answer else None

    def keep(
        self, connection_id: str, packets: Sequence[Pending], *, post: str, token: str, now: int
    ) -> tuple[bool, PollingSession | None]:
        """Keep the packets of one POST for the WebSocket, once; return whether, and the session.

        They are not when the session is decided already, `LARGEST_PENDING` is reached, or `token`,
        a hash or empty, is that of another token.
        """
        size = sum(len(each.packet.encode(errors="surrogatepass")) for each in packets)
        entries = [{"M": {"packet": text(each.packet), "at": number(each.at)}} for each in packets]
        kept, row = self._raw_update(
            connection_id,
            "SET pending = list_append(pending, :packets), seen = :now, post = :post"
            " ADD pending_size :size",
            f"{UNDECIDED} AND pending_size <= :room AND {NEW_POST} AND {OWN}",
            {
                **_owner(token),
                ":post": text(post),
                ":packets": {"L": entries},
                ":size": number(size),
                ":room": number(LARGEST_PENDING - size),
                ":now": number(now),
            },
        )
        if row is None:
            return False, None
        return kept or row.get("post") == text(post), _session_of(row)

    def expect_upgrade(
        self, connection_id: str, *, token: str, due: int
    ) -> tuple[bool, PollingSession | None]:
        """Wait until `due` for the probe of a WebSocket; return whether it may upgrade.

        It may not when the session is decided already or `token` is as for `keep`.
        """
        return self._update(
            connection_id,
            "SET due = :due",
            f"{UNDECIDED} AND {OWN}",
            {**_owner(token), ":due": number(due)},
        )

    def claim_upgrade(self, connection_id: str, websocket: str, *, now: int, until: int) -> bool:
        """Let a WebSocket upgrade the session until a time; False when that is not possible."""
        claimed, _ = self._update(
            connection_id,
            "SET #state = :upgrading, upgrading_to = :to, upgrading_until = :until",
            CLAIMABLE,
            {":to": text(websocket), ":now": number(now), ":until": number(until)},
        )
        return claimed

    def release(self, connection_id: str, websocket: str, *, now: int) -> None:
        """Wait no longer for a WebSocket that has ended before its upgrade."""
        self._update(
            connection_id,
            "SET #state = :waiting, due = :now",
            "#state = :waiting OR (#state = :upgrading AND upgrading_to = :to)",
            {":to": text(websocket), ":now": number(now)},
        )

    def upgrade(self, connection_id: str, websocket: str) -> Sequence[Pending] | None:
        """End the upgrade; return what was kept for the WebSocket, once.

        None when the session is decided otherwise, or another WebSocket has the claim.
        """
        upgraded, before = self._update(
            connection_id,
            "SET #state = :upgraded REMOVE pending",
            "#state = :upgrading AND upgrading_to = :to",
            {":to": text(websocket)},
            returned="ALL_OLD",
        )
        return before.pending if upgraded and before is not None else None

    def settle(self, connection_id: str, poll: str, *, now: int) -> Sequence[Pending] | None:
        """Let the session stay without a WebSocket; return what was kept for one, to one GET.

        None when the session is decided already, or a WebSocket upgrades it now.
        """
        settled, row = self._raw_update(
            connection_id,
            "SET #state = :polling, seen = :now, settled_by = :poll",
            OVERDUE,
            {":now": number(now), ":poll": text(poll)},
        )
        if row is None or not (settled or row.get("settled_by") == text(poll)):
            return None
        return _session_of(row).pending

    def begin_poll(
        self, connection_id: str, poll: str, *, token: str, now: int, until: int
    ) -> tuple[bool, PollingSession | None]:
        """Claim the session for one GET until a time; return whether it was, and the session.

        It is not while another GET waits, unless a WebSocket has sent its probe; after an upgrade;
        or when `token` is as for `keep`.
        """
        return self._update(
            connection_id,
            "SET poll = :poll, poll_until = :until, seen = :now",
            f"{NO_OTHER_POLL} AND {OWN}",
            {
                **_owner(token),
                ":poll": text(poll),
                ":now": number(now),
                ":until": number(until),
            },
        )

    def read(self, connection_id: str) -> tuple[PollingSession | None, Sequence[Waiting]]:
        """Return the session and the packets that wait for its client, at most 1 MB of them."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="connection_id = :id",
            ExpressionAttributeValues={":id": text(connection_id)},
            ConsistentRead=True,
        )
        items = answer["Items"]
        session = next((_session_of(item) for item in items if _is_session(item)), None)
        packets = [_waiting_of(item) for item in items if not _is_session(item)]
        return session, packets

    def end_poll(
        self,
        connection_id: str,
        poll: str,
        delivered: Sequence[Waiting],
        *,
        settled: bool,
        now: int,
    ) -> None:
        """Note what a GET returns, and let the next one begin; nothing when the claim has gone.

        Once the session is `settled`, what was kept for a WebSocket is answered and not needed.
        """
        size = sum(len(packet.frame.encode()) for packet in delivered)
        numbers = [number(packet.number) for packet in delivered]
        self._update(
            connection_id,
            "SET seen = :now, delivered = :delivered, queued = queued - :size"
            f" REMOVE poll, poll_until{', pending' if settled else ''}",
            "poll = :poll",
            {
                ":poll": text(poll),
                ":now": number(now),
                ":delivered": {"L": numbers},
                ":size": number(size),
            },
        )

    def drop(self, connection_id: str, numbers: Sequence[int]) -> None:
        """Delete packets that their client has got."""
        self._items.delete(self._table, [_packet_key(connection_id, each) for each in numbers])

    def append(self, connection_id: str, frame: str) -> bool:
        """Put a packet into the outbox of a session, of which this may be a Socket.IO session's id.

        False when the client is gone, or takes its packets too slowly: then the session is closed,
        so that nothing that follows can reach a client that lacks this packet.
        """
        name, now = address(connection_id), int(self._clock() * 1000)
        lost = number(now - int(LOST_SECONDS * 1000))
        added, row = self._raw_update(
            name,
            "SET #last = #last + :one, queued = queued + :size",
            ROOM_IN_OUTBOX,
            {
                ":one": number(1),
                ":size": number(len(frame.encode())),
                ":lost": lost,
                ":most": number(LARGEST_OUTBOX),
            },
        )
        if not added:
            self.close(name)
            return False
        assert row is not None  # noqa: S101  (an update returns the row)
        item = _packet_key(name, int(row["last"]["N"])) | {
            "frame": text(frame),
            "ttl": number(now // 1000 + LONGEST_CONNECTION),
        }
        self._client.put_item(TableName=self._table, Item=item)
        return True

    def close(self, connection_id: str) -> bool:
        """Close a session for good; False when it was closed, upgraded or unknown already."""
        closed, _ = self._update(
            address(connection_id),
            "SET #state = :closed REMOVE pending",
            "NOT #state IN (:closed, :upgraded)",
            {},
        )
        return closed

    def is_open(self, connection_id: str) -> bool:
        """Tell whether a client stays with polling and has asked lately: packets can reach it."""
        session = self.get(address(connection_id))
        if session is None or session.state is not PollingState.POLLING:
            return False
        return int(self._clock() * 1000) - session.seen < LOST_SECONDS * 1000

    def delete(self, connection_id: str) -> None:
        """Delete a session; what waited for its client expires."""
        self._client.delete_item(TableName=self._table, Key=_key(connection_id))

    def _update(
        self,
        connection_id: str,
        update: str,
        condition: str,
        values: Item,
        *,
        returned: str = "ALL_NEW",
    ) -> tuple[bool, PollingSession | None]:
        done, row = self._raw_update(connection_id, update, condition, values, returned=returned)
        return done, _session_of(row) if row else None

    def _raw_update(
        self,
        connection_id: str,
        update: str,
        condition: str,
        values: Item,
        *,
        returned: str = "ALL_NEW",
    ) -> tuple[bool, Item | None]:
        """Return whether the condition held, and the row: changed, or unchanged when it did not."""
        expressions = f"{update} {condition}"
        states = {name: value for name, value in STATES.items() if name in expressions}
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": _key(connection_id),
            "UpdateExpression": update,
            "ConditionExpression": f"{KNOWN} AND ({condition})",
            "ExpressionAttributeValues": {**states, **values},
            "ExpressionAttributeNames": {
                name: value for name, value in NAMES.items() if name in expressions
            },
            "ReturnValues": returned,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if not request["ExpressionAttributeNames"]:
            del request["ExpressionAttributeNames"]
        try:
            answer = self._client.update_item(**request)
        except AwsError as exc:
            if exc.code == CONDITION_FAILED:
                return False, exc.response.get("Item")
            raise
        return True, answer["Attributes"]


def _owner(token: str) -> Item:
    """Return the values of `OWN` for the hash of a request's token, empty without one."""
    return {":token": text(token or ANYBODY), ":any": text(ANYBODY)}


def _key(connection_id: str) -> Item:
    return {"connection_id": text(connection_id), "part": text(SESSION)}


def _packet_key(connection_id: str, packet: int) -> Item:
    return {"connection_id": text(connection_id), "part": text(f"{PACKET}{packet:010d}")}


def _is_session(item: Item) -> bool:
    return bool(item["part"]["S"] == SESSION)


def _waiting_of(item: Item) -> Waiting:
    return Waiting(int(item["part"]["S"].removeprefix(PACKET)), item["frame"]["S"])


def _session_of(item: Item) -> PollingSession:
    pending = item.get("pending", {"L": []})["L"]
    return PollingSession(
        connection=connection_of(item["connection"]["M"]),
        began=int(item["began"]["N"]),
        seen=int(item["seen"]["N"]),
        due=int(item["due"]["N"]),
        state=PollingState(item["state"]["S"]),
        token_hash=item["token_hash"]["S"],
        upgrading_to=item.get("upgrading_to", {"S": ""})["S"],
        upgrading_until=int(item.get("upgrading_until", {"N": "0"})["N"]),
        pending=tuple(
            Pending(each["M"]["packet"]["S"], int(each["M"]["at"]["N"])) for each in pending
        ),
        delivered=tuple(int(each["N"]) for each in item.get("delivered", {"L": []})["L"]),
    )
