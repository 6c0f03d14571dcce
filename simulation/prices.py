"""The prices of prices.json, their only place: us-east-1, list prices, no free tier, no tax."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulation.markdown import table

LOOKED_UP = "25 November 2026"

ENTRIES: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("prices.json").read_text())
"""By name `price` for so many (`per`) of a `unit`, and where and from when that was read.

`as_of` is the date of the source. `checked` is false for a price that no source at hand confirmed.
"""

PRICES: dict[str, float] = {name: entry["price"] / entry["per"] for name, entry in ENTRIES.items()}
"""Dollars for one of each."""

BILLION = 1_000_000_000


def tiered(name: str, count: float) -> float:
    """Return the dollars for so many in one month, of what is cheaper beyond a billion."""
    beyond = max(0.0, count - BILLION)
    return (count - beyond) * PRICES[name] + beyond * PRICES[f"{name}_beyond_a_billion"]


def all_prices(_constants: object) -> str:
    """Write every price with its source."""
    rows = [
        (
            f"`{name}`",
            f"${entry['price']:,.6g}" + (" a million" if entry["per"] > 1 else ""),
            entry["unit"],
            entry["as_of"] if entry.get("checked", True) else f"{entry['as_of']}, not checked",
            f"[{urlsplit(entry['source']).netloc}]({entry['source']})",
        )
        for name, entry in ENTRIES.items()
    ]
    return table(("price", "dollars", "for one", "as of", "read from"), rows)
