"""aiobotocore on uvloop: a task for each post in flight."""

import asyncio

import uvloop
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from benchmarks.peers.load import Load, Parameters
from benchmarks.traffic import payload


async def main() -> None:
    """Post until the load ends."""
    parameters = Parameters.given()
    load = Load(parameters)
    ids = iter(load)
    frame = payload()
    async with get_session().create_client(
        "apigatewaymanagementapi",
        endpoint_url=parameters.url,
        config=AioConfig(max_pool_connections=parameters.in_flight),
    ) as client:

        async def post() -> None:
            for connection_id in ids:
                await client.post_to_connection(ConnectionId=connection_id, Data=frame)

        await asyncio.gather(*(post() for _ in range(parameters.in_flight)))
    load.report(failed=0)  # a failure is raised


if __name__ == "__main__":
    uvloop.run(main())
