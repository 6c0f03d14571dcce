"""Truncates texts from GitHub, so that their event can be delivered.

A description can have 65,536 characters of up to four bytes each, which is twice the size of the
largest message to a client. Clients then get the beginning of the description.
"""

from bisect import bisect_right
from typing import Final

from roomcast.envelope import encode

MARK: Final = "…"
"""The last character of a truncated text."""


def truncated(text: str, limit: int) -> str:
    """Return `text`, truncated and marked if it takes more than `limit` bytes as JSON."""
    if size(text) <= limit:
        return text
    space = limit - size(MARK)
    fitting = bisect_right(range(len(text)), space, key=lambda end: size(text[:end])) - 1
    return text[: max(fitting, 0)] + MARK


def size(text: str) -> int:
    """Return the number of bytes that `text` takes as JSON, without the quotes."""
    return len(encode(text).encode()) - 2
