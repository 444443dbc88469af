"""What caution costs and saves, as a picture: one panel a limit, one line a way of being careful."""

from collections.abc import Sequence
from importlib.resources import files
from itertools import groupby
from typing import Final, Protocol

import numpy as np
from markupsafe import Markup

from evenload.report.chart.chart import Chart
from evenload.report.chart.labels import beside_points
from evenload.report.chart.marks import MARKERS, marker
from evenload.report.chart.panel import Panel
from evenload.report.chart.scale import Scale, round_ticks, tick_labels
from evenload.report.chart.svg import element, join, line_path, text
from evenload.report.palette import picture_palette

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP = 460, 420, 64, 84, 56, 20
COLOURS: Final = {
    "declared only": 6, "reserve": 0, "share": 3, "value": 4, "arrivals": 5, "as early as can be": 2, "hindsight": 1,
}  # fmt: skip
WORDS: Final = {
    "reserve": "reserve_minutes",
    "share": "share_there",
    "value": "value_per_kwh",
    "arrivals": "with arrivals",
}


class Point(Protocol):
    """What is drawn of a run."""

    @property
    def limit_kw(self) -> float: ...
    @property
    def family(self) -> str: ...
    @property
    def setting(self) -> str: ...
    @property
    def cost(self) -> float: ...
    @property
    def kwh(self) -> float: ...
    @property
    def kwh_short(self) -> float: ...


def picture(found: Sequence[Point]) -> str:
    """SVG text; further left is less energy short, further down is cheaper."""
    shown = [one for one in found if one.family and not _changes_nothing(one, found)]
    limits = [limit for limit, _ in groupby(shown, key=lambda one: one.limit_kw)]
    parts = [text("Cost and missing energy of plans that reckon with early departures", 24, 34, class_="sheet-title")]
    parts += legend()
    for place, limit in enumerate(limits):
        parts.append(panel([one for one in shown if one.limit_kw == limit], place, limit))
    width = 24 + len(limits) * (WIDTH + GAP)
    description = (
        "Price of a kilowatt-hour delivered over the share of energy short, for plans on declared departures only, "
        "with a reserve of minutes, done while a share of drivers is still there, and with risk priced by value."
    )
    colours = "".join(f".k{i}{{color:var(--s{i})}}" for i in range(8))
    style = picture_palette() + files("evenload.report").joinpath("templates/chart.css").read_text("utf-8") + colours
    return Chart(width, TOP + HEIGHT, description, join(*parts)).standalone(Markup(style))


def _changes_nothing(one: Point, found: Sequence[Point]) -> bool:
    """Whether planning arrivals along gives what is drawn already: nothing is tight."""
    same = [two for two in found if two.limit_kw == one.limit_kw and two.family in ("value", "declared only")]
    return one.family == "arrivals" and any(abs(two.cost - one.cost) < 1e-6 for two in same)


def legend() -> list[Markup]:
    parts, x = [], 24.0
    for family, colour in COLOURS.items():
        words = WORDS.get(family, family)
        parts.append(marker(MARKERS[colour], x + 5, 56, f"filled k{colour}"))
        parts.append(text(words, x + 15, 60, class_=f"direct k{colour}"))
        x += 38 + 7.0 * len(words)
    return parts


def panel(points: Sequence[Point], place: int, limit: float) -> Markup:
    short = np.array([100 * one.kwh_short / (one.kwh + one.kwh_short) for one in points])
    price = np.array([100 * one.cost / one.kwh for one in points])
    left = 24 + place * (WIDTH + GAP) + LEFT
    low, high = price.min(), price.max()
    margin = 0.08 * (high - low)
    frame = Panel(
        Scale(0.0, 1.05 * float(short.max()), left, left + WIDTH - LEFT - 10),
        Scale(low - margin, high + margin, TOP + HEIGHT - BOTTOM - 6, TOP + 30),
    )
    ticks = round_ticks(0.0, frame.x.high, 6)
    parts = [
        text(f"limit {limit:g} kW", left, TOP + 8, class_="sheet-heading"),
        frame.value_axis("ct/kWh"),
        frame.number_axis(ticks, tick_labels(ticks), "energy short, % of need"),
    ]
    spots, lines = [], []
    for family, colour in COLOURS.items():
        rows = [i for i, one in enumerate(points) if one.family == family]
        x, y = frame.x(short[rows]), frame.y(price[rows])
        parts.append(element("path", d=line_path(x, y), class_=f"line k{colour}") if len(rows) > 1 else Markup(""))
        parts += [marker(MARKERS[colour], float(a), float(b), f"filled k{colour}") for a, b in zip(x, y, strict=True)]
        spots += [(points[i].setting, float(a), float(b), colour) for i, a, b in zip(rows, x, y, strict=True)]
        lines.append((x, y))
    labels = beside_points([spot[:3] for spot in spots], (frame.left, frame.right), (frame.top, frame.bottom), lines)
    for spot, label in zip(spots, labels, strict=True):
        if label is not None and label.text:
            parts.append(text(label.text, label.x, label.y, text_anchor="middle", class_=f"direct k{spot[3]}"))
    return join(*parts)
