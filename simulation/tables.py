"""All tables of docs/scale.md, by the names that stand in its marks."""

from collections.abc import Callable

from simulation import calculated, simulated
from simulation.constants import Constants

SIMULATED: dict[str, Callable[[Constants], str]] = {
    "rooms": simulated.rooms,
    "quotas": simulated.quotas,
    "page_size": simulated.page_size,
    "page_workers": simulated.page_workers,
    "small_rooms": simulated.small_rooms,
    "overload": simulated.overload,
    "sensitivity": simulated.sensitivity,
    "deliveries": calculated.deliveries,
}

CALCULATED: dict[str, Callable[[Constants], str]] = {
    "rows": calculated.rows_of_tables,
    "joining": calculated.joining,
    "heartbeats": calculated.heartbeats,
    "overlap": calculated.overlap,
    "months": calculated.months,
    "constants": calculated.constants_used,
}

TABLES = SIMULATED | CALCULATED
