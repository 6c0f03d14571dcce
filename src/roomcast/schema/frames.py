"""What clients say and what they are answered, as models: the commands and their replies.

Only their JSON Schemas are used: the service reads frames without pydantic, because importing it
takes some 60 ms of a cold start. Tests compare the replies of the service with these models.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, Field
from pydantic.config import JsonDict

from roomcast.error_codes import Code


def _without_default(schema: JsonDict) -> None:
    schema.pop("default", None)


LEFT_OUT: Final[Any] = Field(default=None, json_schema_extra=_without_default)
"""The default of a field that may be left out; it is null only where its type says so."""

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Offset: TypeAlias = str | int


class DataRef(BaseModel):
    """Where the data is that is too large for one message; the link ends at `expires_at`."""

    url: str
    size: int
    sha256: str
    expires_at: Moment


class Envelope(BaseModel):
    """One event as clients receive it: docs/PROTOCOL.md, chapter 1."""

    id: str
    type: str
    timestamp: Moment
    source: str
    room: str
    data: dict[str, Any]
    seq: int = LEFT_OUT
    publisher: str = LEFT_OUT
    number: int = LEFT_OUT
    entity: str = LEFT_OUT
    left_out: list[str] = LEFT_OUT
    replayed: Literal[True] = LEFT_OUT
    data_ref: DataRef = LEFT_OUT


class _Wish(BaseModel):
    types: list[str] | None = LEFT_OUT
    state: bool | Literal["replay"] | None = LEFT_OUT
    presence: bool | None = LEFT_OUT


class Subscribe(_Wish):
    """Join a room; `since` asks for what was missed, `state` for what is current.

    `presence` asks for who is there, and who comes and goes.
    """

    room: str
    since: Offset | None = LEFT_OUT


class SubscribeRooms(_Wish):
    """Join up to 100 rooms; `since` is one offset for all, or one for each of some rooms."""

    rooms: list[str]
    since: Offset | dict[str, Offset | None] | None = LEFT_OUT


class State(BaseModel):
    """Ask for a page of what is current in a room; `after` is the `next` of a reply."""

    room: str
    after: str | None = LEFT_OUT


class Unsubscribe(BaseModel):
    """Leave a room."""

    room: str


class UnsubscribeRooms(BaseModel):
    """Leave up to 100 rooms."""

    rooms: list[str]


class Ping(BaseModel):
    """Ask whether the service answers."""


class DebugRooms(BaseModel):
    """Ask for the rooms of this connection."""


class Authenticate(BaseModel):
    """Give the connection its first token, or a fresh one."""

    token: str


class _Success(BaseModel):
    status: Literal["success"]


class _Current(BaseModel):
    """What is current: in the reply, or that more is left."""

    state: list[Envelope] = LEFT_OUT
    next: str = LEFT_OUT


class Presence(BaseModel):
    """Who is in the room: the first 100 user ids, and how many users there are."""

    users: list[str]
    count: int


class _Posted(BaseModel):
    """How many events and entities were posted before the reply."""

    replayed: int = LEFT_OUT
    entities: int = LEFT_OUT


class Subscribed(_Success, _Current, _Posted):
    """The room was joined; `recovered` is true only if nothing can be missing."""

    room: str
    recovered: bool = LEFT_OUT
    presence: Presence = LEFT_OUT


class JoinedRoom(_Success, _Current):
    """One room of `rooms` that was joined."""

    room: str
    recovered: bool = LEFT_OUT
    presence: Presence = LEFT_OUT


class _Refusal(BaseModel):
    status: Literal["error"]
    code: Code
    message: str
    retry_after_ms: int = LEFT_OUT


class RefusedRoom(_Refusal):
    """One room of `rooms` that was not joined."""

    room: str


class SubscribedRooms(_Success, _Posted):
    """One result for each name, in their order."""

    rooms: list[JoinedRoom | RefusedRoom]


class Unsubscribed(_Success):
    """The room was left."""

    room: str


class LeftRoom(_Success):
    """One room of `rooms` that was left."""

    room: str


class UnsubscribedRooms(_Success):
    """One result for each name, in their order."""

    rooms: list[LeftRoom | RefusedRoom]


class StatePage(_Success):
    """A page of what is current in a room; `next` is there when more are left."""

    room: str
    state: list[Envelope]
    next: str = LEFT_OUT


class Pong(BaseModel):
    """The service answers."""

    status: Literal["pong"]


class Rooms(_Success):
    """The rooms of this connection."""

    rooms: list[str]


class Authenticated(_Success):
    """The token is taken until `expires_at`; `rooms` are those of the connection.

    `next`: of these rooms more is current than was told, after which key.
    """

    user_id: str
    expires_at: Moment
    rooms: list[str]
    next: dict[str, str] = LEFT_OUT


class Refused(_Refusal):
    """A command was refused and changed nothing: docs/PROTOCOL.md, chapter 7."""

    room: str = LEFT_OUT
    rooms: list[str] = LEFT_OUT


class Auth(BaseModel):
    """The `auth` of a Socket.IO client; without a token that of the handshake counts."""

    token: str | None = LEFT_OUT
    state: bool | Literal["replay"] | None = LEFT_OUT
    recover: bool = LEFT_OUT


class Connected(BaseModel):
    """A session in the namespace has begun; `pid` is there with `recover`."""

    sid: str
    pid: str = LEFT_OUT


class ErrorData(BaseModel):
    """Why, for programs."""

    code: Code
    message: str


class ConnectError(BaseModel):
    """There is no session: of `connect_error`."""

    message: str
    data: ErrorData = LEFT_OUT


COMMANDS: Final[dict[str, tuple[tuple[type[BaseModel], ...], tuple[type[BaseModel], ...]]]] = {
    "subscribe": ((Subscribe, SubscribeRooms), (Subscribed, SubscribedRooms)),
    "unsubscribe": ((Unsubscribe, UnsubscribeRooms), (Unsubscribed, UnsubscribedRooms)),
    "state": ((State,), (StatePage,)),
    "ping": ((Ping,), (Pong,)),
    "debug:rooms": ((DebugRooms,), (Rooms,)),
    "authenticate": ((Authenticate,), (Authenticated,)),
}
"""The bodies of each command, and the replies that are no refusals."""
