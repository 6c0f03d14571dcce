"""A post to a connection and its result."""

from enum import Enum
from typing import NamedTuple

from roomcast_backend.model.connection import Member

MAX_HANDSHAKE_SECONDS = 15
"""The longest handshake. Until it is done, API Gateway answers 410 for the connection."""


class Outcome(Enum):
    """The result of a post, by API Gateway's answer."""

    SENT = "sent"
    GONE = "gone"
    THROTTLED = "throttled"
    TOO_LARGE = "too_large"
    FAILED = "failed"


class Post(NamedTuple):
    """One frame for one member.

    `Post` and `Posted` are tuples because one is made for each post, and tuples are made fastest.
    """

    member: Member
    frame: bytes


class Posted(NamedTuple):
    """A post and its outcome; `retry_after` is the wait that API Gateway named, in seconds."""

    post: Post
    outcome: Outcome
    retry_after: float = 0.0
