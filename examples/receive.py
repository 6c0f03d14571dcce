"""Follow a room from Python, and go on where the last run ended.

    python examples/receive.py wss://events.example.com/ws "$ROOMCAST_TOKEN" project:atlas

The offset of the room is kept in a file, so that nothing is missed between two runs, and fetched
from the backend is only what the service could not replay.
"""

import asyncio
import json
import sys
from pathlib import Path

import roomcast

OFFSETS = Path("offsets.json")


async def follow(url: str, token: str, room: str) -> None:
    """Print the events of a room until Ctrl-C."""
    since = json.loads(OFFSETS.read_text()) if OFFSETS.exists() else None
    async with roomcast.connect(url, token, on_gap=fetch_state) as client:
        async for event in client.events(room, since=since):
            print(event.timestamp, event.type, dict(event.data), flush=True)
            OFFSETS.write_text(json.dumps(client.since))  # after the event was worked on


def fetch_state(room: str) -> None:
    """Fetch what a room is about from your backend: events of it may be missing."""
    print(f"fetch the state of {room}", flush=True)


if __name__ == "__main__":
    asyncio.run(follow(*sys.argv[1:4]))
