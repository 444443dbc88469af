"""SVG elements as escaped markup, and paths from arrays."""

from typing import Final

import numpy as np
from markupsafe import Markup, escape

from evenload.base.errors import InvariantError
from evenload.base.units import BoolArray, FloatArray

_PLACES: Final = 1


def element(name: str, *children: object, **attributes: object) -> Markup:
    """One element; text children and attribute values are escaped, ``None`` attributes are left out.

    Attribute names are Python's: ``class_`` is ``class``, ``stroke_width`` is ``stroke-width``.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup("<{}{}/>").format(name, written)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, join(*children))


def join(*parts: object) -> Markup:
    """Parts one after the other; what is not markup yet is escaped."""
    return Markup("").join(escape(part) for part in parts)


def text(content: str, x: float, y: float, **attributes: object) -> Markup:
    """A line of text at a point."""
    return element("text", content, x=x, y=y, **attributes)


def number(value: float) -> str:
    """A coordinate with at most one decimal; a picture with NaN in it is our defect, so it is refused."""
    if not np.isfinite(value):
        raise InvariantError("a chart coordinate is not finite")
    rounded = round(float(value), _PLACES)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)


def line_path(x: FloatArray, y: FloatArray) -> str:
    """Path through the points, broken where ``y`` is not finite."""
    finite = np.isfinite(y)
    return "".join(_polyline(x[start:end], y[start:end]) for start, end in _stretches(finite))


def area_path(x: FloatArray, low: FloatArray, high: FloatArray) -> str:
    """Closed path between two curves, broken where either is not finite."""
    parts = []
    for start, end in _stretches(np.isfinite(low) & np.isfinite(high)):
        there = _polyline(x[start:end], high[start:end])
        back = _polyline(x[start:end][::-1], low[start:end][::-1])
        parts.append(f"{there}L{back[1:]}Z")
    return "".join(parts)


def stairs(edges: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points of a step line: ``values`` (n,) held between ``edges`` (n + 1,); both results have shape (2 n,)."""
    return np.repeat(edges, 2)[1:-1], np.repeat(values, 2)


def _value(value: object) -> object:
    return number(float(value)) if isinstance(value, float | np.floating) else value


def _polyline(x: FloatArray, y: FloatArray) -> str:
    x, y = np.round(x, _PLACES), np.round(y, _PLACES)
    keep = np.ones(x.size, dtype=np.bool_)
    keep[1:-1] = (y[1:-1] != y[:-2]) | (y[1:-1] != y[2:])
    return "M" + " ".join(f"{number(a)} {number(b)}" for a, b in zip(x[keep], y[keep], strict=True))


def _stretches(mask: BoolArray) -> list[tuple[int, int]]:
    """Half-open ranges where the mask is true."""
    change = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in change.reshape(-1, 2)]
