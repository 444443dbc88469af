"""What a site pays beside its energy: demand charges with ratchets, subscription blocks, and the hours they look at.

Every charge is a price of the highest mean load of a billing period (a peak). Amounts are estimates in float, currency
of the prices of energy. Source: DESIGN section 5; market reference section 4 (PG&E BEV, Con Edison, FPL, SDG&E forms).
"""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock, clock_text, weekday_of
from evenload.base.units import MINUTES_PER_DAY, MINUTES_PER_HOUR, BoolArray, FloatArray

_WEEK: Final = frozenset(range(7))
_YEAR: Final = frozenset(range(1, 13))
_BLOCKS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class ChargeHours:
    """When load counts, by the local wall clock: from ``start_minute`` to before ``end_minute`` of the day, over
    midnight where it starts later than it ends, on ``weekdays`` (0 = Monday) of ``months`` (1 = January).

    After midnight the weekday is that of the new day. Public holidays count like other days.
    """

    start_minute: int = 0
    end_minute: int = MINUTES_PER_DAY
    weekdays: frozenset[int] = _WEEK
    months: frozenset[int] = _YEAR

    def __post_init__(self) -> None:
        if not (0 <= self.start_minute < MINUTES_PER_DAY and 0 < self.end_minute <= MINUTES_PER_DAY):
            raise InputError(
                f"hours start at minute 0 to {MINUTES_PER_DAY - 1} of a day and end at minute 1 to {MINUTES_PER_DAY}, "
                f"not {self.start_minute} and {self.end_minute}"
            )
        if self.start_minute == self.end_minute:
            at = clock_text(self.start_minute)
            raise InputError(f"hours from {at} to {at} never occur; write 00:00 to 24:00 for all day")
        for name, known in (("weekdays", _WEEK), ("months", _YEAR)):
            days = getattr(self, name)
            if not days or not days <= known:
                raise InputError(f"{name} {sorted(days)} never occur; give one or more of {min(known)} to {max(known)}")

    @property
    def always(self) -> bool:
        """Whether every hour counts."""
        return self == ChargeHours()

    def counted(self, horizon: Horizon, zone: str) -> BoolArray:
        """Whether load counts in the step, by its start, shape (steps,)."""
        if self.always:
            return np.ones(horizon.steps, dtype=np.bool_)
        clock, starts = LocalClock(zone), horizon.starts()
        minute, date = clock.minute_of_day(starts), clock.date(starts)
        month = date.astype("datetime64[M]").astype(np.int64) % 12 + 1
        after, before = minute >= self.start_minute, minute < self.end_minute
        hours = after & before if self.start_minute < self.end_minute else after | before
        return np.asarray(
            hours & np.isin(weekday_of(date), sorted(self.weekdays)) & np.isin(month, sorted(self.months))
        )


ANY_TIME: Final = ChargeHours()


@dataclass(frozen=True, slots=True)
class DemandCharge:
    """So much per kW of the highest mean load of the billing period in its hours.

    With a ratchet no less is billed than ``ratchet_share`` of the highest load of the months before (eleven, mostly).
    """

    name: str
    per_kw: float
    hours: ChargeHours = ANY_TIME
    ratchet_share: float = 0.0

    def __post_init__(self) -> None:
        _refuse_negative(self.name, per_kw=self.per_kw)
        if not 0 <= self.ratchet_share <= 1:
            raise InputError(f"{self.name}: ratchet_share must be between 0 and 1, not {self.ratchet_share:g}")

    def floor_kw(self, highest_kw_before: float) -> float:
        """What is billed at the least, kW."""
        return self.ratchet_share * highest_kw_before

    def cost(self, peak_kw: FloatArray | float) -> FloatArray:
        """What peaks at or above the floor cost."""
        return np.asarray(self.per_kw * np.maximum(peak_kw, 0.0))

    @property
    def steepest_per_kw(self) -> float:
        """The most a kW can cost."""
        return self.per_kw

    @property
    def relaxed_per_kw(self) -> float:
        """What a kW costs in the long run: the slope of the largest convex cost below the true one."""
        return self.per_kw


