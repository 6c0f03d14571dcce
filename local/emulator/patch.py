"""Replacing a name of MiniStack, in a way that fails loudly when MiniStack has changed."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

MINISTACK_VERSION: Final = "1.5.33"
"""The version whose internals the rules were written against; pyproject.toml pins the same."""


class UnknownMiniStack(RuntimeError):
    """The installed MiniStack is not the one that the rules were written against."""


def check_version() -> None:
    """Raise `UnknownMiniStack` unless the installed MiniStack is `MINISTACK_VERSION`."""
    installed = version("ministack")
    if installed != MINISTACK_VERSION:
        raise UnknownMiniStack(
            f"local/emulator was written against MiniStack {MINISTACK_VERSION}, {installed} is "
            "installed: read what changed in the names that it replaces, then raise "
            "MINISTACK_VERSION"
        )


def wrap(owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    """Replace `owner.name` with `wrapper(owner.name)`; raise `UnknownMiniStack` if it is gone."""
    original = getattr(owner, name, None)
    if original is None:
        raise UnknownMiniStack(f"MiniStack has no {owner.__name__}.{name} to replace")
    setattr(owner, name, wrapper(original))
