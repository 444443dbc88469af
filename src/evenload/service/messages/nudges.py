"""Nudges: what waiting for better hours saved, and when the clean hours are. Computed, so that they can be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenload.service.live_rows import SignalRow
from evenload.service.rows import SlotRow

QUARTER: Final = timedelta(minutes=15)
CLEAN_SHARE_MIN: Final = 0.15
"""Less is not worth a message."""
_HOURS_A_SLOT: Final = 0.25


@dataclass(frozen=True, slots=True)
class Savings:
    """What a session, or many, cost less than charging at once at plug-in would have; estimates."""

    energy_kwh: float
    cost: float
    cost_at_once: float

    @property
    def saved(self) -> float:
        """The difference."""
        return self.cost_at_once - self.cost


@dataclass(frozen=True, slots=True)
class CleanHours:
    """The hours of least carbon in a day; ``share`` is how much less than the mean of the day."""

    start: datetime
    end: datetime
    share: float


def savings_of(plugged_at: datetime, slots: Sequence[SlotRow], prices: Mapping[datetime, float]) -> Savings | None:
    """What a session saved, of the quarter hours of its charger and a price for each quarter hour.

    At once is: the same energy from the quarter of plug-in on, at the most power that was seen. ``None`` where a price
    is missing that either needs, or where nothing was charged.
    """
    charged = [one for one in slots if one.power_kw > 0]
    energy_kwh = sum(one.power_kw for one in charged) * _HOURS_A_SLOT
    if energy_kwh <= 0:
        return None
    power_kw_max = max(one.power_kw for one in charged)
    at, left_kwh, told = quarter_of(plugged_at), energy_kwh, list[tuple[datetime, float]]()
    while left_kwh > 0:
        gives_kwh = min(left_kwh, power_kw_max * _HOURS_A_SLOT)
        told.append((at, gives_kwh))
        at, left_kwh = at + QUARTER, left_kwh - gives_kwh
    if any(one not in prices for one in [*(slot.at for slot in charged), *(at for at, _ in told)]):
        return None
    cost = sum(one.power_kw * _HOURS_A_SLOT * prices[one.at] for one in charged)
    return Savings(energy_kwh, cost, sum(kwh * prices[at] for at, kwh in told))


def clean_hours(carbon: Mapping[datetime, float], start: datetime, hours: int = 3) -> CleanHours | None:
    """The ``hours`` in a row with the least carbon of the 24 h from a quarter hour on; ``None`` where carbon is missing
    for any quarter, or where they are not clean enough to tell (``CLEAN_SHARE_MIN``)."""
    first = quarter_of(start)
    day = [carbon.get(first + place * QUARTER) for place in range(96)]
    known = [one for one in day if one is not None]
    width = hours * 4
    if len(known) < len(day) or sum(known) <= 0:
        return None
    sums = [sum(known[place : place + width]) for place in range(len(known) - width + 1)]
    best = min(range(len(sums)), key=lambda place: (sums[place], place))
    share = 1 - (sums[best] / width) / (sum(known) / len(known))
    begins = first + best * QUARTER
    return CleanHours(begins, begins + width * QUARTER, share) if share >= CLEAN_SHARE_MIN else None


def by_quarter(signals: Sequence[SignalRow], value: str) -> dict[datetime, float]:
    """Prices or carbon (a name of ``SignalRow``'s) by quarter hour; what holds longer holds in each of its quarters."""
    found: dict[datetime, float] = {}
    for row in signals:
        told = getattr(row, value)
        at, end = quarter_of(row.at), row.at + timedelta(seconds=row.duration_s)
        while told is not None and at < end:
            found[at] = told
            at += QUARTER
    return found


def quarter_of(instant: datetime) -> datetime:
    """The quarter hour an instant falls in."""
    return instant.replace(minute=instant.minute - instant.minute % 15, second=0, microsecond=0)
