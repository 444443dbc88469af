"""Headline tiles: one measure each, all strategies, the mean over seeds and its span."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenload.report.cases import base_alone, mean, of, reference_case, seed_runs, seeds, with_unserved_share
from evenload.report.numbers import amount, count, percent, quantity, span
from evenload.report.results import StudyResults
from evenload.report.strategies import Look, looks

_UNSERVED_AXIS = 0.05


@dataclass(frozen=True, slots=True)
class TileRow:
    """One strategy in a tile: the mean over seeds, "lowest to highest" where they differ, and its bar (0-1)."""

    look: Look
    value: str
    over_seeds: str
    bar: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One measure for all strategies; ``mark`` (0-1) is where base load alone stands on the bars, ``None`` nowhere."""

    title: str
    note: str
    rows: list[TileRow]
    mark: float | None = None


@dataclass(frozen=True, slots=True)
class _Measure:
    """How a column becomes a tile: bars run from 0 to ``full``, or to the highest value where that is more."""

    title: str
    column: str
    write: Callable[[float], str]
    full: float = 0.0


def tiles(results: StudyResults) -> list[Tile]:
    """Headline tiles of the reference case: those whose numbers exist."""
    runs = with_unserved_share(seed_runs(results, reference_case(results)))
    made = [_peak(results, runs), _over(results, runs), _unserved(results, runs)]
    if results.currency:
        dates = results.period.partition(",")[0]
        note = f"{results.currency}, {dates}" if dates else results.currency
        made.append(_tile(results, runs, _Measure("Cost of charging", "cost", amount), note))
    return made


def seeds_in_words(results: StudyResults) -> str:
    """What the numbers of the tiles are."""
    number = seeds(seed_runs(results, reference_case(results)))
    if number < 2:
        return "One seed was run, so no span is known."
    return f"Numbers are means over {number} seeds, the small print is the lowest and highest of them."


def _peak(results: StudyResults, runs: pd.DataFrame) -> Tile:
    base = mean(base_alone(runs, "system_base_peak_kw"))
    note = "kW, the highest of the period"
    measure = _Measure("System peak", "system_peak_kw", quantity)
    if np.isfinite(base):
        note += f"; the mark is base load alone, {quantity(base)}"
    return _tile(results, runs, measure, note, base)


def _over(results: StudyResults, runs: pd.DataFrame) -> Tile:
    total = float(np.nan_to_num(runs["transformers"].max())) if len(runs) else 0.0
    base = mean(base_alone(runs, "transformers_over_base"))
    note = f"of {total:,.0f}" + (f"; base load alone, {count(base)}" if np.isfinite(base) else "")
    if base > 0:
        note = f"of {total:,.0f}; the mark is base load alone, {count(base)}"
    measure = _Measure("Transformers over rating", "transformers_over", count, total)
    return _tile(results, runs, measure, note, base if base > 0 else np.nan)


def _unserved(results: StudyResults, runs: pd.DataFrame) -> Tile:
    """On an axis of 5 % at least, so that a trace of unserved energy does not fill a bar."""
    little = all(not mean(of(runs, name, "unserved")) > _UNSERVED_AXIS for name in results.strategies)
    note = "of the energy needed" + (f"; full bar {percent(_UNSERVED_AXIS)}" if little else "")
    return _tile(results, runs, _Measure("Energy unserved", "unserved", percent, _UNSERVED_AXIS), note)


def _tile(results: StudyResults, runs: pd.DataFrame, measure: _Measure, note: str, mark: float = np.nan) -> Tile:
    values = {name: mean(of(runs, name, measure.column)) for name in results.strategies}
    top = max([measure.full, *(value for value in values.values() if np.isfinite(value))])
    rows = []
    for name, look in looks(results).items():
        over_seeds = span(of(runs, name, measure.column).tolist(), measure.write)
        rows.append(TileRow(look, measure.write(values[name]), over_seeds, _share(values[name], top)))
    return Tile(measure.title, note, rows, _share(mark, top) if np.isfinite(mark) else None)


def _share(value: float, top: float) -> float:
    """Part of a bar, 0 to 1; what reads as nothing has none."""
    return round(min(max(value / top, 0.0), 1.0), 3) if top > 0 and np.isfinite(value) else 0.0
