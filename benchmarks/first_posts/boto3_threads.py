"""The first posts of boto3 with threads."""

import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

from benchmarks.traffic import THREADS, connection_ids, payload


def main(url: str, posts: int) -> None:
    """Post to so many connections."""
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        config=Config(max_pool_connections=THREADS),
    )
    frame = payload()

    def post(connection_id: str) -> None:
        client.post_to_connection(ConnectionId=connection_id, Data=frame)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(post, connection_ids(posts)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
