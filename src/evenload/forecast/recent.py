"""The conditions at an origin: how far the last hour, day and week were off the usual, and the weather ahead."""

from typing import Final

import numpy as np

from evenload.base.units import FloatArray
from evenload.forecast.conditions import Weather
from evenload.forecast.origins import Origins
from evenload.forecast.recipe import WEEK_DAYS

HEATING_BELOW_C: Final = 15.0
COOLING_ABOVE_C: Final = 20.0
TIMELY: Final = 2
"""The first two recent conditions, hour and day, go missing when readings are late."""

_LATE_DAYS = 2
_WEEK_LEAST = 2


def recent(residual_kw: FloatArray, before: int, steps_per_hour: int) -> FloatArray:
    """Mean residual of the last hour, of the last day and of the week that ended two days ago.

    ``residual_kw`` is load less usual load, (N, R, C); the answer is (N, R - 8, 3), kW, NaN where too little is known:
    one step of the hour, half of the day, two days of the week.
    """
    rows = residual_kw.shape[1] - WEEK_DAYS
    hour = mean_known(residual_kw[:, :rows, before - steps_per_hour : before], 2, 1)
    day = mean_known(residual_kw[:, :, :before], 2, before // 2)
    week = np.stack([day[:, back : back + rows] for back in range(_LATE_DAYS, WEEK_DAYS + 1)])
    return np.stack([hour, day[:, :rows], mean_known(week, 0, _WEEK_LEAST)], axis=2)


def weather_ahead(weather: Weather | None, origins: Origins, offset: int) -> FloatArray:
    """Heating and cooling degrees and irradiance in the first and second half of what is forecast, (R, up to 6)."""
    found: list[FloatArray] = []
    if weather is not None and weather.temperature_c is not None:
        temperature = origins.gather(weather.temperature_c, offset)
        found += [np.maximum(HEATING_BELOW_C - temperature, 0.0), np.maximum(temperature - COOLING_ABOVE_C, 0.0)]
    if weather is not None and weather.irradiance_w_m2 is not None:
        found.append(origins.gather(weather.irradiance_w_m2, offset))
    ahead = [half for values in found for half in np.array_split(values[:, origins.first :], 2, axis=1) if half.size]
    columns = [mean_known(half, 1, (half.shape[1] + 1) // 2) for half in ahead]
    return np.stack(columns, axis=1) if columns else np.empty((origins.index.shape[0], 0))


def mean_known(values: FloatArray, axis: int, least: int) -> FloatArray:
    """Mean of what is not NaN; NaN where fewer than ``least`` values are known."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count >= least, total / np.maximum(count, 1), np.nan)
