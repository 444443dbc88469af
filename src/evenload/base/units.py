"""Units and signs, decided once.

- Positive power flows from the grid into the vehicle; generation and discharge are negative.
- Names read quantity_unit_qualifier: ``power_kw_max``, ``energy_kwh``, ``price_per_kwh``, ``carbon_g_per_kwh``.
- Power in plans, limits, bills and measurement is AC at the connector; needs and state of charge are at the battery.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
TextArray = NDArray[np.str_]

MINUTES_PER_HOUR: Final = 60
MINUTES_PER_DAY: Final = 1440
HOURS_PER_DAY: Final = 24
GRAMS_PER_KILOGRAM: Final = 1000.0


def wall_kwh(battery_kwh: FloatArray, efficiency: FloatArray) -> FloatArray:
    """Energy at the connector (kWh, AC) that puts ``battery_kwh`` into batteries of one-way ``efficiency`` (0-1]."""
    return np.asarray(battery_kwh / efficiency, dtype=np.float64)


def kw_from_kva(rating_kva: float, power_factor: float) -> float:
    """Real power (kW) a rating of ``rating_kva`` carries at ``power_factor`` (0-1]."""
    return rating_kva * power_factor
