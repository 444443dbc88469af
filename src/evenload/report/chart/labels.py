"""Direct labels that keep clear of each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import FloatArray

_LETTER_WIDTH: Final = 6.9
"""Generous for a 12-unit system font, so that labels stay apart with wide fonts as well."""
_LINE_HEIGHT: Final = 14.0
_CLEARANCE: Final = 12.0
"""Between a label's ends and a line beside it; bold letters need some of it."""
_TRIES: Final = (
    (0, -9), (0, -23), (0, 22), (0, 36), (42, -10), (-42, -10), (0, 52), (60, -26), (-60, -26), (0, -37),
    (64, -42), (-64, -42),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Label:
    """Text centred at ``x`` with its base line at ``y``."""

    text: str
    x: float
    y: float

    def touches(self, other: "Label") -> bool:
        """Whether the two would overprint."""
        reach = (text_width(self.text) + text_width(other.text)) / 2
        return abs(self.x - other.x) < reach and abs(self.y - other.y) < _LINE_HEIGHT


def text_width(text: str) -> float:
    """Estimated width of a label, user units."""
    return len(text) * _LETTER_WIDTH


def beside_points(
    points: Sequence[tuple[str, float, float]],
    reach: tuple[float, float],
    depth: tuple[float, float],
    lines: Sequence[tuple[FloatArray, FloatArray]] = (),
) -> list[Label | None]:
    """A place near each point (text, x, y), or ``None`` where none is free.

    ``reach`` is the left and right end, ``depth`` the highest and lowest base line. Of the free places the one that
    covers the fewest points of ``lines`` (x, y) is taken, the nearest first where several cover as few.
    """
    placed: list[Label | None] = []
    for words, x, y in points:
        taken = [label for label in placed if label is not None]
        spots = [spot for spot in _spots(words, x, y, reach, depth) if _free(spot, taken)]
        placed.append(min(spots, key=lambda spot: _covered(spot, lines), default=None))
    return placed


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least ``gap`` apart, close to the wanted ones and inside ``low`` to ``high`` where that fits.

    Pools overlapping neighbours around their mean, the least-squares answer (isotonic regression).
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[list[float]] = []
    for rank, i in enumerate(order):
        blocks.append([wanted[i] - rank * gap, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            blocks[-1] = [
                (blocks[-1][0] * blocks[-1][1] + mean * count) / (blocks[-1][1] + count),
                blocks[-1][1] + count,
            ]
    flat = [mean for mean, count in blocks for _ in range(int(count))]
    last = max(low, high - gap * (len(order) - 1))
    places = [0.0] * len(order)
    for rank, i in enumerate(order):
        places[i] = min(max(flat[rank], low), last) + rank * gap
    return places


def _covered(spot: Label, lines: Sequence[tuple[FloatArray, FloatArray]]) -> int:
    """How many points of the lines lie under a label."""
    half = text_width(spot.text) / 2 + _CLEARANCE
    return sum(
        int(np.sum((np.abs(x - spot.x) < half) & (y > spot.y - _LINE_HEIGHT + 2) & (y < spot.y + 4))) for x, y in lines
    )


def _spots(words: str, x: float, y: float, reach: tuple[float, float], depth: tuple[float, float]) -> list[Label]:
    half = text_width(words) / 2
    lowest, highest = reach[0] + half, max(reach[0] + half, reach[1] - half)
    spots = [Label(words, min(max(x + dx, lowest), highest), y + dy) for dx, dy in _TRIES]
    return [spot for spot in spots if depth[0] <= spot.y <= depth[1]]


def _free(spot: Label, taken: list[Label]) -> bool:
    return not any(spot.touches(other) for other in taken)
