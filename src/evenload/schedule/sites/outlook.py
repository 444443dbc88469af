"""What a charge is expected to cost by the end of its billing period, and as which terms a part of it sees that.

A peak is paid once a period, so a plan of one day must not count it as if each day paid for its own. If load comes to
y kW now, the charge is expected to be ``V(y) = E[cost(max(y, M))]``, M the highest load that later days need anyway: a
share F(y) of comparable days needs no more than y, so all n days left do with probability ``F(y)^n``. One kW more at y
costs ``price * F(y)^n`` now, and all of it on the last day. V is made convex from below and cut into pieces, each a
term with a level of its own. Source: DESIGN section 5; ``docs/explanation/sites.md``.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from evenload.base.units import FloatArray
from evenload.domain.site_tariff import Charge, Subscription

_PIECES_MAX: Final = 4
_REACHED_ANYWAY: Final = 0.5
_EDGES_AHEAD: Final = 2
_EDGES_MAX: Final = 100
_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Outlook:
    """A charge with the load that is paid for, days to come after the horizon, and what such days need (sorted)."""

    charge: Charge
    paid_kw: float
    days_left: int
    needed_kw: FloatArray

    def reached_anyway(self, level_kw: FloatArray) -> FloatArray:
        """Probability that some day left needs more than a level."""
        if not self.needed_kw.size or not self.days_left:
            return np.zeros(np.shape(level_kw))
        less = np.searchsorted(self.needed_kw, level_kw, side="right") / self.needed_kw.size
        return np.asarray(1.0 - less**self.days_left)

    @property
    def target_kw(self) -> float:
        """The load that more likely than not is paid for in the end whatever this plan does, kW."""
        likely = self.needed_kw[self.reached_anyway(self.needed_kw - 1e-9) >= _REACHED_ANYWAY]
        return max(self.paid_kw, float(likely.max(initial=0.0)))

    def expected_cost(self, level_kw: FloatArray) -> FloatArray:
        """V: what the charge is expected to cost by the end of the period if load comes to these levels now."""
        level = np.maximum(np.asarray(level_kw, dtype=np.float64), self.paid_kw)
        now = self.charge.cost(level)
        if not self.needed_kw.size or not self.days_left:
            return now
        share = (np.arange(self.needed_kw.size + 1) / self.needed_kw.size) ** self.days_left
        below = share[np.searchsorted(self.needed_kw, level, side="right")]
        chance, cost = np.diff(share), self.charge.cost(np.maximum(self.needed_kw, self.paid_kw))
        later = np.where(self.needed_kw[None, :] > level.reshape(-1, 1), chance * cost, 0.0).sum(axis=1)
        return np.asarray(below * now + later.reshape(level.shape))

    def pieces(self) -> list[tuple[float, float]]:
        """Levels (kW) and by how much a kW gets dearer there (per kW): V's convex form, a few terms of a circuit."""
        level = self._knots()
        slope = convex_slopes(level, self.expected_cost(level), self.charge.relaxed_per_kw)
        added = np.diff(slope, prepend=0.0)
        return [(float(kw), float(price)) for kw, price in zip(level, added, strict=True) if price > _NOTHING]

    def _knots(self) -> FloatArray:
        """Levels to look at: what is paid, what later days may need, the edges of blocks."""
        ahead = self.needed_kw[self.needed_kw > self.paid_kw]
        if ahead.size > _PIECES_MAX:
            chance = 1.0 - self.reached_anyway(ahead)
            wanted = np.linspace(0.0, 1.0, _PIECES_MAX + 1)[1:] * chance[-1]
            ahead = ahead[np.searchsorted(chance, wanted * (1 - 1e-12))]
        return np.unique(np.concatenate([[self.paid_kw], ahead, self._edges(float(ahead.max(initial=self.paid_kw)))]))

    def _edges(self, highest_kw: float) -> FloatArray:
        """Edges of blocks above what is paid for, some beyond the highest level to look at."""
        charge = self.charge
        if not isinstance(charge, Subscription) or charge.blocks is not None:
            return np.zeros(0)
        first = int(self.paid_kw / charge.block_kw * (1 + 1e-12)) + 1
        count = int(highest_kw / charge.block_kw) + _EDGES_AHEAD - first
        return np.asarray((first + np.arange(min(max(count, 1), _EDGES_MAX))) * charge.block_kw)


def convex_slopes(level: FloatArray, cost: FloatArray, last_per_kw: float) -> FloatArray:
    """Slope after each level of the largest convex cost below the points and a last slope beyond them."""
    kept: list[int] = []
    for k in range(level.size):
        while len(kept) > 1 and _slope(level, cost, kept[-2], kept[-1]) >= _slope(level, cost, kept[-1], k):
            kept.pop()
        kept.append(k)
    between = [_slope(level, cost, a, b) for a, b in pairwise(kept)]
    after = np.array([*between, last_per_kw])
    slope = after[np.searchsorted(level[kept], level, side="right") - 1]
    return np.asarray(np.maximum.accumulate(np.clip(slope, 0.0, last_per_kw)))


def _slope(level: FloatArray, cost: FloatArray, a: int, b: int) -> float:
    return float((cost[b] - cost[a]) / (level[b] - level[a]))
