"""What load depends on besides itself: the kind of day on the local calendar, temperature and sun."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from evenload.base.errors import LoadError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray
from evenload.base.local_clock import LocalClock, weekday_of
from evenload.base.units import FloatArray, IntArray

WORKDAY: Final = 0
SATURDAY: Final = 1
SUNDAY: Final = 2
DAY_TYPES: Final = 3

_SATURDAY_OF_WEEK: Final = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """The local clock the nodes live by and the dates (``datetime64[D]``) that are holidays, which count as Sundays."""

    clock: LocalClock
    holidays: InstantArray = field(default_factory=lambda: np.empty(0, dtype="datetime64[D]"))

    def day_type(self, dates: InstantArray) -> IntArray:
        """``WORKDAY``, ``SATURDAY`` or ``SUNDAY`` of local dates, any shape."""
        weekday = weekday_of(dates)
        kind = np.maximum(weekday - _SATURDAY_OF_WEEK + 1, WORKDAY)
        return np.where(np.isin(dates.astype("datetime64[D]"), self.holidays), SUNDAY, kind)


@dataclass(frozen=True, slots=True)
class Weather:
    """Weather at the nodes: measured until now and forecast from now on, each shape (steps,); NaN is missing.

    ``temperature_c`` in degrees Celsius, ``irradiance_w_m2`` on any fixed plane; None where not known at all.
    """

    horizon: Horizon
    temperature_c: FloatArray | None = None
    irradiance_w_m2: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("temperature_c", "irradiance_w_m2"):
            values = getattr(self, name)
            if values is not None and values.shape != (self.horizon.steps,):
                raise LoadError(f"{name} has shape {values.shape}, expected ({self.horizon.steps},)")
