"""Ends clients that are silent: API Gateway's idle limit, with the suites' short timers.

On AWS the limit is 10 minutes and any frame counts; a sweep every 5 minutes keeps clients open.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

import asyncio

from aiohttp import web

from local.conformance.timers import PING_INTERVAL, PING_TIMEOUT
from roomcast_backend.protocol.engineio_packets import PING, PONG, Kind


class Heartbeat:
    """Sends heartbeats to one client, and closes its socket when it does not answer one.

    The first one is sent after the client was `greeted`: the first packet is the open packet. A
    client that has begun with long-polling has had it; its first one follows its upgrade.
    """

    def __init__(self, socket: web.WebSocketResponse, greeted: asyncio.Event) -> None:
        self._socket = socket
        self._greeted = greeted
        self._answered = asyncio.Event()

    def note(self, frame: str) -> None:
        """Take note of a frame that the client has sent."""
        if frame == PONG:
            self._answered.set()
        elif frame == Kind.UPGRADE:
            self._greeted.set()

    async def beat(self) -> None:
        """Send heartbeats until the client does not answer or its socket is closed."""
        try:
            await self._greeted.wait()
            while True:
                await asyncio.sleep(PING_INTERVAL / 1000)
                self._answered.clear()
                await self._socket.send_str(PING)
                async with asyncio.timeout(PING_TIMEOUT / 1000):
                    await self._answered.wait()
        except TimeoutError:
            await self._socket.close()
        except ConnectionError:
            return
