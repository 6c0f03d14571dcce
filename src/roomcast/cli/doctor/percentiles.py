"""Percentiles of measured times."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of the values do not exceed (nearest rank).

    Raises `ValueError` without values, and for a percentage outside 0 to 100.
    """
    if not values:
        raise ValueError("values: expected at least one")
    if not 0 < percent <= 100:  # noqa: PLR2004
        raise ValueError("percent: expected more than 0 and at most 100")
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Return `p50` and `p99` of times in seconds, as whole milliseconds."""
    return {f"p{percent}": round(percentile(seconds, percent) * 1000) for percent in (50, 99)}
