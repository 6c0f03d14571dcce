"""Rooms with presence: clients, the stream of the rooms table, the bus and the queue of checks."""

import json
from collections.abc import Sequence
from typing import Any

from roomcast import deliverable
from roomcast.put_results import PutResult
from roomcast_backend.presence.announcements import Announcements
from roomcast_backend.presence.arrivals import Arrivals, Followed
from roomcast_backend.presence.departures import Departures
from roomcast_backend.stores.keys import room_of
from roomcast_backend.stores.presence import PresenceStore
from tests.fakes.documented import check_reply
from tests.fakes.socketio_server import Server

ROOM = "project:p1"


class World:
    """The service with presence in projects; nothing travels before it is told to."""

    def __init__(self, dynamodb: Any) -> None:
        self.server = Server(dynamodb, presence_rooms="project", page_size=2000)
        self.clock = self.server.clock
        self.published: list[dict[str, Any]] = []
        self.checks: list[tuple[str, list[str], str]] = []
        self.bus_fails = False
        self.store = PresenceStore(self.server.settings, client=dynamodb, clock=self.clock)
        announcements = Announcements(self, self.store)
        self.arrivals = Arrivals(
            self.store, announcements, check_later=self._check_later, clock=self.clock
        )
        self.departures = Departures(self.store, self.server.rooms, announcements)
        self._seen: dict[tuple[str, str], Any] = self._rows()
        self._records = 0

    # What clients do.

    def join(self, user: str, connection: str, tenant: str = "", **body: Any) -> dict[str, Any]:
        """Connect a JSON client if it is new, and subscribe to the room."""
        if self.server.connections.get(connection) is None:
            principal = self.server.principal(user, tenant=tenant)
            self.server.connect(connection, principal, protocol="json")
        return self.say(connection, "subscribe", room=ROOM, **body)

    def say(self, connection: str, action: str, **body: Any) -> dict[str, Any]:
        reply: dict[str, Any] = json.loads(
            self.server.say(json.dumps({"action": action, **body}), connection)
        )
        check_reply(action, reply)
        return reply

    def heard(self, connection: str) -> list[tuple[str, list[str]]]:
        """Return type and users of each event of presence that came since the last call."""
        frames = [json.loads(frame) for frame in self.server.heard(connection)]
        self.server.gateway.sent[connection].clear()
        return [
            (event["type"], event["data"]["user_ids"])
            for event in frames
            if event["type"].startswith("presence.")
        ]

    # What AWS does.

    def records(self) -> list[dict[str, Any]]:
        """Return what has changed in the table of the rooms, as the stream tells it."""
        rows = self._rows()
        changed = [key for key in rows.keys() | self._seen.keys() if self._is_new(key, rows)]
        records = [self._record(key, rows) for key in sorted(changed)]
        self._seen = rows
        return records

    def put(self, entries: Sequence[Any]) -> list[PutResult]:
        """Be the bus: deliver what is put on it at once."""
        if self.bus_fails:
            return [PutResult("ThrottlingException") for _ in entries]
        for entry in entries:
            self.clock.advance(3)  # who joined less than two seconds ago may get two copies
            envelope = deliverable.read(json.loads(entry["Detail"]))
            self.published.append({"id": envelope.id, "type": envelope.type, **envelope.data})
            self.server.broadcast(envelope)
        return [PutResult() for _ in entries]

    def keep(self, entries: Sequence[Any]) -> list[PutResult]:
        """Be a bus that delivers nothing."""
        for entry in entries:
            envelope = deliverable.read(json.loads(entry["Detail"]))
            self.published.append({"id": envelope.id, "type": envelope.type, **envelope.data})
        return [PutResult() for _ in entries]

    def follow(self, records: list[dict[str, Any]] | None = None) -> Followed:
        """Follow what has changed, or some records."""
        found = self.records() if records is None else records
        return self.arrivals.follow(found) if found else Followed()

    def after_grace(self) -> None:
        """Let the grace pass for all checks."""
        self.clock.advance(30)
        checks, self.checks = self.checks, []
        for room, users, check in checks:
            self.departures.check(room, users, check)

    def _check_later(self, room: str, user_ids: list[str], check: str) -> None:
        self.checks.append((room, user_ids, check))

    def _rows(self) -> dict[tuple[str, str], Any]:
        rows: dict[tuple[str, str], Any] = {}
        request: dict[str, Any] = {"TableName": self.server.settings.rooms_table}
        while True:
            page = self.server.dynamodb.scan(**request)
            for item in page["Items"]:
                if room_of(item["room"]["S"]).kind == "project":
                    rows[item["room"]["S"], item["connection_id"]["S"]] = item
            if "LastEvaluatedKey" not in page:
                return rows
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _is_new(self, key: tuple[str, str], rows: dict[tuple[str, str], Any]) -> bool:
        return rows.get(key) != self._seen.get(key)

    def _record(self, key: tuple[str, str], rows: dict[tuple[str, str], Any]) -> dict[str, Any]:
        self._records += 1
        name = "MODIFY" if key in rows and key in self._seen else "INSERT"
        return {
            "eventName": name if key in rows else "REMOVE",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "SequenceNumber": str(self._records),
                "Keys": {"room": {"S": key[0]}, "connection_id": {"S": key[1]}},
            },
        }
