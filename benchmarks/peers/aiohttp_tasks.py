"""aiohttp on uvloop, its posts signed beforehand: what an asyncio client alone can do."""

import asyncio
import os
import ssl

import aiohttp
import uvloop
from yarl import URL

from benchmarks.peers.load import Load, Parameters
from benchmarks.peers.presigned import headers_of, url_of
from benchmarks.traffic import payload


async def main() -> None:
    """Post until the load ends."""
    parameters = Parameters.given()
    load = Load(parameters)
    signed = {}
    for connection_id in load.ids:
        url = url_of(parameters.url, connection_id)
        signed[connection_id] = (URL(url, encoded=True), headers_of(url))
    frame = payload()
    ids = iter(load)
    failed = 0
    trust = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
    connector = aiohttp.TCPConnector(limit=parameters.in_flight, ssl=trust)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post() -> None:
            nonlocal failed
            for connection_id in ids:
                url, headers = signed[connection_id]
                async with session.post(url, data=frame, headers=headers) as answer:
                    await answer.read()
                    failed += answer.status != 200  # noqa: PLR2004

        await asyncio.gather(*(post() for _ in range(parameters.in_flight)))
    load.report(failed=failed)


if __name__ == "__main__":
    uvloop.run(main())
