"""Headline tiles: one measure each, all strategies, the reference run and its span over seeds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenload.report.cases import of, reference_case, reference_value, seed_runs, with_unserved_share
from evenload.report.numbers import count, percent, quantity
from evenload.report.results import StudyResults
from evenload.report.strategies import Look, looks


@dataclass(frozen=True, slots=True)
class TileRow:
    """One strategy in a tile: the value at the reference seed, the span over seeds, and its bar (0-1)."""

    look: Look
    value: str
    over_seeds: str
    bar: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One measure for all strategies."""

    title: str
    note: str
    rows: list[TileRow]


def tiles(results: StudyResults) -> list[Tile]:
    """Headline tiles of the reference case: those whose numbers exist."""
    runs = seed_runs(results, reference_case(results))
    total = int(np.nan_to_num(runs["transformers"].max())) if len(runs) else 0
    made = [
        _tile(results, runs, "EV peak per car", "kW, mean of the daily peaks", "ev_peak_kw_per_car", quantity),
        _tile(results, runs, "Transformers over rating", f"of {total:,}", "transformers_over", count),
        _tile(results, with_unserved_share(runs), "Energy unserved", "of the energy needed", "unserved", percent),
    ]
    if results.currency:
        cost = f"{results.currency} for {results.period}" if results.period else results.currency
        made.append(_tile(results, runs, "Cost of charging", cost, "cost", lambda value: quantity(value, digits=4)))
    return made


def _tile(
    results: StudyResults, runs: pd.DataFrame, title: str, note: str, column: str, write: Callable[[float], str]
) -> Tile:
    values = {name: reference_value(results, runs, name, column) for name in results.strategies}
    top = max((v for v in values.values() if np.isfinite(v)), default=0.0)
    rows = []
    for name, look in looks(results.strategies).items():
        bar = max(0.0, values[name] / top) if top > 0 and np.isfinite(values[name]) else 0.0
        rows.append(TileRow(look, write(values[name]), _over_seeds(of(runs, name, column), write), round(bar, 3)))
    return Tile(title, note, rows)


def _over_seeds(values: np.ndarray, write: Callable[[float], str]) -> str:
    known = values[np.isfinite(values)]
    if known.size < 2:
        return ""
    low, high = write(float(known.min())), write(float(known.max()))
    return f"{low} in all {known.size} seeds" if low == high else f"{low} to {high} in {known.size} seeds"
