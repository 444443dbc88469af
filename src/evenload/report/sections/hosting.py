"""Hosting capacity: the highest penetration that meets the criterion, P50 and P90 over seeds."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from evenload.report.cases import Case, base_alone, cases, of, reference_case
from evenload.report.chart.chart import Chart
from evenload.report.chart.dots import row_label
from evenload.report.chart.marks import marker
from evenload.report.chart.panel import Panel
from evenload.report.chart.scale import Scale
from evenload.report.chart.svg import element, join, text
from evenload.report.figure import Figure, names
from evenload.report.hosting_capacity import supported
from evenload.report.numbers import NOTHING, count, percent, plural
from evenload.report.results import StudyResults
from evenload.report.strategies import Look, looks

_LEFT, _RIGHT, _TOP, _ROW = 112, 252, 14, 30
_FAILS: Final = -1.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """Penetration that 50 % and 90 % of the seeds support; -1 = not even the lowest studied, NaN = not studied."""

    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class HostingRow:
    """One strategy; ``cells`` hold P50 and P90 in words for each case."""

    look: Look
    cells: list[tuple[str, str]]


def capacity(results: StudyResults, case: Case, strategy: str) -> Capacity:
    """Capacity of one strategy in one case over its seeds."""
    values = of(case.rows(results.hosting), strategy, "capacity").tolist()
    return Capacity(supported(values, 0.5), supported(values, 0.9))


def hosting_figures(results: StudyResults) -> list[Figure]:
    """A picture for each base load with the reference behaviour, all on one axis."""
    if results.hosting.empty:
        return []
    behaviour = reference_case(results).behaviour
    made = []
    for load, name in zip(results.base_loads, names("hosting", results.base_loads), strict=True):
        chart = _chart(results, Case(load, behaviour))
        made.append(Figure(name, f"Base load: {load}", chart, base_alone_fails(results, load)))
    return made


def hosting_table(results: StudyResults) -> list[HostingRow]:
    """A row for each strategy with P50 and P90 of every case in the order of ``cases``."""
    if results.hosting.empty:
        return []
    made = []
    for name, look in looks(results).items():
        found = [capacity(results, case, name) for case in cases(results)]
        made.append(HostingRow(look, [(in_words(results, one.p50), in_words(results, one.p90)) for one in found]))
    return made


def base_alone_fails(results: StudyResults, base_load: str) -> str:
    """Says where base load alone already breaks the criterion, so that no strategy can pass; "" where it does not."""
    runs = results.runs[results.runs["base_load"] == base_load]
    over, total = base_alone(runs, "transformers_over_base"), base_alone(runs, "transformers")
    known = np.isfinite(over) & np.isfinite(total) & (total > 0)
    over, total = over[known], total[known]
    failing = over > results.over_share * total + 1e-9
    if not failing.any():
        return ""
    low, high = count(float(over[failing].min())), count(float(over[failing].max()))
    words = low if low == high else f"{low} to {high}"
    words = f"Base load alone overloads {words} of {plural(float(total.max()), 'transformer')}"
    if failing.all():
        return f"{words}: no strategy can pass."
    return f"{words} in {int(failing.sum())} of {failing.size} seeds: no strategy can pass there."


def in_words(results: StudyResults, value: float) -> str:
    """A capacity as text; the ends of the studied range are open, and say so."""
    low, high = _studied(results)
    if not math.isfinite(value):
        return NOTHING
    if value < low - 1e-9:
        return f"< {percent(low)}"
    return f"≥ {percent(value)}" if value >= high - 1e-9 else percent(value)


def _words(results: StudyResults, found: Capacity) -> str:
    if not math.isfinite(found.p50):
        return NOTHING
    return f"{in_words(results, found.p50)} (P90 {in_words(results, found.p90)})"


def _studied(results: StudyResults) -> tuple[float, float]:
    levels = results.runs["penetration"].to_numpy(dtype=np.float64)
    levels = levels[np.isfinite(levels)]
    return (float(levels.min()), float(levels.max())) if levels.size else (0.0, 1.0)


def _chart(results: StudyResults, case: Case) -> Chart:
    look = looks(results)
    _, high = _studied(results)
    bottom = float(_TOP + _ROW * len(look))
    panel = Panel(Scale(0.0, 100 * max(high, 0.01), _LEFT, _RIGHT), Scale(0.0, 1.0, bottom, _TOP))
    ticks = panel.x.ticks(3)
    parts = [panel.number_axis(ticks, [percent(tick / 100) for tick in ticks], "penetration, cars per home")]
    words = []
    for i, one in enumerate(look.values()):
        found = capacity(results, case, one.name)
        parts.append(_row(results, panel, one, found, _TOP + _ROW * (i + 0.5)))
        words.append(f"{one.label} {_words(results, found)}")
    description = f"Hosting capacity with base load {case.base_load}: {'; '.join(words)}."
    return Chart(360, int(bottom) + 48, description, join(*parts), narrow=True)


def _row(results: StudyResults, panel: Panel, look: Look, found: Capacity, y: float) -> Markup:
    parts = [row_label(look.label, _LEFT - 10, y)]
    if math.isfinite(found.p50):
        x50, x90 = (panel.x(100 * max(value, 0.0)) for value in (found.p50, found.p90))
        parts.append(element("line", x1=panel.left, x2=x90, y1=y, y2=y, class_="bar"))
        parts.append(element("line", x1=x90, x2=x50, y1=y, y2=y, class_="bar faint"))
        parts.append(marker(look.marker, x50, y, "filled"))
        parts.append(marker(look.marker, x90, y, "hollow"))
    both = [in_words(results, value) for value in (found.p50, found.p90)]
    words = both[0] if both[0] == both[1] else f"{both[0]} | {both[1]}"
    parts.append(text(words, panel.right + 10, y + 4, class_="value"))
    return element("g", *parts, class_=look.key, data_s=look.key)
