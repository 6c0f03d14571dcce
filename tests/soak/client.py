"""A client that connects, stays a while, leaves in one of several ways, and connects again."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

from tests.e2e.gateway import end_connection
from tests.soak.connections import PATIENCE, Connection, Event, Open, Unavailable
from tests.soak.ledger import Ledger

STAYS = 20.0
"""Seconds that a client stays, on average."""

CHANGES_ITS_MIND = 0.2
"""The part of rooms that a client joins, leaves and joins in one tick."""

AGAIN = ("RATE_LIMITED", "UNAVAILABLE")
"""Codes after which a command is sent again (docs/PROTOCOL.md, Errors)."""

MOST_REFUSED = 10
"""Handshakes in a row that a busy service may refuse."""

AWAY = 2.0
"""Seconds that it is away, on average: some events are published meanwhile."""


class SoakClient:
    """One user's client; `rooms` are those it wants to be in, whenever it is connected."""

    def __init__(
        self,
        name: str,
        rooms: tuple[str, ...],
        open_connection: Open,
        token: Callable[[], str],
        ledger: Ledger,
        endpoints: dict[str, str],
        dice: random.Random,
    ) -> None:
        self.visits = 0
        self.recovered = 0
        self.not_recovered = 0
        self.is_connected = False
        self._name = name
        self._rooms = rooms
        self._open = open_connection
        self._token = token
        self._ledger = ledger
        self._endpoints = endpoints
        self._dice = dice
        self._greeting: Event = {}
        self._since: dict[str, int] = {}
        self._answered: set[str] = set()
        self._seen: dict[str, int] = {}
        self._replaying = False
        self._refused = 0
        ledger.allow(name, rooms)

    async def live(self, over: asyncio.Event) -> None:
        """Come and go until it is `over`."""
        while not over.is_set():
            try:
                await self._visit(over)
                self._refused = 0
            except Unavailable:
                self._refused += 1
                if self._refused == MOST_REFUSED:
                    raise
            if not over.is_set():
                await asyncio.sleep(self._dice.expovariate(1 / AWAY))

    async def _visit(self, over: asyncio.Event) -> None:
        self._answered, self._seen = set(), {}
        async with self._open(self._endpoints, self._token(), self._on_event) as connection:
            try:
                await self._join(connection)
                self.visits += 1
                self.is_connected = True
                await self._stay(connection, over)
                await self._go(connection)
            finally:
                self.is_connected = False

    async def _join(self, connection: Connection) -> None:
        """Join all rooms, asking for what was missed in each of them."""
        for room in self._rooms:
            since = self._since.get(room)
            self._replaying = since is not None
            body = {"room": room} if since is None else {"room": room, "since": since}
            if self._dice.random() < CHANGES_ITS_MIND:
                reply = await self._change_mind(connection, body)
            else:
                reply = await self._ask(connection, "subscribe", body)
            self._replaying = False
            self._answered.add(room)
            self._move(room)
            recovered = reply.get("recovered", False)
            if since is not None:
                self.recovered += recovered
                self.not_recovered += not recovered
            self._ledger.join(self._name, room, now=time.monotonic(), recovered=recovered)

    async def _change_mind(self, connection: Connection, body: dict[str, Any]) -> dict[str, Any]:
        """Subscribe, unsubscribe and subscribe in one tick, as React's StrictMode has a page do.

        Returns the last reply: the client is in the room then, whichever was executed last.
        """
        replies = await asyncio.gather(
            connection.send_command("subscribe", {"room": body["room"]}),
            connection.send_command("unsubscribe", {"room": body["room"]}),
            connection.send_command("subscribe", body),
        )
        if all(reply["status"] == "success" for reply in replies):
            return replies[-1]
        return await self._ask(connection, "subscribe", body)

    async def _stay(self, connection: Connection, over: asyncio.Event) -> None:
        """Stay a while, and to the end if that is near; the connection has to stay as well."""
        waiting = asyncio.create_task(over.wait())
        seconds = self._dice.expovariate(1 / STAYS)
        ends = {waiting, connection.ended}
        await asyncio.wait(ends, timeout=seconds, return_when="FIRST_COMPLETED")
        waiting.cancel()
        if connection.ended.done():
            self._ledger.lost.append(f"{self._name} lost its connection")

    async def _go(self, connection: Connection) -> None:
        """Leave as clients do: close, unsubscribe first, break off, or be ended by the service."""
        for room in self._rooms:
            self._ledger.leave(self._name, room, now=time.monotonic())
        if connection.ended.done():
            return
        match self._dice.choice(["closed", "unsubscribing", "aborted", "ended by the service"]):
            case "unsubscribing":
                room = self._dice.choice(self._rooms)
                await self._ask(connection, "unsubscribe", {"room": room})
            case "aborted":
                connection.abort()
            case "ended by the service":
                await asyncio.to_thread(end_connection, self._endpoints, self._greeting)
                await asyncio.wait({connection.ended}, timeout=PATIENCE)

    async def _ask(
        self, connection: Connection, action: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Send a command again while it comes too fast or a store is silent; it has to succeed."""
        while True:
            reply = await connection.send_command(action, body)
            if reply["status"] == "success":
                return reply
            if reply.get("code") not in AGAIN:
                raise AssertionError(f"{self._name} asked to {action} {body}: {reply}")
            await asyncio.sleep(reply.get("retry_after_ms", 1000) / 1000)

    def _on_event(self, event: Event) -> None:
        if event["type"] == "connection.established":
            self._greeting = event
        elif event["type"].startswith("connection."):
            self._ledger.lost.append(f"{self._name} was told {event['data']}")
        else:
            self._seen[event["room"]] = event["seq"]
            self._move(event["room"])
            self._ledger.receive(
                self._name,
                event["id"],
                event["room"],
                now=time.monotonic(),
                replayed=self._replaying,
            )

    def _move(self, room: str) -> None:
        """Note where to go on: only once `subscribe` has been answered, see docs/PROTOCOL.md."""
        if room in self._answered and room in self._seen:
            self._since[room] = self._seen[room]
