"""The few numbers of the method, chosen by measurement (docs/explanation/forecast.md)."""

from dataclasses import dataclass
from typing import Final

QUANTILES: Final = (0.1, 0.5, 0.9, 0.95)
"""Levels that are forecast; fallback allotment uses the last."""

WEEK_DAYS: Final = 8
"""Days behind an origin that its conditions look at: the week that ended when late readings may begin."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How past days are weighed and moved.

    ``days`` earlier days are looked at, with weights that halve every ``half_life_days``. A day of another type
    (workday, Saturday, Sunday) counts ``other_type_weight`` of one of the same. A day type's profile is drawn to that
    of all days as if those had ``pull_to_all_days`` days more. ``ridge`` holds effects back, as a share of the
    weight of all days. Quantiles are averaged over the steps within ``smooth_minutes``.
    """

    days: int
    half_life_days: float
    smooth_minutes: int
    other_type_weight: float = 0.1
    pull_to_all_days: float = 2.0
    ridge: float = 0.1

    def smooth_steps(self, step_minutes: int) -> int:
        """Steps to average over: an odd number, so that the mean stands where its middle does."""
        return max((self.smooth_minutes // step_minutes - 1) // 2, 0) * 2 + 1


LOAD: Final = Recipe(days=112, half_life_days=42.0, smooth_minutes=45)
PV: Final = Recipe(days=42, half_life_days=14.0, smooth_minutes=0)
