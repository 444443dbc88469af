"""Markers that differ in shape as well as in colour."""

from typing import Final

from markupsafe import Markup

from evenload.report.chart.svg import element, number

MARKERS: Final = ("circle", "square", "triangle", "diamond", "down", "cross", "plus", "bar")
_SHAPES: Final = {
    "square": "M-4-4H4V4H-4Z",
    "triangle": "M0-5 5 4H-5Z",
    "diamond": "M0-5.5 5.5 0 0 5.5-5.5 0Z",
    "down": "M0 5 5-4H-5Z",
    "cross": "M0-2.2 2.8-5 5-2.8 2.2 0 5 2.8 2.8 5 0 2.2-2.8 5-5 2.8-2.2 0-5-2.8-2.8-5Z",
    "plus": "M-5-2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",
    "bar": "M-2-5H2V5H-2Z",
    "circle": "M-4.2 0A4.2 4.2 0 1 0 4.2 0 4.2 4.2 0 1 0-4.2 0Z",
}


def marker(shape: str, x: float, y: float, class_: str, data_s: str | None = None) -> Markup:
    """One marker about 9 units wide, centred on a point."""
    place = f"translate({number(x)} {number(y)})"
    return element("path", d=_SHAPES[shape], transform=place, class_=f"marker {class_}", data_s=data_s)


HATCH: Final = Markup(
    '<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatch-line" d="M2.5 0V5"/></pattern>'
    '<pattern id="hatch-cell" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatch-cell-line" d="M2 0V4"/></pattern>'
)
"""Patterns every page or standalone picture defines once: ``hatch`` over areas, ``hatch-cell`` over heat cells."""
