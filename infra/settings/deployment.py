"""All settings of one deployment, read from the CDK's context."""

from collections.abc import Mapping
from difflib import get_close_matches
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

ALIKE = 0.5
"""How much of a name is right at least where another one is named; 1 is all of it."""

CDK_NAMES = ("acknowledged-issue-numbers",)
"""Context values of the CDK's command line whose names look like those of settings."""


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
        return cls.from_values(node.get_all_context())

    @classmethod
    def from_values(cls, context: Mapping[str, Any]) -> Self:
        """Read the settings from context values, of which some are the CDK's own, or None.

        Raises `pydantic.ValidationError` also for a name that no setting has.
        """
        given = {name: context[name] for name in context if not is_of_the_cdk(name)}
        return cls(**{name: value for name, value in given.items() if value is not None})

    @property
    def origins(self) -> list[str]:
        """The allowed origins, one by one."""
        return [origin.strip() for origin in self.allowed_origins.split(",") if origin.strip()]


def is_of_the_cdk(name: str) -> bool:
    """Tell whether a context value is the CDK's own: `aws:…`, `@aws-cdk/…`, `hosted-zone:…`.

    https://docs.aws.amazon.com/cdk/v2/guide/context.html
    """
    return ":" in name or "/" in name or name in CDK_NAMES


def meant(name: str) -> str:
    """Return the setting that a context value's name resembles; empty when there is none."""
    return next(iter(get_close_matches(name, Settings.model_fields, n=1, cutoff=ALIKE)), "")


def problems(refused: ValidationError) -> str:
    """Return one line for each setting that cannot be used, with its value."""
    lines = []
    for error in refused.errors():
        name = ".".join(str(part) for part in error["loc"])
        got = f" {name}={error['input']!r}:" if name else ""
        unknown = error["type"] == "extra_forbidden"
        message = _unknown(name) if unknown else error["msg"]
        lines.append(f"Bad setting:{got} {message}")
    return "\n".join(lines)


def _unknown(name: str) -> str:
    nearest = meant(name)
    advice = f"did you mean {nearest}?" if nearest else "docs/settings.md has them all"
    return f"no such setting, {advice}"
