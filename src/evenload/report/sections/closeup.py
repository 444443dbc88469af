"""One transformer on its worst night: a layer for each car over the base load, against the rating."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from evenload.base.local_clock import clock_text
from evenload.base.units import MINUTES_PER_DAY, MINUTES_PER_HOUR, FloatArray
from evenload.report.chart.chart import Chart, Series, line_reading
from evenload.report.chart.labels import text_width
from evenload.report.chart.panel import NEXT_NOON, NOON, Panel
from evenload.report.chart.scale import Scale, round_top
from evenload.report.chart.svg import area_path, element, join, line_path, stairs, text
from evenload.report.figure import Figure, names
from evenload.report.limits import excess_kw
from evenload.report.numbers import quantity
from evenload.report.results import StudyResults
from evenload.report.strategies import Look, key_strategies, looks

BASE: Final = "base"
_LABEL_HEIGHT: Final = 12.0


@dataclass(frozen=True, slots=True)
class Stack:
    """Layers of one strategy, kW by step: ``edges`` (n + 1,) minutes, ``cars`` by name in order of first charging."""

    edges: FloatArray
    base_kw: FloatArray
    cars: dict[str, FloatArray]
    limit_kw: FloatArray

    @property
    def total_kw(self) -> FloatArray:
        """Base load and all cars."""
        return self.base_kw + sum(self.cars.values(), np.zeros(self.base_kw.size))

    @property
    def over_kwh(self) -> float:
        """Energy above the rating."""
        over = excess_kw(self.total_kw, self.limit_kw)
        return float(np.nansum(over * np.diff(self.edges)) / MINUTES_PER_HOUR)


def closeups(results: StudyResults) -> list[Figure]:
    """A picture for each strategy in the frame, the key ones first, all on one vertical scale."""
    stacks = {name: _stack(results.closeup, name) for name in _order(results)}
    if not stacks:
        return []
    top = max(highest(stack) for stack in stacks.values())
    low = min(0.0, *(float(np.nanmin(stack.base_kw)) for stack in stacks.values()))
    scale = Scale(-round_top(-low) if low < 0 else 0.0, 1.08 * top if top > 0 else 1.0, 270.0, 36.0)
    look = looks(results)
    files = names("transformer", list(stacks))
    return [_figure(stack, look[one], scale, file) for file, (one, stack) in zip(files, stacks.items(), strict=True)]


def closeup_place(results: StudyResults) -> str:
    """Which transformer and night the pictures show, "" where there are none."""
    if results.closeup.empty:
        return ""
    first = results.closeup.iloc[0]
    return f"{first['node']}, noon to noon from {first['date']}"


def _order(results: StudyResults) -> list[str]:
    there = set(results.closeup["strategy"].tolist())
    first = key_strategies(results)
    return [name for name in dict.fromkeys([*first, *results.strategies]) if name in there]


def _stack(closeup: pd.DataFrame, strategy: str) -> Stack:
    rows = closeup[closeup["strategy"] == strategy]
    table = rows.pivot_table(index="minute", columns="layer", values="power_kw", aggfunc="sum").sort_index()
    minutes = table.index.to_numpy(dtype=np.float64)
    step = float(np.diff(minutes).min()) if minutes.size > 1 else float(MINUTES_PER_HOUR)
    limit = rows.groupby("minute")["limit_kw"].first().reindex(table.index).to_numpy(dtype=np.float64)
    layers = {str(name): np.nan_to_num(table[name].to_numpy(dtype=np.float64)) for name in table.columns}
    base = layers.pop(BASE, np.zeros(minutes.size))
    charging = {name: kw for name, kw in layers.items() if np.any(kw != 0)}
    cars = dict(sorted(charging.items(), key=lambda item: (int(np.flatnonzero(item[1])[0]), item[0])))
    return Stack(np.append(minutes, minutes[-1] + step), base, cars, limit)


def highest(stack: Stack) -> float:
    """Top of the load, and of the rating where that is not far above."""
    limit = stack.limit_kw[np.isfinite(stack.limit_kw)]
    top = float(np.nanmax(stack.total_kw))
    return max(top, float(limit.max())) if limit.size and limit.max() < 2 * top else top


def _figure(stack: Stack, look: Look, scale: Scale, file: str) -> Figure:
    panel = Panel(Scale(NOON, NEXT_NOON, 44, 344), scale)
    parts = [panel.value_axis("kW"), plot(panel, stack, look), panel.clock_axis(240), rating(panel, stack)]
    note = in_words(stack)
    at = [clock_text(int(minute) % MINUTES_PER_DAY) for minute in stack.edges[:-1]]
    series = [Series("Total", stack.total_kw, look.key), *(Series(name, kw) for name, kw in stack.cars.items())]
    series += [Series("Base load", stack.base_kw), Series("Rating", stack.limit_kw)]
    middles = (stack.edges[:-1] + stack.edges[1:]) / 2
    reading = line_reading(panel, middles, at, [s for s in series if np.isfinite(s.values).any()])
    description = f"{look.label}: load of {len(stack.cars)} cars stacked over the base load. {note}."
    chart = Chart(360, 300, description, join(*parts), reading, narrow=True)
    return Figure(file, look.label, chart, note, look.key)


def plot(panel: Panel, stack: Stack, look: Look) -> Markup:
    """Base load, the layers above it and, hatched, what exceeds the rating."""
    return join(_layers(panel, stack, look), _over(panel, stack))


def in_words(stack: Stack) -> str:
    """Peak and what exceeds the rating."""
    peak, over = f"Peak {quantity(float(np.nanmax(stack.total_kw)))} kW", stack.over_kwh
    if not np.isfinite(stack.limit_kw).any():
        return f"{peak}, no rating"
    return f"{peak}, {quantity(over)} kWh over the rating" if over > 0 else f"{peak}, never over the rating"


def _layers(panel: Panel, stack: Stack, look: Look) -> Markup:
    x, base = stairs(panel.x(stack.edges), stack.base_kw)
    parts = [element("path", d=area_path(x, np.full(x.size, panel.y(0.0)), panel.y(base)), class_="base")]
    below = base
    words = []
    for i, (name, kw) in enumerate(stack.cars.items()):
        above = below + np.repeat(kw, 2)
        path = area_path(x, panel.y(below), panel.y(above))
        parts.append(element("path", d=path, class_=f"layer shade{i % 3}"))
        words.append(_layer_label(panel, stack.edges, below[::2], kw, name))
        below = above
    parts.append(element("path", d=line_path(x, panel.y(below)), class_="line thin"))
    return element("g", *parts, *words, class_=look.key)


def _layer_label(panel: Panel, edges: FloatArray, below: FloatArray, kw: FloatArray, name: str) -> Markup:
    """The car's name inside its layer, where a stretch of steady power is high and long enough to hold it."""
    need = text_width(name) + 6
    thick = np.abs(panel.y(kw) - panel.y(0.0)) >= _LABEL_HEIGHT
    flat = np.concatenate(([False], thick[1:] & thick[:-1] & (np.abs(np.diff(below)) * _per_kw(panel) < 1.0)))
    best, start = (0, 0), 0
    for i in range(flat.size + 1):
        if i == flat.size or not flat[i]:
            best = max(best, (i - start, start))
            start = i
    length, first = best
    if length == 0 or panel.x(edges[min(first + length, edges.size - 1)]) - panel.x(edges[first]) < need:
        return Markup("")
    last = min(first + length, edges.size - 1)
    middle = (panel.x(edges[first]) + panel.x(edges[last])) / 2
    height = panel.y(below[first] + float(np.min(kw[first:last])) / 2)
    return text(name, middle, height + 4, class_="inside", text_anchor="middle")


