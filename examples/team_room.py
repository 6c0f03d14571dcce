"""Watches the room of a team: prints the first event that comes.

ROOMCAST_TOKEN=<a token with "teams": ["red"]> \
    python examples/team_room.py https://<your domain> red
"""

import asyncio
import json
import os
import sys
from typing import Any

import socketio


async def watch(url: str, team: str, token: str) -> dict[str, Any]:
    """Return the first event of the team's room."""
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    client = socketio.AsyncClient()
    client.on("deploy.finished", events.put, namespace="/ws")
    await client.connect(url, auth={"token": token}, namespaces=["/ws"], wait_timeout=20)
    reply = await client.call("subscribe", {"room": f"team:{team}"}, namespace="/ws")
    print(json.dumps(reply), flush=True)
    try:
        return await events.get() if reply["status"] == "success" else reply
    finally:
        await client.disconnect()


def main() -> None:
    """Print what came."""
    url, team = sys.argv[1:]
    print(json.dumps(asyncio.run(watch(url, team, os.environ["ROOMCAST_TOKEN"]))))


if __name__ == "__main__":
    main()
