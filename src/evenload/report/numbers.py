"""Numbers as text; what is not finite is a dash, so that no page ever says NaN."""

import math
import re
from collections.abc import Callable, Iterable
from typing import Final

NOTHING: Final = "–"
_SPACE: Final = "\u00a0"
"""Between a number and its unit, so that no line breaks there."""
_NOISE: Final = 1e-6
"""Magnitudes below this are rounding noise of sums, and read as nothing."""


def quantity(value: float, unit: str = "", digits: int = 3) -> str:
    """A value with about ``digits`` significant digits and its unit, such as "1,240 kW"."""
    if not math.isfinite(value):
        return NOTHING
    value = 0.0 if abs(value) < _NOISE else value
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    places = min(max(0, digits - 1 - magnitude), 2 if abs(value) >= 0.1 else 3)
    words = f"{value:,.{places}f}"
    if value and float(words.replace(",", "")) == 0:
        words = "< 0.001" if value > 0 else "> -0.001"
    elif not value:
        words = "0"
    return f"{words.replace('-', '−')}{_SPACE}{unit}".strip()


def count(value: float) -> str:
    """A number of things: whole as it is, a mean of such numbers with one decimal."""
    if not math.isfinite(value):
        return NOTHING
    if 0 < abs(value) < 0.05:
        return "< 0.1"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def percent(share: float, places: int | None = None) -> str:
    """A share as percent; one decimal below 10 % and two below 1 % unless ``places`` says otherwise."""
    value = 0.0 if abs(share) < _NOISE else 100 * share
    if not math.isfinite(value):
        return NOTHING
    if places is None:
        places = 0 if abs(value) >= 10 or value == round(value) else 1 + (abs(value) < 1)
    if value and abs(value) < 0.5 * 10**-places:
        return f"< {10**-places:g}{_SPACE}%"
    return f"{value:,.{places}f}{_SPACE}%"


def money(value: float, currency: str) -> str:
    """A float estimate of money, such as "EUR 1,240"; a dash where there is no currency."""
    return f"{currency}{_SPACE}{amount(value)}" if currency and math.isfinite(value) else NOTHING


def amount(value: float) -> str:
    """Money where the currency stands beside it: whole from 100 up, else two decimals."""
    if not math.isfinite(value):
        return NOTHING
    return f"{value:,.{0 if abs(value) >= 100 else 2}f}"


def tied(words: str) -> str:
    """Words with every number tied to what follows it, such as "60 min" or "1 %", so that no line breaks there."""
    return re.sub(r"(?<=\d) (?=[^\W\d]|%)", _SPACE, words)


def span(values: Iterable[float], write: Callable[[float], str] = quantity) -> str:
    """ "low to high" of the finite values, "" where both read the same or nothing is known."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return ""
    low, high = write(min(known)), write(max(known))
    return "" if low == high else f"{low} to {high}"


def plural(number: float, noun: str) -> str:
    """ "1 transformer", "12 transformers"; no count is "no transformers"."""
    if number == 0:
        return f"no {noun}s"
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")
