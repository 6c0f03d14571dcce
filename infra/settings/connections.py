"""Settings of connections: who may come, how many, and how much each may say."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from infra import kinds_of_rooms, lists, origins
from infra.settings.values import Listed


class ConnectionSettings(BaseModel):
    """What a connection may do."""

    max_connections: int = Field(
        0,
        ge=0,
        description="Authenticated connections at one time, with Socket.IO one for each namespace; "
        "a handshake over it gets 503. 0: no limit.",
    )
    polling: Literal["full", "upgrade", "off"] = Field(
        "full",
        description="Socket.IO's long polling: `full` serves clients that stay on it too, "
        "`upgrade` only those that change to a WebSocket, `off` none.",
    )
    max_polling_connections: int = Field(
        100,
        ge=0,
        description="Connections that stay on polling at one time; over it they are refused with "
        "503. A waiting one occupies an execution of the account. 0: no limit.",
    )
    connections_per_user: int = Field(
        50,
        ge=0,
        description="Connections of one user (a token's `sub`) at one time; over it the oldest "
        "ones are closed. 0: no limit.",
    )
    authentication_deadline: int = Field(
        15,
        ge=1,
        le=900,
        description="Seconds in which a connection without a token has to send one. "
        "At most 900, the longest delay of a queue message.",
    )
    allowed_origins: Annotated[Listed, AfterValidator(origins.normalised)] = Field(
        "*",
        description="Origins that browsers may connect from, comma-separated or a list; `*`: any, "
        "which for polling and the HTTP API means pages of `https:` and `http:`. Written as "
        "browsers do, in lower case, without the default port and without `/` at the end.",
    )
    room_kinds: Annotated[str, BeforeValidator(kinds_of_rooms.as_text)] = Field(
        "",
        description="Kinds of rooms beside the built-in ones, a JSON object: "
        '`{"team": {"claim": "teams"}, "run": "authenticated"}`. A room `team:<id>` opens for '
        "tokens with its id in the claim `teams`, `run:<id>` for every token. At most 20.",
    )
    presence_rooms: Annotated[Listed, AfterValidator(lists.stripped)] = Field(
        "",
        description="Kinds of rooms whose members may ask who is there, such as `project` or one "
        "of `room_kinds`, comma-separated or a list; not `global`, nor `user`.",
    )
    presence_grace: int = Field(
        30,
        ge=0,
        le=900,
        description="Seconds in which a user who has left a room may come back unnoticed. "
        "At most 900, the longest delay of a queue message.",
    )
    max_rooms_per_connection: int = Field(
        50,
        ge=1,
        le=90,
        description="Rooms that one connection can be in; a fresh token rewrites all of them in "
        "one transaction of at most 100 items.",
    )
    commands_per_second: int = Field(
        10, ge=1, description="Commands that one connection may send, sustained."
    )
    command_burst: int = Field(
        100,
        ge=1,
        description="Commands that one connection may send at once after a pause. A client that "
        "joins its rooms one by one needs `max_rooms_per_connection`, for each of its namespaces.",
    )
    max_refused_commands: int = Field(
        100,
        ge=0,
        description="Commands refused with `RATE_LIMITED`, besides `commands_per_second` of them "
        "in each second, after which a connection is closed. 0: it never is.",
    )
