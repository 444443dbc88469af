"""A rectangle with two scales, its axes and its reference lines."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from evenload.base.local_clock import clock_text
from evenload.base.units import MINUTES_PER_DAY
from evenload.report.chart.scale import Scale, tick_labels
from evenload.report.chart.svg import element, join, text

NOON: Final = 720
NEXT_NOON: Final = 2160


@dataclass(frozen=True, slots=True)
class Panel:
    """Where values are drawn: ``x`` runs left to right, ``y`` bottom to top."""

    x: Scale
    y: Scale

    @property
    def left(self) -> float:
        """Left edge."""
        return self.x.start

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x.end

    @property
    def top(self) -> float:
        """Upper edge."""
        return self.y.end

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y.start

    def value_axis(self, unit: str, count: int = 5) -> Markup:
        """Grid lines with their values on the left and the unit above them."""
        ticks = self.y.ticks(count)
        parts = [text(unit, self.left - 8, self.top - 10, class_="unit", text_anchor="end")] if unit else []
        for tick, label in zip(ticks, tick_labels(ticks), strict=True):
            y = self.y(tick)
            parts.append(element("line", x1=self.left, x2=self.right, y1=y, y2=y, class_="grid"))
            parts.append(text(label, self.left - 8, y + 4, text_anchor="end"))
        return join(*parts)

    def clock_axis(self, every: int = 180) -> Markup:
        """Wall-clock labels each ``every`` minutes; every second one is ``minor``, which small screens drop."""
        parts = [element("line", x1=self.left, x2=self.right, y1=self.bottom, y2=self.bottom, class_="axis")]
        first = -int(-self.x.low // every) * every
        for i, minute in enumerate(range(first, int(self.x.high) + 1, every)):
            x = self.x(float(minute))
            minor = "minor" if i % 2 else None
            parts.append(element("line", x1=x, x2=x, y1=self.bottom, y2=self.bottom + 4, class_="axis"))
            label = clock_text(minute % MINUTES_PER_DAY)
            parts.append(text(label, x, self.bottom + 18, text_anchor="middle", class_=minor))
        return join(*parts)

    def number_axis(self, ticks: list[float], labels: list[str], title: str = "") -> Markup:
        """Vertical grid lines with their values below ("" leaves one bare) and a title under them."""
        parts = []
        for tick, label in zip(ticks, labels, strict=True):
            x = self.x(tick)
            parts.append(element("line", x1=x, x2=x, y1=self.top, y2=self.bottom, class_="grid"))
            if label:
                parts.append(text(label, x, self.bottom + 18, text_anchor="middle"))
        parts.append(element("line", x1=self.left, x2=self.right, y1=self.bottom, y2=self.bottom, class_="axis"))
        if title:
            middle = (self.left + self.right) / 2
            parts.append(text(title, middle, self.bottom + 38, class_="unit", text_anchor="middle"))
        return join(*parts)

    def moment(self, minute: int, label: str) -> Markup:
        """A thin upright line at a clock time, with its label beside its foot."""
        x = self.x(float(minute))
        return join(
            element("line", x1=x, x2=x, y1=self.top, y2=self.bottom, class_="moment"),
            text(label, x + 5, self.bottom - 10, class_="note halo"),
        )
