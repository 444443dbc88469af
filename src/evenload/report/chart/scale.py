"""Linear scales and round ticks."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import overload

from evenload.base.errors import InvariantError
from evenload.base.units import FloatArray


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from ``low`` to ``high`` onto coordinates from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.high > self.low):
            raise InvariantError(f"a scale from {self.low} to {self.high} shows nothing")

    @overload
    def __call__(self, value: float) -> float: ...
    @overload
    def __call__(self, value: FloatArray) -> FloatArray: ...
    def __call__(self, value: float | FloatArray) -> float | FloatArray:
        """Coordinate of a value; values outside are not clipped."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """Round values inside the scale, about ``count`` of them."""
        return round_ticks(self.low, self.high, count)


def round_step(span: float, count: int) -> float:
    """A step of 1, 2, 2.5 or 5 times a power of ten that cuts ``span`` into at most about ``count`` parts."""
    rough = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))


def round_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Multiples of a round step from ``low`` to ``high``, both ends included where they are multiples."""
    step = round_step(high - low, count)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def round_top(highest: float, count: int = 5) -> float:
    """End of an axis from zero that holds ``highest``; 1 where there is nothing to show."""
    if not (math.isfinite(highest) and highest > 0):
        return 1.0
    step = round_step(highest, count)
    return math.ceil(highest / step - 1e-9) * step


def thinned(places: list[float], gap: float) -> list[bool]:
    """Which of the places (ascending) keep a label so that labels stay ``gap`` apart; the first and the last do."""
    keep = [False] * len(places)
    last = len(places) - 1
    for i, place in enumerate(places):
        before = max((places[j] for j in range(i) if keep[j]), default=-math.inf)
        keep[i] = i in (0, last) or (place - before >= gap and places[last] - place >= gap)
    return keep


def tick_labels(ticks: list[float]) -> list[str]:
    """Ticks as text, all with the decimals their step needs."""
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=1.0)
    places = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    if places < 6 and not math.isclose(round(step, places), step, rel_tol=1e-6):
        places += 1
    return [f"{0.0 if tick == 0 else tick:,.{places}f}" for tick in ticks]
