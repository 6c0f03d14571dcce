"""What the route that explains answers, as models."""

from typing import Literal

from pydantic import BaseModel

from roomcast.schema.frames import LEFT_OUT


class ExplainedEvent(BaseModel):
    """The event; of one that is not `known` there is no more than its id.

    `fan_out` is `ended` once every member was posted to. `posts` were taken, a repeat counts again.
    `more_rooms` are rooms of the event that are not kept.
    """

    id: str
    known: bool
    type: str = LEFT_OUT
    published_at: str = LEFT_OUT
    began_at: str = LEFT_OUT
    fan_out: Literal["begun", "queued", "ended"] = LEFT_OUT
    queued_parts: int = LEFT_OUT
    posts: int = LEFT_OUT
    ended_at: str = LEFT_OUT
    more_rooms: int = LEFT_OUT


class ExplainedRoom(BaseModel):
    """A room of the event; `may_join` is null where the user has no connection now."""

    room: str
    may_join: bool | None
    left_out: bool
    seq: int = LEFT_OUT
    replay_until: str = LEFT_OUT


class ExplainedMembership(BaseModel):
    """A connection's membership in a room of the event, and when it was written last."""

    room: str
    written_at: str
    muted: bool
    types: list[str] = LEFT_OUT


Verdict = Literal[
    "posted",
    "under_way",
    "meanwhile",
    "left_out",
    "filtered",
    "muted",
    "expired",
    "joined_later",
    "connected_later",
    "access_ended",
    "not_subscribed",
    "not_allowed",
    "not_connected",
    "not_known",
    "unknown_event",
]


class ExplainedConnection(BaseModel):
    """A connection, or a session of Socket.IO, that the user has now."""

    id: str
    protocol: str
    connected_at: str
    token_expires_at: str = LEFT_OUT
    memberships: list[ExplainedMembership]
    verdict: Verdict
    reason: str


class Explanation(BaseModel):
    """What became of an event for a user, and what to do next."""

    event: ExplainedEvent
    user: str
    rooms: list[ExplainedRoom]
    connections: list[ExplainedConnection]
    more_connections: bool = LEFT_OUT
    verdict: Verdict
    reason: str
    next: str
