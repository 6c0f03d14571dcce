"""Settings of capacity: what is taken at once, and which executions are kept free."""

from pydantic import BaseModel, Field


class CapacitySettings(BaseModel):
    """How much of the account's quotas the service takes."""

    frames_per_second: int = Field(
        2000,
        ge=1,
        description="Handshakes and frames of all clients that the WebSocket API takes in a "
        "second, and as many requests of those that poll. They share the account's quota of "
        "requests with `posts_per_second`.",
    )
    frame_burst: int = Field(
        1000,
        ge=1,
        description="Handshakes and frames of all clients that the WebSocket API takes at once, "
        "and as many requests of those that poll.",
    )
    connect_reserved_concurrency: int = Field(
        0,
        ge=0,
        description="Executions reserved for `connect`, which can then have no more than these. "
        "0: none. Every reservation fails in an account whose quota is not over 100.",
    )
    subscribe_reserved_concurrency: int = Field(
        0,
        ge=0,
        description="Executions reserved for `subscribe`, which answers every frame; as above.",
    )
    poll_reserved_concurrency: int = Field(
        0,
        ge=0,
        description="Executions reserved for `poll`, of which each request that waits takes one; "
        "as above. Keeps what waits from taking the executions of the others.",
    )

    @property
    def reserved_concurrency(self) -> dict[str, int]:
        """The executions that are reserved, by function; only those that have some."""
        chosen = {
            "connect": self.connect_reserved_concurrency,
            "subscribe": self.subscribe_reserved_concurrency,
            "poll": self.poll_reserved_concurrency,
        }
        return {function: count for function, count in chosen.items() if count}
