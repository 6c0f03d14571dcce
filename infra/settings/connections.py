"""Settings of connections: who may come, how many, and how much each may say."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from infra import origins
from infra.settings.values import Listed


class ConnectionSettings(BaseModel):
    """What a connection may do."""

    max_connections: int = Field(
        0,
        ge=0,
        description="Authenticated connections at one time, with Socket.IO one for each namespace; "
        "a handshake over it gets 503. 0: no limit.",
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
        description="Origins that browsers may connect from, comma-separated or a list; `*`: any. "
        "Written as browsers do, in lower case, without the default port and without `/` at the "
        "end.",
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
        20, ge=1, description="Commands that one connection may send at once after a pause."
    )
    max_refused_commands: int = Field(
        100,
        ge=0,
        description="Commands refused with `RATE_LIMITED`, besides `commands_per_second` of them "
        "in each second, after which a connection is closed. 0: it never is.",
    )
