"""Weeks of single cars that nobody manages, out of a history: the sample that ``unmanaged_cars`` is worked out from."""

from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import MINUTES_PER_DAY, MINUTES_PER_HOUR, FloatArray, IntArray
from evenload.domain.history import History

_WEEK_MINUTES: Final = 7 * MINUTES_PER_DAY
_MONDAY_MINUTES: Final = 4 * MINUTES_PER_DAY
"""The first Monday of 1970, minutes after its first midnight."""

_WEEKS_MAX: Final = 2000


def weeks_of_cars_kw(history: History, horizon: Horizon, clock: LocalClock) -> FloatArray:
    """What single cars draw in a horizon if each lives one of the weeks on record, kW, shape (weeks, steps).

    Every whole week of a driver between the first and the last plug-in counts, also one without any; 2,000 of them at
    most, evenly over all. A session draws ``power_kw_max`` from plug-in until its energy is there. Weekdays and hours
    are those of the local ``clock``; a horizon beyond a week goes through the same week again. Raises ``InputError``
    where power or ``user_id`` are not known, or nobody is on record for a whole week.
    """
    history = history.take(np.flatnonzero(history.user_id != ""))
    if not len(history):
        raise InputError("no row has a user_id: what one car draws can only be told where it is known whose it is")
    if not (history.power_kw_max > 0).all():
        raise InputError("power_kw_max is not known of every session; what a car draws cannot be told")
    driver = np.unique(history.user_id, return_inverse=True)[1]
    plug = _local_minutes(history, clock)
    first, weeks = _whole_weeks(plug, driver)
    if not weeks.sum():
        raise InputError("no driver is on record for a whole week, Monday to Sunday; give a longer history")
    row_of_driver = np.concatenate([[0], np.cumsum(weeks)])
    chosen = np.unique(np.linspace(0, row_of_driver[-1] - 1, min(int(row_of_driver[-1]), _WEEKS_MAX)).astype(np.int64))
    bins = _WEEK_MINUTES // horizon.step_minutes
    hours = history.energy_kwh_metered / history.power_kw_max
    session, slot, kwh = _spread(plug, hours * MINUTES_PER_HOUR, history.power_kw_max, horizon.step_minutes)
    week = slot // bins - first[driver[session]]
    inside = (week >= 0) & (week < weeks[driver[session]])
    place = np.full(int(row_of_driver[-1]), -1)
    place[chosen] = np.arange(chosen.size)
    row = place[row_of_driver[driver[session[inside]]] + week[inside]]
    cell = row[row >= 0] * bins + (slot[inside] % bins)[row >= 0]
    weekly = np.bincount(cell, weights=kwh[inside][row >= 0], minlength=chosen.size * bins).reshape(-1, bins)
    local = clock.local(horizon.starts()).astype("datetime64[m]").astype(np.int64) - _MONDAY_MINUTES
    return np.asarray(weekly[:, local % _WEEK_MINUTES // horizon.step_minutes] / horizon.hours_per_step)


def _local_minutes(history: History, clock: LocalClock) -> FloatArray:
    """Plug-in on the wall clock, minutes after a Monday's first midnight."""
    return np.asarray(clock.local(history.plugged_at).astype(np.int64) / 60.0 - _MONDAY_MINUTES)


def _whole_weeks(plug: FloatArray, driver: IntArray) -> tuple[IntArray, IntArray]:
    """The first whole week of each driver, weeks after 1970, and how many there are up to the last plug-in."""
    first, last = np.full(driver.max() + 1, np.inf), np.full(driver.max() + 1, -np.inf)
    np.minimum.at(first, driver, plug)
    np.maximum.at(last, driver, plug)
    begin = np.ceil(first / _WEEK_MINUTES).astype(np.int64)
    return begin, np.maximum(np.floor(last / _WEEK_MINUTES).astype(np.int64) - begin, 0)


def _spread(
    start: FloatArray, minutes: FloatArray, power_kw: FloatArray, step_minutes: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Steps that charging touches: the session, the step counted from the origin, and the energy in it, kWh."""
    end = start + minutes
    begin = np.floor(start / step_minutes).astype(np.int64)
    count = np.maximum(np.ceil(end / step_minutes).astype(np.int64) - begin, 0)
    session = np.repeat(np.arange(start.size), count)
    slot = np.arange(session.size) - np.repeat(np.cumsum(count) - count, count) + begin[session]
    there = np.minimum(end[session], (slot + 1) * step_minutes) - np.maximum(start[session], slot * step_minutes)
    return session, slot, np.maximum(there, 0.0) * power_kw[session] / MINUTES_PER_HOUR
