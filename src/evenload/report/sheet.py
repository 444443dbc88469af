"""Several charts on one standalone picture, with headings and a legend."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from evenload.report.chart.chart import Chart
from evenload.report.chart.labels import text_width
from evenload.report.chart.marks import marker
from evenload.report.chart.svg import element, join, text
from evenload.report.figure import Figure
from evenload.report.strategies import Look

_MARGIN, _GAP, _HEADING = 24, 24, 52
_LEGEND_ROW: Final = 24
_TITLE_LETTER: Final = 10.5


def sheet(title: str, rows: Sequence[Sequence[Figure]], look: Sequence[Look]) -> Chart:
    """Rows of figures under a title and, where a figure shows several strategies, a legend."""
    content = max(sum(f.chart.width + _GAP for f in row) - _GAP for row in rows if row)
    width = max(content, 480) + 2 * _MARGIN
    parts = [text(_cut(title, width), _MARGIN, 36, class_="sheet-title")]
    y = 56.0
    if any(not figure.key for row in rows for figure in row):
        legend, y = _legend(look, width, y)
        parts.append(legend)
    for row in rows:
        parts += [_placed(figure, row, i, y) for i, figure in enumerate(row)]
        y += max((figure.chart.height for figure in row), default=0) + _HEADING + 8
    description = f"{title}. " + " ".join(figure.chart.description for row in rows for figure in row)
    return Chart(width, int(y) + 8, description, join(*parts))


def _placed(figure: Figure, row: Sequence[Figure], i: int, y: float) -> Markup:
    x = float(_MARGIN + sum(other.chart.width + _GAP for other in row[:i]))
    heading = text(figure.heading, x, y + 22, class_=f"sheet-heading {figure.key}".strip())
    note = text(figure.note, x, y + 40, class_="note") if figure.note else ""
    return join(heading, note, figure.chart.nested(x, y + _HEADING - 4))


def _legend(look: Sequence[Look], width: float, y: float) -> tuple[Markup, float]:
    """The legend, and where the next thing may begin."""
    parts, x, row = [], float(_MARGIN), 0
    for one in look:
        need = 44 + 1.15 * text_width(one.label) + 18
        if x + need > width - _MARGIN and x > _MARGIN:
            x, row = float(_MARGIN), row + 1
        parts.append(_entry(one, x, y + 8 + row * _LEGEND_ROW))
        x += need
    return join(*parts), y + (row + 1) * _LEGEND_ROW


def _entry(one: Look, x: float, y: float) -> Markup:
    return element("g", swatch(one, x, y), text(one.label, x + 40, y + 4, class_="direct"), class_=one.key)


def swatch(one: Look, x: float = 0.0, y: float = 8.0) -> Markup:
    """A short piece of a strategy's line with its marker, 34 units wide."""
    line = element("line", x1=x, x2=x + 34, y1=y, y2=y, class_="line", stroke_dasharray=one.dash)
    return join(line, marker(one.marker, x + 17, y, "filled"))


def _cut(title: str, width: float) -> str:
    longest = int((width - 2 * _MARGIN) / _TITLE_LETTER)
    return title if len(title) <= longest else title[: longest - 1] + "…"
