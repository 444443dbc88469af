"""Dot strips: one row per group, one dot per repetition, the mean as a marker with its value beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

import numpy as np
from markupsafe import Markup

from evenload.base.units import FloatArray
from evenload.report.chart.chart import Chart
from evenload.report.chart.marks import marker
from evenload.report.chart.panel import Panel
from evenload.report.chart.scale import Scale, round_top, tick_labels
from evenload.report.chart.svg import element, join, text

WIDTH: Final = 360
_LEFT, _RIGHT, _TOP, _ROW = 112, 296, 14, 30
_LONGEST: Final = 15
_LINE: Final = 13.0


@dataclass(frozen=True, slots=True)
class DotRow:
    """One row: what it is called, how it looks, its repetitions (``values``, unordered) and the words beside it.

    ``key`` is the strategy's, "" for what belongs to none.
    """

    label: str
    key: str
    marker: str
    values: FloatArray
    words: str


def dot_strip(rows: Sequence[DotRow], title: str, description: str, highest: float | None = None) -> Chart:
    """Rows on a common axis from zero (below zero where values are), ``highest`` to share it between pictures."""
    panel = _panel(rows, highest)
    ticks = panel.x.ticks(4)
    parts = [panel.number_axis(ticks, tick_labels(ticks), title)]
    parts += [_row(panel, row, _TOP + _ROW * (i + 0.5)) for i, row in enumerate(rows)]
    return Chart(WIDTH, int(panel.bottom) + 48, description, join(*parts), narrow=True)


def short(label: str, longest: int = _LONGEST) -> str:
    """A label cut to fit, with an ellipsis."""
    return label if len(label) <= longest else label[: longest - 1] + "…"


def row_label(label: str, x: float, y: float) -> Markup:
    """The name of a row, ending at ``x``: on two lines where one cannot hold it, cut where two cannot."""
    lines = [label] if len(label) <= _LONGEST else _on_two_lines(label)
    start = y + 4 - _LINE / 2 * (len(lines) - 1)
    placed = ((line, start + _LINE * i) for i, line in enumerate(lines))
    return join(*(text(line, x, base, text_anchor="end", class_="row-label") for line, base in placed))


def _on_two_lines(label: str) -> list[str]:
    """A label over two lines as even as its words allow, cut where they hold too much."""
    folded = [wrap(label, width, max_lines=2, placeholder="…") for width in range(len(label) // 2, _LONGEST + 1)]
    whole = [lines for lines in folded if lines and not lines[-1].endswith("…")]
    return whole[0] if whole else wrap(label, _LONGEST, max_lines=2, placeholder="…")


def _panel(rows: Sequence[DotRow], highest: float | None) -> Panel:
    known = [row.values[np.isfinite(row.values)] for row in rows]
    everything = np.concatenate([*known, np.zeros(1)])
    low = float(everything.min())
    high = round_top(float(everything.max()) if highest is None else highest, 4)
    low = -round_top(-low, 4) if low < 0 else 0.0
    bottom = float(_TOP + _ROW * len(rows))
    return Panel(Scale(low, high, _LEFT, _RIGHT), Scale(0.0, 1.0, bottom, _TOP))


def _row(panel: Panel, row: DotRow, y: float) -> Markup:
    values = row.values[np.isfinite(row.values)]
    parts = [
        row_label(row.label, _LEFT - 10, y),
        text(row.words, _RIGHT + 10, y + 4, class_="value"),
    ]
    if values.size:
        x = panel.x(values)
        parts.append(element("line", x1=float(x.min()), x2=float(x.max()), y1=y, y2=y, class_="reach"))
        parts += [element("circle", cx=place, cy=y, r=3, class_="dot") for place in x.tolist()]
        parts.append(marker(row.marker, float(x.mean()), y, "filled"))
    return element("g", *parts, class_=row.key or None, data_s=row.key or None)
