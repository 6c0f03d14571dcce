"""A post to a connection and what came of it."""

from enum import Enum
from typing import NamedTuple

from roomcast_backend.model.connection import Member

HANDSHAKE_SECONDS = 15
"""A handshake takes no longer; until it is done API Gateway answers 410 for the connection."""


class Outcome(Enum):
    """What API Gateway said to a post."""

    SENT = "sent"
    GONE = "gone"
    THROTTLED = "throttled"
    TOO_LARGE = "too_large"
    FAILED = "failed"


class Post(NamedTuple):
    """One frame for one member. A tuple, as `Posted`: one is made for each post."""

    member: Member
    frame: bytes


class Posted(NamedTuple):
    """A post and what came of it; `retry_after` in seconds, where API Gateway named a wait."""

    post: Post
    outcome: Outcome
    retry_after: float = 0.0
