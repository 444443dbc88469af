"""Does the conclusion hold with other base loads and behaviours?"""

from dataclasses import dataclass

import numpy as np

from evenload.report.cases import Case, cases, mean, of, reference_case, seed_runs
from evenload.report.chart.dots import dot_strip
from evenload.report.figure import Figure, names
from evenload.report.numbers import NOTHING, count, percent, quantity
from evenload.report.results import StudyResults
from evenload.report.sections.strips import in_words, strip_rows


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case: for each strategy transformers over rating, EV peak per car and share unserved, means over seeds."""

    case: Case
    cells: list[tuple[str, str, str]]


def base_load_figures(results: StudyResults) -> list[Figure]:
    """Transformers over rating for each base load with the reference behaviour, on one axis."""
    behaviour = reference_case(results).behaviour
    own = [(load, seed_runs(results, Case(load, behaviour))) for load in results.base_loads]
    own = [(load, runs) for load, runs in own if len(runs)]
    top = max((float(runs["transformers_over"].max()) for _, runs in own), default=0.0)
    made = []
    for (load, runs), name in zip(own, names("base-load", [load for load, _ in own]), strict=True):
        rows = strip_rows(results, runs, "transformers_over", count)
        description = f"Transformers over rating with base load {load}, mean over seeds: {in_words(rows)}."
        made.append(Figure(name, f"Base load: {load}", dot_strip(rows, "transformers over rating", description, top)))
    return made


def case_table(results: StudyResults) -> list[CaseRow]:
    """Every case studied at the reference penetration."""
    made = []
    for case in cases(results):
        runs = seed_runs(results, case)
        if runs.empty:
            continue
        cells = []
        for strategy in results.strategies:
            needed, unserved = of(runs, strategy, "energy_kwh_needed"), of(runs, strategy, "energy_kwh_unserved")
            over = count(mean(of(runs, strategy, "transformers_over")))
            peak = quantity(mean(of(runs, strategy, "ev_peak_kw_per_car")))
            share = percent(float(np.nansum(unserved) / np.nansum(needed))) if np.nansum(needed) > 0 else NOTHING
            cells.append((over, peak, share))
        made.append(CaseRow(case, cells))
    return made
