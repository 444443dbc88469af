"""How far the clock of a car is ahead of a charger's, learned from stays that were theirs."""

from collections.abc import Sequence
from math import sqrt
from typing import Final

from evenload.service.cable.evidence import UNKNOWN_GAP, ClockGap
from evenload.service.cable.stays import CarStay, ChargerStay
from evenload.service.cable_rows import PairRow

_STAYS: Final = 10
"""So many stays say how far clocks are apart; older ones may be of another clock."""

_AHEAD_S_MAX: Final = 1200.0
_SPREAD_S_MIN: Final = 30.0
APART_S: Final = 120.0
"""Clocks that differ by more than this are said to be wrong."""


def ahead_s(charger: ChargerStay, car: CarStay) -> tuple[float | None, float]:
    """Between what the car's clock is ahead of the charger's, by when a cable went in at both ends (s)."""
    high = (car.plugged.by - charger.plugged_at).total_seconds()
    width_s = car.plugged.width_s
    return None if width_s is None else high - width_s, high


def learned(pairs: Sequence[PairRow]) -> ClockGap:
    """What pairs of one device and one vehicle say together, the latest last: what all of them allow.

    Where they allow nothing in common a clock was set in between, and the latest ones count that still agree.
    """
    known = [one for one in pairs if one.ahead_s_high is not None and one.state.is_believed][-_STAYS:]
    low, high = -_AHEAD_S_MAX, _AHEAD_S_MAX
    for one in reversed(known):
        next_low = low if one.ahead_s_low is None else max(low, one.ahead_s_low)
        next_high = min(high, one.ahead_s_high or 0.0)
        if next_low > next_high + _SPREAD_S_MIN:
            break
        low, high = min(next_low, next_high), max(next_low, next_high)
    prior_s = 2 * UNKNOWN_GAP.spread_s
    if not known or high - low > 2 * prior_s:
        return UNKNOWN_GAP
    spread_s = max((high - low) / sqrt(12.0), _SPREAD_S_MIN)
    return ClockGap((low + high) / 2, min(spread_s, UNKNOWN_GAP.spread_s), is_learned=True)
