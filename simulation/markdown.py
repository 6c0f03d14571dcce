"""Tables in Markdown, and the document that they stand in."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

Cell = str | int | float
Row = Sequence[Cell]

_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Row]) -> str:
    """Write a table; numbers are written as `shown` does."""
    lines = [head, ["---"] * len(head), *([shown(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def shown(value: Cell) -> str:
    """Write a number with as many digits as it can carry."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or value >= 100 or value == int(value):  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004


def seconds(value: float) -> str:
    """Write a time."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{shown(value)} s"


def percent(value: float) -> str:
    """Write a part of a whole."""
    return f"{value:.0%}"


def dollars(value: float) -> str:
    """Write an amount of money."""
    if value >= 100:  # noqa: PLR2004
        return f"${value:,.0f}"
    return f"${value:.2f}" if value >= 0.1 else f"${value:.4f}"  # noqa: PLR2004


def names(document: Path) -> list[str]:
    """Return the tables that a document has room for."""
    return [name for _, name, _ in _BLOCK.findall(document.read_text())]


def fill(document: Path, tables: Mapping[str, Callable[[], str]]) -> None:
    """Write tables into a document, each between its marks; leave the others as they are."""

    def filled(found: re.Match[str]) -> str:
        name = found[2]
        return found[1] + tables[name]() + found[3] if name in tables else found[0]

    document.write_text(_BLOCK.sub(filled, document.read_text()))
