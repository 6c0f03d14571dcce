"""PyJWT, imported when the first token comes or a container starts, and no more of it than needed.

Where PyJWT finds cryptography it imports it, which takes 45 ms of 60. Key pairs need it, shared
secrets do not: for these PyJWT is imported as if cryptography were not there, which it is made for.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType

SHARED_SECRET = frozenset({"HS256", "HS384", "HS512"})


@cache
def pyjwt(algorithms: tuple[str, ...]) -> ModuleType:
    """Return PyJWT for these algorithms. A process uses one kind of keys, as its settings say."""
    if SHARED_SECRET.issuperset(algorithms):
        with _not_found("cryptography"):
            return import_module("jwt")
    return import_module("jwt")


@contextmanager
def _not_found(name: str) -> Iterator[None]:
    """Let imports of a module fail, unless it is imported already.

    https://docs.python.org/3/reference/import.html#the-module-cache
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
