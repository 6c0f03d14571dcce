"""The settings that functions are told, as environment variables."""

from pydantic import ConfigDict

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

    def variables(self) -> dict[str, str]:
        """Return the environment variables of a function; what is not set has none."""
        values = {name: getattr(self, name) for name in FunctionSettings.model_fields}
        return {variable(name): str(value) for name, value in values.items() if value != ""}


def variable(name: str) -> str:
    """Return the environment variable in which functions find a setting or a resource."""
    return f"ROOMCAST_{name.upper()}"
