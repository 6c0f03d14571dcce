"""Clients that stay in their rooms and count the copies of each event."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from websockets.exceptions import ConnectionClosed

from roomcast.token_minting import mint_token
from tests.e2e.client import Client, connected

PATIENCE = 60.0
"""Seconds for a handshake, on a busy machine."""


@dataclass(slots=True)
class Members:
    """The members of some rooms: each of them is in all of these."""

    rooms: tuple[str, ...]
    copies: list[Counter[str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def missing(self, events: Collection[str]) -> list[str]:
        """Return who never got which event, each in one sentence."""
        return [
            f"member {number} of {self.rooms[0]} never got {event}"
            for number, copies in enumerate(self.copies)
            for event in events
            if not copies[event]
        ]

    def strange(self, events: Collection[str]) -> list[str]:
        """Return what nobody published there, each in one sentence."""
        return [
            f"member {number} of {self.rooms[0]} got {event}, which nobody published"
            for number, copies in enumerate(self.copies)
            for event in copies.keys() - set(events)
        ]

    async def read(self, client: Client, copies: "Counter[str]") -> None:
        """Count what comes until the connection ends, which it must not."""
        with suppress(ConnectionClosed):
            while True:
                frame = json.loads(await client.socket.recv())
                if frame.get("room") in self.rooms:
                    copies[frame["id"]] += 1
        self.lost.append(f"a member of {self.rooms[0]} lost its connection")


@asynccontextmanager
async def members(
    endpoints: dict[str, str], rooms: Sequence[str], count: int
) -> AsyncIterator[Members]:
    """Have so many clients of one user join all of some rooms; yield what they get."""
    joined = Members(tuple(rooms))
    token = mint_token(
        endpoints["jwt_secret"], str(uuid4()), projects="*", lifetime=timedelta(hours=1)
    )
    async with AsyncExitStack() as stack:

        async def join() -> Client:
            opening = connected(endpoints["websocket_url"], token, open_timeout=PATIENCE)
            client = await stack.enter_async_context(opening)
            reply = await client.ask("subscribe", rooms=list(rooms))
            assert all(each["status"] == "success" for each in reply["rooms"]), reply
            return client

        clients = await asyncio.gather(*(join() for _ in range(count)))
        joined.copies = [Counter() for _ in clients]
        readers = [
            asyncio.create_task(joined.read(*each))
            for each in zip(clients, joined.copies, strict=True)
        ]
        try:
            yield joined
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
