"""EV peak per car over penetration, and snapback at the timer hour."""

import numpy as np
import pandas as pd
from markupsafe import Markup

from evenload.report.cases import mean, reference_case, reference_first, seed_runs
from evenload.report.chart.chart import Chart
from evenload.report.chart.dots import dot_strip, short
from evenload.report.chart.labels import spread
from evenload.report.chart.marks import marker
from evenload.report.chart.panel import Panel
from evenload.report.chart.scale import Scale, round_top, thinned
from evenload.report.chart.svg import element, join, line_path, text
from evenload.report.figure import CaseFigures, Figure
from evenload.report.numbers import percent, quantity
from evenload.report.results import StudyResults
from evenload.report.sections.strips import in_words, strip_rows
from evenload.report.strategies import Look, looks

_PEAK = "ev_peak_kw_per_car"
_SNAPBACK = "snapback_kw_per_car"
_EV_NIGHTS = "ev_days_over_share"
_TICK_GAP = 44.0


def peak_figures(results: StudyResults) -> list[CaseFigures]:
    """EV peak per car for each case: over penetration, or as dots where only one was studied."""
    made = []
    several = len(results.base_loads) * len(results.behaviours) > 1
    for case in reference_first(results):
        note = f"Base load {case.base_load}, behaviour {case.behaviour}" if several else ""
        runs = case.rows(results.runs)
        runs = runs[np.isfinite(runs[_PEAK])]
        if len(runs):
            figure = Figure("ev-peak", "EV peak per car", _peak_chart(results, runs), note)
            made.append(CaseFigures(case.base_load, case.behaviour, [figure]))
    return made


def snapback_figure(results: StudyResults) -> Figure | None:
    """Rise of EV load over the timer hour, one row for each strategy, dots for seeds."""
    runs = seed_runs(results, reference_case(results))
    if not np.isfinite(runs[_SNAPBACK]).any():
        return None
    rows = strip_rows(results, runs, _SNAPBACK)
    description = (
        f"Rise of EV load per car from the hour before {results.timer_clock} to the hour after, kW: {in_words(rows)}."
    )
    heading = f"Snapback at {results.timer_clock}" if results.timer_clock else "Snapback"
    note = "Hour before to hour after, per car"
    return Figure("snapback", heading, dot_strip(rows, "kW per car", description), note)


def ev_nights_figure(results: StudyResults) -> Figure | None:
    """Share of transformer-nights on which cars alone exceed the study's limit for them."""
    runs = seed_runs(results, reference_case(results))
    if not np.isfinite(runs[_EV_NIGHTS]).any():
        return None
    limit = quantity(results.ev_kw_per_home, "kW", digits=2)
    rows = strip_rows(results, runs.assign(**{_EV_NIGHTS: 100 * runs[_EV_NIGHTS]}), _EV_NIGHTS, _percent)
    description = f"Transformer-nights on which cars alone draw more than {limit} a home: {in_words(rows)}."
    heading = f"Cars alone above {limit} a home"
    note = "Nights on which a transformer's cars do"
    return Figure("ev-nights", heading, dot_strip(rows, "% of transformer-nights", description), note)


def _percent(value: float) -> str:
    return percent(value / 100)


def _peak_chart(results: StudyResults, runs: pd.DataFrame) -> Chart:
    levels = np.unique(runs["penetration"].to_numpy(dtype=np.float64))
    means = {name: _means(runs, name, levels) for name in results.strategies}
    last = "; ".join(f"{look.label} {quantity(mean(means[name][-1:]))}" for name, look in looks(results).items())
    description = f"EV peak per car, kW, mean over seeds at {percent(float(levels[-1]))} penetration: {last}."
    if levels.size == 1:
        return dot_strip(strip_rows(results, runs, _PEAK), "kW per car", description)
    low, high = 100 * float(levels[0]), 100 * float(levels[-1])
    top = round_top(float(runs[_PEAK].max()) * 1.05)
    panel = Panel(Scale(low, high, 36, 190), Scale(0.0, top, 250.0, 30.0))
    parts = [panel.value_axis("kW"), _penetration_axis(panel, levels)]
    look = looks(results)
    parts += [_curve(panel, runs, levels, means[name], look[name]) for name in results.strategies]
    parts.append(_ends(panel, means, look))
    return Chart(360, 298, description, join(*parts), narrow=True)


def _means(runs: pd.DataFrame, strategy: str, levels: np.ndarray) -> np.ndarray:
    own = runs[runs["strategy"] == strategy].groupby("penetration")[_PEAK].mean()
    return own.reindex(levels).to_numpy(dtype=np.float64)


def _penetration_axis(panel: Panel, levels: np.ndarray) -> Markup:
    """A line for every penetration studied, labelled where there is room."""
    ticks = [100 * float(level) for level in levels]
    shown = thinned([panel.x(tick) for tick in ticks], _TICK_GAP)
    labels = [percent(tick / 100) if keep else "" for tick, keep in zip(ticks, shown, strict=True)]
    return panel.number_axis(ticks, labels, "penetration, cars per home")


def _curve(panel: Panel, runs: pd.DataFrame, levels: np.ndarray, means: np.ndarray, look: Look) -> Markup:
    own = runs[runs["strategy"] == look.name]
    x, y = panel.x(100 * own["penetration"].to_numpy(dtype=np.float64)), panel.y(own[_PEAK].to_numpy(dtype=np.float64))
    parts = [element("circle", cx=a, cy=b, r=2.5, class_="dot") for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    path = line_path(panel.x(100 * levels), panel.y(means))
    parts.append(element("path", d=path, class_="line", stroke_dasharray=look.dash))
    for level, value in zip(levels.tolist(), means.tolist(), strict=True):
        if np.isfinite(value):
            parts.append(marker(look.marker, panel.x(100 * level), panel.y(value), "filled"))
    return element("g", *parts, class_=look.key, data_s=look.key)


def _ends(panel: Panel, means: dict[str, np.ndarray], look: dict[str, Look]) -> Markup:
    """Names beside the last point of each line, kept apart."""
    ended = {name: float(values[-1]) for name, values in means.items() if np.isfinite(values[-1])}
    places = spread([panel.y(value) for value in ended.values()], 15.0, panel.top, panel.bottom)
    parts = []
    for (name, value), y in zip(ended.items(), places, strict=True):
        key = look[name].key
        lead = element(
            "path", d=f"M{panel.right + 6:.1f} {panel.y(value):.1f}L{panel.right + 16:.1f} {y:.1f}", class_="lead"
        )
        words = text(f"{short(look[name].label, 17)} {quantity(value)}", panel.right + 20, y + 4, class_="direct")
        parts.append(element("g", lead, words, class_=key, data_s=key))
    return join(*parts)
