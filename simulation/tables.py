"""All tables of docs/scale.md and docs/cost.md, by the names that stand in their marks."""

from collections.abc import Callable

from simulation import (
    calculated,
    calculated_costs,
    calculated_polling,
    metered,
    prices,
    simulated,
    unit_costs,
)
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
    "constants": calculated.constants_used,
    "actions": metered.calls_of_actions,
    "per_action": calculated_costs.per_action,
    "strangers": calculated_costs.without_token,
    "keep_alive": calculated_costs.keep_alive,
    "months": calculated_costs.months,
    "savings": calculated_costs.savings,
    "at_most": calculated_costs.at_most,
    "alternatives_idle": calculated_costs.alternatives_idle,
    "alternatives_busy": calculated_costs.alternatives_busy,
    "polling_connects": calculated_polling.connects,
    "polling_steps": calculated_polling.steps,
    "polling_months": calculated_polling.months,
    "unit_costs": unit_costs.as_counted,
    "prices": prices.all_prices,
}

TABLES = SIMULATED | CALCULATED
