"""Types of settings that several modules use."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from infra import lists

Listed = Annotated[str, BeforeValidator(lists.as_text)]
"""Several values, as text with commas between them, or as a list (of Python or in JSON)."""

Claim = Annotated[str, Field(pattern=r"^[^\s,]+$")]
"""The name of a claim, or a path of names with dots between them."""
