"""Settings of the target: where the stack runs, and under which name."""

from typing import Final, Literal

from pydantic import BaseModel, Field

EMULATOR_PORT: Final = "EmulatorPort"
"""The parameter of the local target's template that tells the port: one template fits all."""


class TargetSettings(BaseModel):
    """Where the stack runs."""

    target: Literal["aws", "local"] = Field(
        "aws", description="Where the stack will run: on AWS, or on the emulator of `make dev`."
    )
    stack_name: str = Field(
        "Roomcast",
        pattern="^[A-Za-z][A-Za-z0-9-]{0,39}$",
        description="Name of the stack and of its event bus; the edge's has `Edge` appended. "
        "Letters, digits and hyphens, at most 40, beginning with a letter. "
        "Deploy the service twice in one account under two names.",
    )
