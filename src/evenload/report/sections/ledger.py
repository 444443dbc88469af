"""Energy unserved with its reasons, cost and carbon for each strategy."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from evenload.base.units import FloatArray
from evenload.report.cases import of, ratio, reference_case, seed_runs
from evenload.report.numbers import NOTHING, amount, count, quantity, span
from evenload.report.results import StudyResults
from evenload.report.strategies import Look, looks

REASONS: Final = (
    ("unserved_kwh_too_short", "Plugged in too briefly"),
    ("unserved_kwh_left_early", "Left before the declared time"),
    ("unserved_kwh_circuit_limit", "Circuit at its limit"),
    ("unserved_kwh_outside_hours", "Outside allowed hours"),
)
_OUTSIDE: Final = (
    ("energy_kwh_lost", "Lost in skipped plug-ins"),
    ("energy_kwh_beyond_power", "Claimed beyond power × stay"),
)
"""Energy that is not part of what was needed, so that no strategy could deliver it."""
_WRITTEN: Final = {"sessions_short": count, "cost": amount}


@dataclass(frozen=True, slots=True)
class Cell:
    """A mean over seeds with its span ("" where there is one seed)."""

    mean: str
    span: str = ""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One strategy; ``cells`` follow the columns of the ledger."""

    look: Look
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The table: column heads (words, unit) and a row for each strategy; ``silent`` says what was not studied."""

    columns: list[tuple[str, str]]
    rows: list[LedgerRow]
    silent: list[str]


def ledger(results: StudyResults) -> Ledger:
    """Means and spans over seeds of the reference case."""
    runs = seed_runs(results, reference_case(results))
    columns = [("energy_kwh_needed", "Needed", "kWh"), ("energy_kwh_unserved", "Unserved", "kWh")]
    columns += [(name, words, "kWh") for name, words in REASONS if _says_something(runs, name)]
    columns += [(name, words, "kWh") for name, words in _OUTSIDE if _says_something(runs, name)]
    columns.append(("sessions_short", "Sessions left short", ""))
    silent = []
    if results.currency and np.isfinite(runs["cost"]).any():
        columns += [("cost", "Cost", results.currency), ("unit_cost", "Cost per kWh", results.currency)]
    else:
        silent.append("no price, so no cost")
    if _says_something(runs, "carbon_kg"):
        columns.append(("carbon_kg", "Carbon", "kg CO₂"))
    else:
        silent.append("no carbon signal, so no emissions")
    runs = runs.assign(unit_cost=ratio(runs, "cost", "energy_kwh_delivered"))
    rows = [
        LedgerRow(look, [_cell(of(runs, name, column), column) for column, _, _ in columns])
        for name, look in looks(results).items()
    ]
    return Ledger([(words, unit) for _, words, unit in columns], rows, silent)


def _says_something(runs: pd.DataFrame, column: str) -> bool:
    values = runs[column].to_numpy(dtype=np.float64)
    return bool(np.any(np.isfinite(values) & (values != 0)))


def _cell(values: FloatArray, column: str) -> Cell:
    known = values[np.isfinite(values)]
    if not known.size:
        return Cell(NOTHING)
    write = _WRITTEN.get(column, quantity)
    return Cell(write(float(known.mean())), span(known.tolist(), write))
