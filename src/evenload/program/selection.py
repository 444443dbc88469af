"""Whom to call: those who are rested, were called least and rarely opt out, as many as a wanted power needs.

What one who is called moves is a chance: they have to be plugged in and charging, and not opt out. Whoever is called
more often opts out more, so calls are a budget that is spent where they move most. Requirements R16, R25, R97.
"""

from dataclasses import dataclass
from math import inf, isfinite
from statistics import NormalDist
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError, InputError
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.columns import Columns

USUAL_OPT_OUT: Final = 0.08
"""Share of those called that opted out by hand in a program of the report (Hawaii: 19 events, 300 drivers)."""

COMMON_SHARE: Final = 0.05
"""How wrong what all move together may be for a reason they share, such as a day unlike others."""

_USUAL_WEIGHT: Final = 5.0
"""So many calls of one driver count as much as what all did."""

_ALL_WEIGHT: Final = 200.0
"""So many calls of all count as much as what is usual elsewhere."""


@dataclass(frozen=True)
class Pool(Columns):
    """Those who might be called, one a row.

    ``power_kw``: what one moves who is there; ``there`` (0-1): how probably they are plugged in and charging;
    ``opt_out`` (0-1): how probably they opt out; ``calls``: how often they were called this season; ``rested_h``: hours
    since their last event ended (inf: none); ``may_ask``: no rule of the program stands against asking them.
    """

    participant_id: TextArray
    power_kw: FloatArray
    there: FloatArray
    opt_out: FloatArray
    calls: IntArray
    rested_h: FloatArray
    may_ask: BoolArray

    def _check(self) -> None:
        self._first_bad(~((self.power_kw >= 0) & np.isfinite(self.power_kw)), "power_kw", "must be 0 or more", _ID)
        for name in ("there", "opt_out"):
            share = getattr(self, name)
            self._first_bad(~((share >= 0) & (share <= 1)), name, "must be a share from 0 to 1", _ID)
        if np.unique(self.participant_id).size != len(self):
            raise ColumnsError("Pool.participant_id names somebody twice")

    @property
    def moves_kw(self) -> FloatArray:
        """What one who is called moves on average, kW."""
        return np.asarray(self.power_kw * self.there * (1.0 - self.opt_out))


_ID: Final = "participant_id"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of the pool that are called, in the order they were chosen; what they move on average, and at least with
    the confidence asked for (kW); and a sentence."""

    row: IntArray
    mean_kw: float
    assured_kw: float
    is_enough: bool
    sentence: str


def opt_out_of(opted_out: IntArray, calls: IntArray) -> FloatArray:
    """How probably each opts out, from how often they did: the mean of a beta distribution around what all did so far,
    which itself starts from ``USUAL_OPT_OUT``."""
    usual = (opted_out.sum() + USUAL_OPT_OUT * _ALL_WEIGHT) / (calls.sum() + _ALL_WEIGHT)
    return np.asarray((opted_out + usual * _USUAL_WEIGHT) / (calls + _USUAL_WEIGHT))


def choose(
    pool: Pool, wanted_kw: float, confidence: float = 0.9, *, rest_h: float = 24.0, common_share: float = COMMON_SHARE
) -> Chosen:
    """The first so many, in order of merit, that move ``wanted_kw`` or more with a confidence.

    First all who rested ``rest_h`` hours, then the others by how long they rested; of those alike, the ones called
    least this season; then who moves most per opt-out. Cars are taken to be there
    independently of each other, but for an error of ``common_share`` (one standard deviation) that all have in common.
    Raises ``InputError`` for a power or confidence that cannot be.
    """
    if not (isfinite(wanted_kw) and wanted_kw >= 0):
        raise InputError(f"wanted_kw = {wanted_kw} must be 0 or more")
    if not 0.5 <= confidence < 1:
        raise InputError(f"confidence = {confidence} must be at least 0.5 and below 1")
    order = _order(pool, rest_h)
    mean_kw, spread_kw = _sums(pool, order, common_share)
    assured_kw = mean_kw - NormalDist().inv_cdf(confidence) * spread_kw
    enough = np.flatnonzero(assured_kw >= wanted_kw)
    count = 0 if wanted_kw == 0 else int(enough[0]) + 1 if enough.size else order.size
    mean, assured = (float(sums[count - 1]) if count else 0.0 for sums in (mean_kw, assured_kw))
    is_enough = wanted_kw == 0 or bool(enough.size)
    sentence = _sentence(pool, count, (wanted_kw, mean, max(assured, 0.0)), confidence, is_enough=is_enough)
    return Chosen(order[:count], mean, max(assured, 0.0), is_enough, sentence)


def _order(pool: Pool, rest_h: float) -> IntArray:
    """Rows that may be asked and move anything, best first."""
    rows = np.flatnonzero(pool.may_ask & (pool.moves_kw > 0))
    rested = np.minimum(pool.rested_h[rows], rest_h)
    cost = pool.opt_out[rows] / pool.moves_kw[rows]
    return rows[np.lexsort((rows, cost, pool.calls[rows], -rested))]


def _sums(pool: Pool, order: IntArray, common_share: float) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of what the first 1, 2, ... move together."""
    power, chance = pool.power_kw[order], (pool.there * (1.0 - pool.opt_out))[order]
    mean = np.cumsum(power * chance)
    return mean, np.sqrt(np.cumsum(power**2 * chance * (1.0 - chance)) + (common_share * mean) ** 2)


def _sentence(
    pool: Pool, count: int, kw: tuple[float, float, float], confidence: float, *, is_enough: bool
) -> str:  # fmt: skip
    wanted, mean, assured = kw
    barred = int((~pool.may_ask).sum())
    out = f"; {barred} may not be asked" if barred else ""
    short = "" if is_enough else f", less than the {wanted:.0f} kW wanted"
    moved = f"{mean:.0f} kW on average, {assured:.0f} kW with {confidence:.0%} confidence"
    return f"{count} of {len(pool)} are called: {moved}{short}{out}"


NEVER_H: Final = inf
"""``rested_h`` of those who were never called."""
