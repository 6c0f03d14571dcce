"""Our gateway's first posts."""

import sys

from benchmarks.traffic import NO_LIMIT, connection_ids, payload
from roomcast_backend.gateway.connections_api import ConnectionsApi
from roomcast_backend.gateway.posts import Post
from roomcast_backend.model.connection import JSON, Member
from roomcast_backend.settings import Settings


def main(url: str, posts: int) -> None:
    """Post to so many connections."""
    frame = payload()
    gateway = ConnectionsApi(Settings(callback_url=url, posts_per_second=NO_LIMIT))
    members = (Member(id_, JSON, expires_at=0, joined_at=0) for id_ in connection_ids(posts))
    for _ in gateway.post_all(Post(member, frame) for member in members):
        pass


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
