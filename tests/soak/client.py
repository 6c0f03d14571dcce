"""A client that lives: connects, stays a while, goes in one of several ways, and comes back."""

import asyncio
import itertools
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.e2e.gateway import end_connection
from tests.soak.ledger import Ledger

STAYS = 20.0
"""Seconds that a client stays, on average."""

AWAY = 2.0
"""Seconds that it is away, on average: some events are published meanwhile."""

PATIENCE = 60.0
"""Seconds for a reply or the end of a connection, on a busy machine."""

SLOW = 0.01
"""The part of frames after which a client does not read for a while."""


class SoakClient:
    """One user's client; `rooms` are those it wants to be in, whenever it is connected."""

    def __init__(
        self,
        name: str,
        rooms: tuple[str, ...],
        ledger: Ledger,
        endpoints: dict[str, str],
        token: Callable[[], str],
        dice: random.Random,
    ) -> None:
        self.name = name
        self.rooms = rooms
        self.visits = 0
        self.recovered = 0
        self.not_recovered = 0
        self.is_connected = False
        self._ledger = ledger
        self._endpoints = endpoints
        self._token = token
        self._dice = dice
        self._last = ""
        ledger.allow(name, rooms)

    async def live(self, over: asyncio.Event) -> None:
        """Come and go until it is `over`."""
        while not over.is_set():
            await self._visit(over)
            if not over.is_set():
                await asyncio.sleep(self._dice.expovariate(1 / AWAY))

    async def _visit(self, over: asyncio.Event) -> None:
        url = f"{self._endpoints['websocket_url']}?token={self._token()}"
        async with connect(url, open_timeout=PATIENCE) as socket:
            conversation = _Conversation(self, socket, self._ledger, self._dice)
            reading = asyncio.create_task(conversation.read())
            try:
                await self._join(conversation)
                self.visits += 1
                self.is_connected = True
                await self._stay(reading, over)
                await self._go(conversation, reading)
            finally:
                self.is_connected = False
                self._last = max(self._last, conversation.last)
                reading.cancel()
                with suppress(asyncio.CancelledError, ConnectionClosed):
                    await reading

    async def _join(self, conversation: "_Conversation") -> None:
        """Join all rooms, asking for what was missed in each of them."""
        for room in self.rooms:
            since = {"since": self._last} if self._last else {}
            conversation.replaying = bool(since)
            reply = await conversation.ask("subscribe", room=room, **since)
            conversation.replaying = False
            recovered = reply.get("recovered", False)
            if since:
                self.recovered += recovered
                self.not_recovered += not recovered
            self._ledger.join(self.name, room, now=time.monotonic(), recovered=recovered)

    async def _stay(self, reading: "asyncio.Task[None]", over: asyncio.Event) -> None:
        """Stay a while, and to the end if that is near; the connection has to stay as well."""
        waiting = asyncio.create_task(over.wait())
        seconds = self._dice.expovariate(1 / STAYS)
        await asyncio.wait({waiting, reading}, timeout=seconds, return_when="FIRST_COMPLETED")
        waiting.cancel()
        if reading.done():
            self._ledger.lost.append(f"{self.name} lost its connection: {reading.exception()}")

    async def _go(self, conversation: "_Conversation", reading: "asyncio.Task[None]") -> None:
        """Leave as clients do: politely, by unsubscribing first, torn away, or thrown out."""
        for room in self.rooms:
            self._ledger.leave(self.name, room, now=time.monotonic())
        if reading.done():
            return
        match self._dice.choice(["close", "unsubscribe", "abort", "gateway"]):
            case "unsubscribe":
                await conversation.ask("unsubscribe", room=self._dice.choice(self.rooms))
            case "abort":
                conversation.socket.transport.abort()
            case "gateway":
                await asyncio.to_thread(end_connection, self._endpoints, conversation.greeting)
                await asyncio.wait({reading}, timeout=PATIENCE)
            case "close":
                pass


class _Conversation:
    """What is said on one connection."""

    def __init__(
        self, client: SoakClient, socket: ClientConnection, ledger: Ledger, dice: random.Random
    ) -> None:
        self.socket = socket
        self.greeting: dict[str, Any] = {}
        self.last = ""
        self.replaying = False
        self._client = client
        self._ledger = ledger
        self._dice = dice
        self._numbers = itertools.count()
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def read(self) -> None:
        """Read until the connection ends; raise `ConnectionClosed` then."""
        try:
            while True:
                frame = json.loads(await self.socket.recv())
                if "status" in frame:
                    self._replies.pop(frame["id"]).set_result(frame)
                elif "type" in frame:
                    self._hear(frame)
                if self._dice.random() < SLOW:
                    await asyncio.sleep(self._dice.uniform(0, 3))
        except ConnectionClosed as closed:
            for reply in self._replies.values():
                reply.set_exception(closed)
            raise

    async def ask(self, action: str, **body: Any) -> dict[str, Any]:
        """Send a command; return its reply, which has to be a success."""
        while True:
            number = next(self._numbers)
            reply = self._replies[number] = asyncio.get_running_loop().create_future()
            await self.socket.send(json.dumps({"action": action, **body, "id": number}))
            async with asyncio.timeout(PATIENCE):
                answer = await reply
            if answer["status"] == "success":
                return answer
            if answer.get("code") != "RATE_LIMITED":
                raise AssertionError(f"{self._client.name} asked to {action} {body}: {answer}")
            await asyncio.sleep(answer["retry_after_ms"] / 1000)

    def _hear(self, event: dict[str, Any]) -> None:
        self.last = max(self.last, event["id"])
        if event["type"] == "connection.established":
            self.greeting = event
        elif event["type"].startswith("connection."):
            self._ledger.lost.append(f"{self._client.name} was told {event['data']}")
        else:
            self._ledger.hear(
                self._client.name,
                event["id"],
                event["room"],
                now=time.monotonic(),
                replayed=self.replaying,
            )
