"""Texts from GitHub, cut so that the event they stand in can be delivered.

A description can take 65,536 characters, up to four bytes each, which is twice what one message
to a client holds. Better its beginning than no event.
"""

from bisect import bisect_right
from typing import Final

from roomcast.envelope import encode

MARK: Final = "…"
"""Stands at the end of a text that was cut."""


def shortened(text: str, limit: int) -> str:
    """Return `text`, cut at its end and marked when it takes over `limit` bytes as JSON."""
    if size(text) <= limit:
        return text
    room = limit - size(MARK)
    fitting = bisect_right(range(len(text)), room, key=lambda end: size(text[:end])) - 1
    return text[: max(fitting, 0)] + MARK


def size(text: str) -> int:
    """Return how many bytes the text takes between its quotes."""
    return len(encode(text).encode()) - 2
