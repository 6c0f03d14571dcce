"""boto3 with a pool of threads, as the samples do it; with as many connections as threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

from benchmarks.peers.load import Load, Parameters
from benchmarks.traffic import THREADS, payload


def main() -> None:
    """Post until the load ends."""
    parameters = Parameters.given()
    load = Load(parameters)
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=parameters.url,
        config=Config(max_pool_connections=THREADS),
    )
    frame = payload()

    def post(ids: Iterator[str]) -> None:
        for connection_id in ids:
            client.post_to_connection(ConnectionId=connection_id, Data=frame)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(post, [load.shared() for _ in range(THREADS)]))
    load.report(failed=0)  # a failure is raised


if __name__ == "__main__":
    main()
