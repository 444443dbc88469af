"""Load on the system, feeders and worst transformers against their limits, noon to noon."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from evenload.base.local_clock import clock_text, parse_clock
from evenload.base.units import MINUTES_PER_DAY, FloatArray
from evenload.report.chart.chart import Chart, Series, line_reading
from evenload.report.chart.labels import beside_points
from evenload.report.chart.marks import marker
from evenload.report.chart.panel import NEXT_NOON, NOON, Panel
from evenload.report.chart.scale import Scale, round_top
from evenload.report.chart.svg import area_path, element, join, line_path, stairs, text
from evenload.report.numbers import quantity
from evenload.report.results import StudyResults
from evenload.report.strategies import TIMER, Look, key_strategies, looks, named

_LIMIT_SHOWN_UP_TO: Final = 1.35
"""A limit further above the peak than this would flatten the picture, so it is said in words instead."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Edges of a plot, user units."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Profile:
    """One node and day: ``minutes`` (n,) are starts of equal steps; totals are base plus EV load by strategy, kW."""

    minutes: FloatArray
    step: float
    base_kw: FloatArray
    total_kw: dict[str, FloatArray]
    limit_kw: FloatArray
    price: FloatArray

    @property
    def middles(self) -> FloatArray:
        """Middle of each step, where its mean power is marked and read out."""
        return self.minutes + self.step / 2

    @property
    def edges(self) -> FloatArray:
        """Starts and the last end, shape (n + 1,)."""
        return np.append(self.minutes, self.minutes[-1] + self.step)

    @property
    def highest_kw(self) -> float:
        """Highest total of any strategy."""
        every = np.concatenate([self.base_kw, *self.total_kw.values()])
        known = every[np.isfinite(every)]
        return float(known.max()) if known.size else 0.0


def profile(rows: pd.DataFrame, strategies: tuple[str, ...]) -> Profile | None:
    """Profile of the rows of one case, node and day; ``None`` where there are none."""
    if rows.empty:
        return None
    minutes = np.unique(rows["minute"].to_numpy(dtype=np.float64))
    step = float(np.diff(minutes).min()) if minutes.size > 1 else 60.0

    def column(frame: pd.DataFrame, name: str) -> FloatArray:
        return frame.groupby("minute")[name].first().reindex(minutes).to_numpy(dtype=np.float64)

    totals = {}
    for name in strategies:
        own = rows[rows["strategy"] == name]
        if len(own):
            totals[name] = column(own, "base_kw") + column(own, "ev_kw")
    return Profile(
        minutes, step, column(rows, "base_kw"), totals, column(rows, "limit_kw"), column(rows, "price_per_kwh")
    )


def load_chart(results: StudyResults, shown: Profile, heading: str, with_price: bool = True) -> Chart:
    """Base load as an area, each strategy's total as a step line, the limit, and the price underneath."""
    priced = with_price and bool(results.currency) and bool(np.isfinite(shown.price).any())
    panel = load_panel(shown, Frame(54, 502, 36, 300))
    look = looks(results)
    parts = [plot(results, panel, shown)]
    height = 330
    if priced:
        parts.append(_price(panel, shown, results.currency))
        height = 424
    reading = line_reading(panel, shown.middles, _spans(shown), _series(shown, look, results, priced))
    return Chart(520, height, _description(shown, look, heading), join(*parts), reading)


def plot(results: StudyResults, panel: Panel, shown: Profile, words: dict[str, str] | None = None) -> Markup:
    """Axes, base load, the line of each strategy, limit and timer hour.

    The key strategies are named at their peaks, with them; or in ``words``, where each line is farthest from the rest.
    """
    look = looks(results)
    points = _points(panel, shown, look, key_strategies(results), words)
    return join(
        panel.value_axis("kW"),
        _base(panel, shown),
        panel.clock_axis(),
        *(_line(panel, shown, look[name]) for name in shown.total_kw),
        _limit(panel, shown),
        _timer_hour(panel, results),
        _labels(panel, shown, points, look, _timer_minute(results)),
    )


def load_panel(shown: Profile, frame: Frame) -> Panel:
    """Scales that hold every line, and the limit where it is not far above."""
    limit = shown.limit_kw[np.isfinite(shown.limit_kw)]
    top = shown.highest_kw
    if limit.size and limit.max() <= _LIMIT_SHOWN_UP_TO * top:
        top = max(top, float(limit.max()))
    low = shown.base_kw[np.isfinite(shown.base_kw)]
    below = min(0.0, float(low.min())) if low.size else 0.0
    floor = -round_top(-below) if below < 0 else 0.0
    return Panel(
        Scale(NOON, NEXT_NOON, frame.left, frame.right),
        Scale(floor, 1.1 * top if top > 0 else 1.0, frame.bottom, frame.top),
    )


def _base(panel: Panel, shown: Profile) -> Markup:
    x, y = stairs(panel.x(shown.edges), panel.y(shown.base_kw))
    parts = [
        element("path", d=area_path(x, np.full(x.size, panel.y(0.0)), y), class_="base"),
        element("path", d=line_path(x, y), class_="base-edge"),
    ]
    if np.isfinite(y).any() and panel.y(0.0) - float(np.nanmin(y)) > 40:
        parts.append(text("Base load", panel.left + 10, panel.y(0.0) - 10, class_="note"))
    return join(*parts)


def _line(panel: Panel, shown: Profile, look: Look) -> Markup:
    total = shown.total_kw[look.name]
    x, y = stairs(panel.x(shown.edges), panel.y(total))
    parts = [element("path", d=line_path(x, y), class_="line", stroke_dasharray=look.dash)]
    if np.isfinite(total).any():
        at = int(np.nanargmax(total))
        parts.append(marker(look.marker, panel.x(shown.middles[at]), panel.y(total[at]), "filled"))
    return element("g", *parts, class_=look.key, data_s=look.key)