@dataclass(frozen=True, slots=True)
class Subscription:
    """A load bought in blocks, and a price per kW for what goes above.

    ``blocks`` is how many are subscribed to; None: as many as are cheapest for the peak, decided when it is known (as
    where a customer may change the level until the period ends).
    """

    block_kw: float
    per_block: float
    overage_per_kw: float
    blocks: int | None = None
    name: str = "subscription"
    hours: ChargeHours = ANY_TIME

    def __post_init__(self) -> None:
        if not (isfinite(self.block_kw) and self.block_kw > 0):
            raise InputError(f"{self.name}: block_kw must be above 0, not {self.block_kw:g}")
        _refuse_negative(self.name, per_block=self.per_block, overage_per_kw=self.overage_per_kw)
        if self.blocks is not None and not 0 <= self.blocks <= _BLOCKS_MAX:
            raise InputError(f"{self.name}: blocks must be 0 to {_BLOCKS_MAX:,}, not {self.blocks}")

    def floor_kw(self, highest_kw_before: float) -> float:  # noqa: ARG002 - blocks have no ratchet
        """What is paid for in any case, kW."""
        return 0.0 if self.blocks is None else self.blocks * self.block_kw

    def blocks_for(self, peak_kw: FloatArray | float) -> FloatArray:
        """Blocks paid for at peaks: those subscribed to, or the cheapest number."""
        peak = np.maximum(np.asarray(peak_kw, dtype=np.float64), 0.0)
        if self.blocks is not None:
            return np.full(peak.shape, float(self.blocks))
        if self.overage_per_kw * self.block_kw <= self.per_block:
            return np.zeros(peak.shape)  # going above costs less than any block
        whole = np.floor(peak / self.block_kw * (1 + 1e-12))
        rest = np.maximum(peak - whole * self.block_kw, 0.0)
        return np.asarray(whole + (rest * self.overage_per_kw > self.per_block))

    def cost(self, peak_kw: FloatArray | float) -> FloatArray:
        """What peaks cost: blocks and what goes above them."""
        blocks = self.blocks_for(peak_kw)
        return np.asarray(
            blocks * self.per_block + self.overage_per_kw * np.maximum(peak_kw - blocks * self.block_kw, 0.0)
        )

    @property
    def steepest_per_kw(self) -> float:
        """The most a kW can cost: above the blocks."""
        return self.overage_per_kw

    @property
    def relaxed_per_kw(self) -> float:
        """What a kW costs in the long run: the slope of the largest convex cost below the staircase."""
        if self.blocks is not None:
            return self.overage_per_kw
        return min(self.per_block / self.block_kw, self.overage_per_kw)


Charge = DemandCharge | Subscription


@dataclass(frozen=True, slots=True)
class SiteTariff:
    """What a site pays a billing period beside energy. Load is averaged over ``demand_minutes`` from the full hour."""

    charges: tuple[Charge, ...] = ()
    fixed_per_period: float = 0.0
    demand_minutes: int = 15

    def __post_init__(self) -> None:
        _refuse_negative("tariff", fixed_per_period=self.fixed_per_period)
        if self.demand_minutes not in {5, 10, 15, 30, 60}:
            raise InputError(f"load is averaged over 5, 10, 15, 30 or 60 minutes, not {self.demand_minutes}")
        names = [charge.name for charge in self.charges]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise InputError(f"a tariff has two charges named {min(twice)!r}; give each a name of its own")

    def demand_kw(self, horizon: Horizon, load_kw: FloatArray) -> FloatArray:
        """Mean load of the demand interval each step lies in, kW, from load, both of shape (steps,)."""
        steps = self.steps_per_mean(horizon)
        return np.repeat(load_kw.reshape(-1, steps).mean(axis=1), steps)

    def counted(self, charge: Charge, horizon: Horizon, zone: str) -> BoolArray:
        """Whether each step counts for a charge, shape (steps,): a demand interval counts as its first step does."""
        steps = self.steps_per_mean(horizon)
        return np.repeat(charge.hours.counted(horizon, zone)[::steps], steps)

    def steps_per_mean(self, horizon: Horizon) -> int:
        """Steps of a demand interval; ``InputError`` where the horizon is not made of whole ones."""
        steps, odd = divmod(self.demand_minutes, horizon.step_minutes)
        if odd or steps == 0:
            raise InputError(
                f"demand is the mean of {self.demand_minutes} min, which steps of {horizon.step_minutes} min do not "
                f"show; use steps of {self.demand_minutes} min or a part of them"
            )
        minute = horizon.start.minute % min(self.demand_minutes, MINUTES_PER_HOUR)
        if minute or horizon.steps % steps:
            raise InputError(
                f"{horizon.start.isoformat()} to {horizon.end.isoformat()} is not made of whole intervals of "
                f"{self.demand_minutes} min"
            )
        return steps


def _refuse_negative(owner: str, **values: float) -> None:
    for name, value in values.items():
        if not 0 <= value < inf:
            raise InputError(f"{owner}: {name} must be a number of 0 or more, not {value:g}")
