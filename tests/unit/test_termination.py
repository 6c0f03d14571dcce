"""Clients are told why their connections end, also where API Gateway throttles the posts."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from roomcast_backend.gateway.posts import Outcome, Post, Posted
from roomcast_backend.lifecycle.termination import NOTICE_PAUSES, Terminator
from roomcast_backend.model.connection import Member


class Throttling:
    """Throttles the first `refused[connection]` posts to a connection."""

    def __init__(self, **refused: int) -> None:
        self.tried: Counter[str] = Counter()
        self._refused = refused

    def post_all(self, posts: Iterable[Post]) -> Iterator[Posted]:
        for post in posts:
            name = post.member.connection_id
            self.tried[name] += 1
            throttled = self.tried[name] <= self._refused.get(name, 0)
            yield Posted(post, Outcome.THROTTLED if throttled else Outcome.SENT)


def test_who_was_throttled_is_told_again_and_nobody_else() -> None:
    gateway: Any = Throttling(b=1, c=9)
    paused: list[float] = []
    terminator = Terminator(gateway, memberships=None, sleep=paused.append)  # type: ignore[arg-type]
    members = [Member(name, "json", 0, 0) for name in "abc"]
    terminator._tell_all(Post(member, b"why") for member in members)
    assert gateway.tried == {"a": 1, "b": 2, "c": len(NOTICE_PAUSES)}
    assert paused == [*NOTICE_PAUSES[1:]]
