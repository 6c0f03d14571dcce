"""The settings that functions are told, as environment variables."""

import json
from typing import Self

from pydantic import ConfigDict, model_validator

from infra import kinds_of_rooms
from infra.settings.connections import ConnectionSettings
from infra.settings.delivery import DeliverySettings
from infra.settings.heartbeats import HeartbeatSettings
from infra.settings.tokens import TokenSettings
from infra.settings.webhooks import WebhookSettings


class FunctionSettings(
    ConnectionSettings, DeliverySettings, HeartbeatSettings, TokenSettings, WebhookSettings
):
    """What the functions are told, every one of them alike.

    A setting that one of them lacked would silently be its default there: a room would have other
    shards for who joins than for who delivers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _state_is_of_known_kinds(self) -> Self:
        own = json.loads(self.room_kinds or "{}")
        known = {"all", "none", *kinds_of_rooms.BUILT_IN, *own}
        unknown = set(self.room_state.split(",")) - known
        if unknown:
            raise ValueError(f"room_state: no such kind of rooms: {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _presence_is_of_joined_kinds(self) -> Self:
        """Check the kinds; everybody is in `global`, and alone in the room of a user."""
        own = json.loads(self.room_kinds or "{}")
        unknown = set(filter(None, self.presence_rooms.split(","))) - {"project", "agent", *own}
        if unknown:
            names = ", ".join(sorted(unknown))
            raise ValueError(f"presence_rooms: no kind of rooms that are joined: {names}")
        return self

    def variables(self) -> dict[str, str]:
        """Return the environment variables of a function; what is not set has none."""
        values = {name: getattr(self, name) for name in FunctionSettings.model_fields}
        return {variable(name): str(value) for name, value in values.items() if value != ""}


def variable(name: str) -> str:
    """Return the environment variable in which functions find a setting or a resource."""
    return f"ROOMCAST_{name.upper()}"
