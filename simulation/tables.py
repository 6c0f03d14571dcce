"""All tables of docs/scale.md, by the names that stand in its marks."""

from collections.abc import Callable

from simulation import papers, studies
from simulation.constants import Constants

SIMULATED: dict[str, Callable[[Constants], str]] = {
    "rooms": studies.rooms,
    "raised": studies.raised,
    "page_size": studies.page_size,
    "page_workers": studies.page_workers,
    "pace": studies.pace,
    "small_rooms": studies.small_rooms,
    "overload": studies.overload,
    "sensitivity": studies.sensitivity,
    "deliveries": papers.deliveries,
}

CALCULATED: dict[str, Callable[[Constants], str]] = {
    "rows": papers.rows_of_tables,
    "joining": papers.joining,
    "heartbeats": papers.heartbeats,
    "overlap": papers.overlap,
    "months": papers.months,
    "constants": papers.constants_used,
}

TABLES = SIMULATED | CALCULATED
