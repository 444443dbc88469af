"""A finished picture: inline in a page, or a standalone file."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from evenload.base.units import FloatArray
from evenload.report.chart.marks import HATCH
from evenload.report.chart.panel import Panel
from evenload.report.chart.svg import element, join

_DECLARATION: Final = Markup('<?xml version="1.0" encoding="UTF-8"?>\n')


@dataclass(frozen=True, slots=True)
class Series:
    """Values a reader can read out at the pointer; ``key`` is the strategy's, "" for what belongs to none."""

    name: str
    values: FloatArray
    key: str = ""
    unit: str = "kW"


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of ``width`` by ``height`` user units; ``description`` says in words what a reader of it learns."""

    width: int
    height: int
    description: str
    body: Markup
    reading: dict[str, Any] | None = field(default=None)
    narrow: bool = False

    def svg(self) -> Markup:
        """For inside a page that has the palette, the chart style and the patterns."""
        return self._root(Markup(""), role="img", aria_label=self.description)

    def nested(self, x: float, y: float) -> Markup:
        """For inside another picture."""
        size = {"width": self.width, "height": self.height}
        view = f"0 0 {self.width} {self.height}"
        return element("svg", self.body, x=x, y=y, **size, viewBox=view, overflow="visible")

    def standalone(self, style: Markup) -> str:
        """A file of its own, background included."""
        head = join(
            element("title", self.description),
            element("style", style),
            element("defs", HATCH),
            element("rect", width="100%", height="100%", class_="paper"),
        )
        size = {"width": self.width, "height": self.height}
        root = self._root(head, xmlns="http://www.w3.org/2000/svg", **size)
        return str(_DECLARATION + root) + "\n"

    def _root(self, head: Markup, **attributes: object) -> Markup:
        class_ = "chart narrow" if self.narrow else "chart"
        view = f"0 0 {self.width} {self.height}"
        return element("svg", head, self.body, class_=class_, viewBox=view, **attributes)


def line_reading(panel: Panel, x: FloatArray, at: list[str], series: list[Series]) -> dict[str, Any]:
    """What the page's script needs to read a line or area chart out: coordinates, labels and values per series."""
    return {
        "kind": "line",
        "x": [round(float(v), 1) for v in panel.x(x)],
        "at": at,
        "top": panel.top,
        "bottom": panel.bottom,
        "series": [{"name": s.name, "key": s.key, "unit": s.unit, "v": readable(s.values)} for s in series],
    }


def readable(values: FloatArray) -> list[float | None]:
    """Values with three significant digits, whole from 1,000 up, ``None`` where there is none (JSON knows no NaN)."""
    return [(float(f"{v:.3g}") if abs(v) < 1000 else round(v)) if np.isfinite(v) else None for v in values.tolist()]
