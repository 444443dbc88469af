"""Loading of every transformer in every hour: one heat map for each strategy, one colour scale."""

from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from evenload.base.units import HOURS_PER_DAY, FloatArray
from evenload.report.cases import reference_case
from evenload.report.chart.chart import Chart
from evenload.report.chart.heat import Grid, heat_cells, heat_key
from evenload.report.chart.svg import element, join, text
from evenload.report.figure import Figure, names
from evenload.report.limits import is_above
from evenload.report.numbers import plural
from evenload.report.results import StudyResults
from evenload.report.strategies import UNMANAGED, Look, looks, named

ROWS_AT_MOST: Final = 80
_CELL_WIDTH: Final = 13
_LEFT, _TOP = 38, 10
_LONGEST_NAME: Final = 4
_FIRST_HOUR: Final = 12
_HOURS: Final = tuple((hour + _FIRST_HOUR) % HOURS_PER_DAY for hour in range(HOURS_PER_DAY))


def heat_maps(results: StudyResults) -> list[Figure]:
    """A map for each strategy at the reference case; rows are the same transformers in the same order in all."""
    rows = reference_case(results).rows(results.heat)
    nodes = heat_rows(results)[:ROWS_AT_MOST]
    there = set(rows["strategy"].tolist())
    look = looks(results)
    shown = [name for name in results.strategies if name in there and nodes]
    return [_map(rows, nodes, look[one], file) for one, file in zip(shown, names("heat", shown), strict=True)]


def heat_rows(results: StudyResults) -> list[str]:
    """All transformers of the maps, the one with the highest loading (unmanaged where studied) first."""
    rows = reference_case(results).rows(results.heat)
    unmanaged = named(results, UNMANAGED)
    if unmanaged in set(rows["strategy"].tolist()):
        own = rows[rows["strategy"] == unmanaged].groupby("node")["loading_max"].max()
    else:
        own = rows.groupby("node")["loading_max"].max()
    worst = {node: own.get(node, np.nan) for node in dict.fromkeys(rows["node"].tolist())}
    return sorted(worst, key=lambda node: (-np.nan_to_num(worst[node], nan=-1.0, posinf=np.inf), str(node)))


def heat_scale() -> Chart:
    """The colour scale all maps share."""
    label = text("Load over rating, %", 0, 12, class_="unit")
    words = "Colour scale of the heat maps: eight classes from 20 % to above 150 % of the rating; above 100 % hatched."
    return Chart(480, 34, words, join(label, heat_key(150, 2)))


def _map(rows: pd.DataFrame, nodes: list[str], look: Look, file: str) -> Figure:
    own = rows[rows["strategy"] == look.name]
    table = own.pivot_table(index="node", columns="hour", values="loading_max", aggfunc="max")
    loading = table.reindex(index=nodes, columns=list(_HOURS)).to_numpy(dtype=np.float64)
    loading = np.where(np.isfinite(loading), loading, np.nan)
    height = int(min(16, max(4, 480 // len(nodes))))
    grid = Grid(_LEFT, _TOP, _CELL_WIDTH, height)
    bottom = _TOP + height * len(nodes)
    over = int(np.sum(np.any(is_above(loading), axis=1)))
    note = f"{plural(over, 'transformer')} above 100 % in some hour" if over else "none above 100 %"
    chart = Chart(
        360, bottom + 28, f"{look.label}: {note}, of {len(nodes)} shown.",
        join(heat_cells(grid, loading), _axes(grid, nodes, bottom)),
        _reading(grid, nodes, loading), narrow=True,
    )  # fmt: skip
    return Figure(file, look.label, chart, note, look.key)


def _axes(grid: Grid, nodes: list[str], bottom: int) -> Markup:
    """Hours below, and rows by name where every name is short, else by rank."""
    named_rows = all(len(node) <= _LONGEST_NAME for node in nodes)
    parts = []
    for i in range(0, HOURS_PER_DAY + 1, 6):
        x = grid.left + i * grid.cell_width
        anchor = {0: "start", HOURS_PER_DAY: "end"}.get(i, "middle")
        parts.append(element("line", x1=x, x2=x, y1=bottom, y2=bottom + 4, class_="axis"))
        parts.append(text(f"{(i + _FIRST_HOUR) % HOURS_PER_DAY:02d}:00", x, bottom + 18, text_anchor=anchor))
    for rank in _ranks(len(nodes), grid.cell_height):
        y = grid.top + (rank - 0.5) * grid.cell_height
        label = nodes[rank - 1] if named_rows else str(rank)
        parts.append(text(label, grid.left - 8, y + 4, text_anchor="end", class_="small"))
    return join(*parts)


def _ranks(count: int, height: int) -> list[int]:
    step = next(step for step in (1, 5, 10, 20, 50) if step * height >= 14)
    return [1, *range(max(step, 2), count + 1, step)] if step > 1 else list(range(1, count + 1))


def _reading(grid: Grid, nodes: list[str], loading: FloatArray) -> dict[str, Any]:
    whole = [[int(v) if np.isfinite(v) else None for v in row] for row in np.round(100 * loading)]
    return {
        "kind": "heat", "left": grid.left, "top": grid.top, "w": grid.cell_width, "h": grid.cell_height,
        "rows": nodes, "first": _FIRST_HOUR, "v": whole,
    }  # fmt: skip
