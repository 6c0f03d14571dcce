"""Durations as people write them: 90s, 15m, 1h, 7d."""

import re
from datetime import timedelta
from typing import Final

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta | None:
    """Return a duration, None for a text that is none."""
    given = re.fullmatch(r"(\d{1,6})([smhd])", text, re.ASCII)
    return timedelta(**{UNITS[given[2]]: int(given[1])}) if given else None
