"""Heat maps: one path for each class of colour, so that thousands of cells stay small."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from evenload.base.units import BoolArray, FloatArray
from evenload.report.chart.svg import element, join, text
from evenload.report.limits import snapped

BOUNDS: Final = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5)
"""Upper ends of the classes but the last; what exceeds 1, beyond noise, is over the rating and hatched."""
_OVER_FROM: Final = BOUNDS.index(1.0) + 1
CLASS_LABELS: Final = ("≤ 20", "40", "60", "80", "100", "120", "150", "> 150")


@dataclass(frozen=True, slots=True)
class Grid:
    """Where cells lie: ``left`` and ``top`` of the first, and the size of each, user units."""

    left: int
    top: int
    cell_width: int
    cell_height: int

    def cells(self, mask: BoolArray) -> str:
        """Path around the cells where ``mask`` (rows, columns) is true, runs along a row joined."""
        parts = []
        for row, line in enumerate(mask):
            edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
            y = self.top + row * self.cell_height
            for start, end in edges.reshape(-1, 2).tolist():
                x, width = self.left + start * self.cell_width, (end - start) * self.cell_width
                parts.append(f"M{x} {y}h{width}v{self.cell_height}h-{width}z")
        return "".join(parts)


def heat_cells(grid: Grid, loading: FloatArray) -> Markup:
    """Cells of ``loading`` (rows, columns; load over limit); not finite means no cell."""
    kind = np.searchsorted(np.asarray(BOUNDS), snapped(loading), side="left")
    known = np.isfinite(loading)
    parts = [
        element("path", d=grid.cells(known & (kind == i)), class_=f"heat h{i}")
        for i in range(len(BOUNDS) + 1)
        if np.any(known & (kind == i))
    ]
    over = known & (kind >= _OVER_FROM)
    if np.any(over):
        parts.append(element("path", d=grid.cells(over), class_="over-cell"))
    return join(*parts)


def heat_key(x: float, y: float, cell_width: int = 40) -> Markup:
    """The colour scale with the class bounds in percent."""
    parts = []
    for i, label in enumerate(CLASS_LABELS):
        left = x + i * cell_width
        size = {"x": left, "y": y, "width": cell_width - 2, "height": 12}
        parts.append(element("rect", class_=f"heat h{i}", **size))
        if i >= _OVER_FROM:
            parts.append(element("rect", class_="over-cell", **size))
        parts.append(text(label, left + cell_width - 2, y + 26, text_anchor="end", class_="small"))
    return join(*parts)
