"""Settings of heartbeats, which keep connections open."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from infra.settings.limits import in_turns


class HeartbeatSettings(BaseModel):
    """What is sent to quiet connections, and how often."""

    socketio_heartbeat: Literal["noop", "ping"] = Field(
        "noop",
        description="What keeps Socket.IO connections open: `noop`, a packet that needs no answer, "
        "or `ping`, which each client answers, as a second billed message. With `ping` a client "
        "itself notices a line that is dead.",
    )
    heartbeat_interval: Annotated[int, AfterValidator(in_turns)] = Field(
        510,
        ge=20,
        le=510,
        description="Seconds between two heartbeats to every connection: 20, 30, or a multiple of "
        "10 from 60 to 510, which is rounded down to whole minutes. Each one is a billed message "
        "and can be a minute late; API Gateway closes what is silent for 600.",
    )
    heartbeat_timeout: int = Field(
        240,
        ge=1,
        le=86_400,
        description="Seconds that Socket.IO clients are told to wait on top of the interval before "
        "they take the connection for lost; less than 60 ends some that are not. With "
        "`socketio_heartbeat` `ping` only.",
    )

    @model_validator(mode="after")
    def _only_pings_have_a_timeout(self) -> Self:
        if "heartbeat_timeout" in self.model_fields_set and self.socketio_heartbeat != "ping":
            raise ValueError("heartbeat_timeout: expected socketio_heartbeat to be ping")
        return self
