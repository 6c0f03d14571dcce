"""Medians of repeated measurements: what a busy machine adds to one of them does not count."""

from collections.abc import Sequence
from statistics import median


def medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the median of each value that the rounds have."""
    return {name: median(once[name] for once in rounds) for name in rounds[0]}
