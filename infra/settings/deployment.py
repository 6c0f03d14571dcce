"""All settings of one deployment, read from the CDK's context."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError

from infra.settings.capacity import CapacitySettings
from infra.settings.edge import EdgeSettings
from infra.settings.functions import FunctionSettings
from infra.settings.operation import OperationSettings
from infra.settings.secrets import SecretSettings
from infra.settings.target import TargetSettings

if TYPE_CHECKING:  # the CDK's library starts Node, and what reads settings need not wait for it
    from constructs import Node


class Settings(
    FunctionSettings,
    TargetSettings,
    SecretSettings,
    CapacitySettings,
    OperationSettings,
    EdgeSettings,
):
    """What can be set for one deployment; an empty string means: not set."""

    @classmethod
    def from_context(cls, node: "Node") -> Self:
        """Read the settings from an app's context; raise `pydantic.ValidationError` for bad ones.

        Values given with `-c` are strings and are read as what the setting asks for.
        """
        return cls.from_values({name: node.try_get_context(name) for name in cls.model_fields})

    @classmethod
    def from_values(cls, context: Mapping[str, Any]) -> Self:
        """Read the settings from context values, of which some are those of others or None."""
        given = {name: context.get(name) for name in cls.model_fields}
        return cls(**{name: value for name, value in given.items() if value is not None})

    @property
    def origins(self) -> list[str]:
        """The allowed origins, one by one."""
        return [origin.strip() for origin in self.allowed_origins.split(",") if origin.strip()]


def problems(refused: ValidationError) -> str:
    """Return one line for each setting that cannot be used, with its value."""
    lines = []
    for error in refused.errors():
        name = ".".join(str(part) for part in error["loc"])
        got = f" {name}={error['input']!r}:" if name else ""
        lines.append(f"Bad setting:{got} {error['msg']}")
    return "\n".join(lines)
