"""Does the conclusion hold with other base loads and behaviours?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from evenload.report.cases import Case, base_alone, cases, mean, of, reference_case, seed_runs
from evenload.report.chart.dots import dot_strip
from evenload.report.figure import Figure, names
from evenload.report.numbers import count, percent, plural, quantity
from evenload.report.results import StudyResults
from evenload.report.sections.strips import base_row, in_words, strip_rows
from evenload.report.strategies import HINDSIGHT, Look, key_strategies, looks, managed, of_kind

MEASURES: Final = ("Peak, kW", "Nights over", "Unserved")
"""System peak, share of transformer-nights over rating, and share of energy unserved."""
_PEAK, _NIGHTS = "system_peak_kw", "transformer_days_over_share"


@dataclass(frozen=True, slots=True)
class BehaviourRow:
    """One strategy (``None`` = base load alone): the measures in words for each base load."""

    look: Look | None
    cells: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class BehaviourTable:
    """All strategies under one behaviour and every base load."""

    behaviour: str
    base_loads: tuple[str, ...]
    rows: list[BehaviourRow]


def peak_figures(results: StudyResults) -> list[Figure]:
    """System peak for each base load with the reference behaviour, on one axis."""
    return _figures(results, _PEAK, "system_base_peak_kw", quantity, ("system peak, kW", "System peak"))


def over_figures(results: StudyResults) -> list[Figure]:
    """Transformers over rating for each base load with the reference behaviour, on one axis."""
    words = ("transformers over rating", "Transformers over rating")
    return _figures(results, "transformers_over", "transformers_over_base", count, words)


def behaviour_tables(results: StudyResults) -> list[BehaviourTable]:
    """A table for each behaviour at the reference penetration; means over seeds."""
    made = []
    for behaviour in results.behaviours:
        runs = {load: seed_runs(results, Case(load, behaviour)) for load in results.base_loads}
        known = {load: own for load, own in runs.items() if len(own)}
        if known:
            rows = [BehaviourRow(None, [(_base_peak(own), "", "") for own in known.values()])]
            for name, look in looks(results).items():
                rows.append(BehaviourRow(look, [_cell(own, name) for own in known.values()]))
            made.append(BehaviourTable(behaviour, tuple(known), rows))
    return made


def verdict(results: StudyResults) -> str:
    """Over all cases: where the managed strategy has the lowest peak and the fewest nights over, and at what price.

    "" where it has no rival.
    """
    hero = managed(results)
    if hero is None or len(results.strategies) - len(of_kind(results, HINDSIGHT)) < 2:
        return ""
    every = [runs for case in cases(results) if len(runs := seed_runs(results, case))]
    won = [sum(_wins(results, runs, hero, column) for runs in every) for column in (_PEAK, _NIGHTS)]
    total = f"all {len(every)} cases" if len(every) > 1 else "the one case studied"
    peak, nights = (total if n == len(every) else f"{n} of {plural(len(every), 'case')}" for n in won)
    fewest = "no more transformer-nights over rating than any rival"
    lowest = "has the lowest system peak" + ("" if peak == nights else f" in {peak},")
    first = f"{looks(results)[hero].label} {lowest} and {fewest} in {nights}."
    worst = {name: _worst_unserved(every, name) for name in key_strategies(results)}
    if not np.isfinite(worst[hero]):
        return first
    rest = [f"{looks(results)[name].label.lower()} {percent(share)}" for name, share in worst.items() if name != hero]
    against = f" ({', '.join(rest)})" if rest else ""
    return f"{first} At most it leaves {percent(worst[hero])} of the energy unserved{against}."


def _worst_unserved(every: list[pd.DataFrame], strategy: str) -> float:
    """Highest share unserved of the cases in which energy was needed, NaN where none was."""
    return max((share for runs in every if np.isfinite(share := _unserved(runs, strategy))), default=float("nan"))


def _wins(results: StudyResults, runs: pd.DataFrame, hero: str, column: str) -> bool:
    """Whether no strategy of another kind is lower; variants of the hero and what knows the future are no rivals."""
    own, unfair = looks(results)[hero].hue, of_kind(results, HINDSIGHT)
    fair = [name for name, look in looks(results).items() if look.hue != own and name not in unfair]
    rivals = [mean(of(runs, name, column)) for name in fair]
    return mean(of(runs, hero, column)) <= min((v for v in rivals if np.isfinite(v)), default=np.inf) + 1e-9


def _figures(
    results: StudyResults, column: str, base_column: str, write: Callable[[float], str], words: tuple[str, str]
) -> list[Figure]:
    behaviour = reference_case(results).behaviour
    own = [(load, seed_runs(results, Case(load, behaviour))) for load in results.base_loads]
    own = [(load, runs) for load, runs in own if len(runs)]
    top = max((float(np.nan_to_num(runs[[column, base_column]].max().max())) for _, runs in own), default=0.0)
    axis, title = words
    made = []
    for (load, runs), name in zip(own, names(column.replace("_", "-"), [load for load, _ in own]), strict=True):
        rows = base_row(base_alone(runs, base_column), write) + strip_rows(results, runs, column, write)
        description = f"{title} with base load {load}, mean over seeds: {in_words(rows)}."
        made.append(Figure(name, f"Base load: {load}", dot_strip(rows, axis, description, top)))
    return made


def _unserved(runs: pd.DataFrame, strategy: str) -> float:
    """Share of energy unserved over all seeds, NaN where nothing was needed."""
    needed, unserved = of(runs, strategy, "energy_kwh_needed"), of(runs, strategy, "energy_kwh_unserved")
    return float(np.nansum(unserved) / np.nansum(needed)) if np.nansum(needed) > 0 else float("nan")


def _cell(runs: pd.DataFrame, strategy: str) -> tuple[str, str, str]:
    peak, nights = mean(of(runs, strategy, _PEAK)), mean(of(runs, strategy, _NIGHTS))
    return quantity(peak), percent(nights), percent(_unserved(runs, strategy))


def _base_peak(runs: pd.DataFrame) -> str:
    return quantity(mean(base_alone(runs, "system_base_peak_kw")))
