"""Settings of delivery: sizes, replay, and how fast a room is posted to."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from infra.settings.limits import FRAME, LEAST_WORKERS, MEGABYTE
from infra.settings.values import Listed


class DeliverySettings(BaseModel):
    """How events reach members."""

    max_event_bytes: int = Field(
        MEGABYTE,
        ge=1024,
        le=MEGABYTE,
        description="Size of an encoded event. What is larger than `max_post_bytes` reaches "
        "clients by reference: a link to its data.",
    )
    max_post_bytes: int = Field(
        FRAME,
        ge=1024,
        le=FRAME,
        description="Size of one post to a client. A larger event arrives by reference: "
        '`"data": {}` and `data_ref`, a link to its data.',
    )
    replay_hours: int = Field(
        24, ge=1, description="Hours that events are kept for clients that were away."
    )
    room_state: Annotated[
        Listed, Field(pattern=r"^(all|none|[a-z][a-z0-9_-]{0,30}(,[a-z][a-z0-9_-]{0,30})*)$")
    ] = Field(
        "all",
        description="Kinds of rooms whose current state is kept for clients that ask for it, "
        "comma-separated: `project,team`; `all` or `none`. It costs one write for each event and "
        "room.",
    )
    global_shards: int = Field(
        16,
        ge=1,
        le=256,
        description="Partitions of the room `global`, which holds every connection. Changing it "
        "moves connected clients only when they connect again.",
    )
    page_size: int = Field(
        1000,
        ge=1,
        le=5000,
        description="Members that one invocation delivers to; larger rooms go to the queue in "
        "pages of this size. At least `global_shards`.",
    )
    page_workers: int = Field(
        5,
        ge=LEAST_WORKERS,
        le=1000,
        description="Pages delivered at a time; 2 is the least that Lambda takes. More than "
        "`posts_per_second` needs make nothing faster.",
    )
    posts_per_second: int = Field(
        2000,
        ge=1,
        le=1_000_000,
        description="Posts to connections that the service makes in a second, in bursts more; each "
        "page worker takes its share. Keeps under the account's quota of requests, which clients' "
        "frames and handshakes share: 10,000 in most regions, where 9000 is right for large rooms, "
        "and 2,500 in some.",
    )
    post_burst: int = Field(
        5000,
        ge=1,
        le=1_000_000,
        description="Posts that the service makes at once after a pause; each page worker takes "
        "its share, of which it uses 1,000 at most. The account's quota is 5,000 in most regions, "
        "and 1,250 where it has 2,500 requests a second.",
    )

    @model_validator(mode="after")
    def _pages_hold_a_shard(self) -> Self:
        if self.page_size < self.global_shards:
            raise ValueError("page_size: expected at least global_shards")
        return self