def _points(
    panel: Panel, shown: Profile, look: dict[str, Look], first: list[str], words: dict[str, str] | None
) -> dict[str, tuple[str, float, float]]:
    """What is written about each of the first strategies, and the point of its line it belongs to."""
    found = {}
    for name in first:
        total = shown.total_kw.get(name)
        if total is None or not np.isfinite(total).any():
            continue
        at = int(np.nanargmax(total)) if words is None else _most_apart(shown, name)
        label = f"{look[name].label} {quantity(float(total[at]))}" if words is None else words[name]
        found[name] = (label, float(panel.x(shown.middles[at])), float(panel.y(total[at])))
    return found


def _most_apart(shown: Profile, name: str) -> int:
    """Step in which a line is farthest from its nearest neighbour, ends of the day left out."""
    own = shown.total_kw[name]
    others = [kw for other, kw in shown.total_kw.items() if other != name] or [shown.base_kw]
    apart = np.nan_to_num(np.min([np.abs(own - kw) for kw in others], axis=0), nan=-1.0)
    margin = own.size // 8
    apart[:margin] = apart[own.size - margin :] = -1.0
    return int(apart.argmax())


def _labels(
    panel: Panel, shown: Profile, points: dict[str, tuple[str, float, float]], look: dict[str, Look], minute: int | None
) -> Markup:
    """The words of ``points`` where they cover least, the timer's line at ``minute`` included."""
    lines = [(panel.x(shown.middles), panel.y(kw)) for kw in (*shown.total_kw.values(), shown.limit_kw)]
    if minute is not None:
        upright = np.arange(panel.top, panel.bottom, 4.0)
        lines.append((np.full(upright.size, panel.x(float(minute))), upright))
    placed = beside_points(list(points.values()), (panel.left, panel.right), (panel.top - 12, panel.bottom - 6), lines)
    parts = []
    for name, spot in zip(points, placed, strict=True):
        if spot is not None:
            key = look[name].key
            attributes = {"class_": f"direct {key}", "text_anchor": "middle", "data_s": key}
            parts.append(text(spot.text, spot.x, spot.y, **attributes))
    return join(*parts)


def _limit(panel: Panel, shown: Profile) -> Markup:
    known = shown.limit_kw[np.isfinite(shown.limit_kw)]
    if not known.size:
        return Markup("")
    words = f"limit {quantity(float(known.min()))} kW"
    if known.max() > panel.y.high:
        return text(f"{words}, above this scale", panel.right, panel.top - 10, class_="note", text_anchor="end")
    x, y = stairs(panel.x(shown.edges), panel.y(shown.limit_kw))
    last = float(panel.y(known[-1]))
    return join(
        element("path", d=line_path(x, y), class_="limit"),
        text(words, panel.right, last - 6, class_="note strong halo", text_anchor="end"),
    )


def _timer_minute(results: StudyResults) -> int | None:
    if named(results, TIMER) is None or not results.timer_clock:
        return None
    minute = parse_clock(results.timer_clock) % MINUTES_PER_DAY
    return minute if minute >= NOON else minute + MINUTES_PER_DAY


def _timer_hour(panel: Panel, results: StudyResults) -> Markup:
    minute = _timer_minute(results)
    return Markup("") if minute is None else panel.moment(minute, f"timer {results.timer_clock}")


def _price(above: Panel, shown: Profile, currency: str) -> Markup:
    known = shown.price[np.isfinite(shown.price)]
    low, high = min(0.0, float(known.min())), float(known.max())
    high = high if high > low else low + 1.0
    panel = Panel(above.x, Scale(low, high, 412.0, 362.0))
    x, y = stairs(panel.x(shown.edges), panel.y(shown.price))
    zero = np.full(x.size, panel.y(max(low, 0.0)))
    ends = [(float(known.min()), panel.y(float(known.min()))), (float(known.max()), panel.y(float(known.max())))]
    marks = [text(quantity(value), panel.left - 8, place + 4, text_anchor="end") for value, place in ends]
    return join(
        text(f"Price, {currency} per kWh", panel.left, panel.top - 12, class_="unit"),
        element("path", d=area_path(x, zero, y), class_="price-area"),
        element("path", d=line_path(x, y), class_="price"),
        *(marks if ends[1][1] < ends[0][1] - 12 else marks[1:]),
    )


def _series(shown: Profile, look: dict[str, Look], results: StudyResults, priced: bool) -> list[Series]:
    found = [Series(look[name].label, total, look[name].key) for name, total in shown.total_kw.items()]
    found.append(Series("Base load", shown.base_kw))
    if np.isfinite(shown.limit_kw).any():
        found.append(Series("Limit", shown.limit_kw))
    if priced:
        found.append(Series("Price", shown.price, unit=f"{results.currency}/kWh"))
    return found


def _spans(shown: Profile) -> list[str]:
    return [clock_text(int(minute) % MINUTES_PER_DAY) for minute in shown.minutes]


def _description(shown: Profile, look: dict[str, Look], heading: str) -> str:
    peaks = []
    for name, total in shown.total_kw.items():
        if np.isfinite(total).any():
            at = int(np.nanargmax(total))
            clock = clock_text(int(shown.minutes[at]) % MINUTES_PER_DAY)
            peaks.append(f"{look[name].label} {quantity(float(total[at]))} kW at {clock}")
    return f"{heading}, noon to noon. Highest load: {'; '.join(peaks) or 'none'}."