def _per_kw(panel: Panel) -> float:
    return abs(panel.y(1.0) - panel.y(0.0))


def _over(panel: Panel, stack: Stack) -> Markup:
    over = excess_kw(stack.total_kw, stack.limit_kw) > 0
    if not np.any(over):
        return Markup("")
    limit = np.where(over, stack.limit_kw, np.nan)
    x, low = stairs(panel.x(stack.edges), limit)
    _, high = stairs(panel.x(stack.edges), np.where(over, stack.total_kw, np.nan))
    return element("path", d=area_path(x, panel.y(low), panel.y(high)), class_="over")


def rating(panel: Panel, stack: Stack) -> Markup:
    """The rating as a line, or in words where it lies above the picture."""
    known = stack.limit_kw[np.isfinite(stack.limit_kw)]
    if not known.size:
        return Markup("")
    words = f"rating {quantity(float(known.min()))} kW"
    if known.min() > panel.y.high:
        return text(f"{words}, above this scale", panel.right, panel.top - 10, class_="note", text_anchor="end")
    x, y = stairs(panel.x(stack.edges), np.where(stack.limit_kw <= panel.y.high, stack.limit_kw, np.nan))
    level = float(panel.y(known.min()))
    return join(
        element("path", d=line_path(x, panel.y(y)), class_="limit"),
        text(words, panel.right, level - 6, class_="note strong halo", text_anchor="end"),
    )
