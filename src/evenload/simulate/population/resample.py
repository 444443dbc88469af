"""Replay real histories as a population of another size."""

from datetime import datetime

import numpy as np

from evenload.base.errors import InputError
from evenload.base.instants import InstantArray, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import IntArray, TextArray
from evenload.domain.history import History
from evenload.simulate.population.fit import in_order, power_kw
from evenload.simulate.population.sessions import Made, as_history

_WEEK = np.timedelta64(7, "D")
_DAY = np.timedelta64(1, "D")
_WEEKS_WANTED = 4


def resample(
    history: History, cars: int, start: datetime, end: datetime, rng: np.random.Generator, clock: LocalClock
) -> History:
    """``cars`` drivers drawn with replacement from those watched from ``start`` to ``end``, their sessions replayed.

    Watched is who was on record before and after (``watched``): others would stand in for a car only part of the time.
    A driver drawn for the first time keeps his dates, so whatever struck all drivers at once strikes the drawn ones at
    once. Drawn again he is shifted by whole weeks of the wall clock inside a window of whole weeks, so that twins do
    not coincide while weekday and clock stay; where the record is too short for that they do coincide. Sessions are
    wholly inside the period. Raises ``InputError`` where nobody is active in the period.
    """
    if cars < 1:
        raise InputError(f"{cars} cars cannot be drawn; ask for 1 or more")
    drivers = watched(history, start, end)
    if not drivers.size:
        raise InputError(f"no driver of the history is active from {start.isoformat()} to {end.isoformat()}")
    return replay(history, rng.choice(drivers, size=cars), (start, end), rng, clock)


def active(history: History, start: datetime, end: datetime) -> TextArray:
    """Drivers with a session wholly inside the period."""
    inside = (history.plugged_at >= to_datetime64(start)) & (history.unplugged_at <= to_datetime64(end))
    names = np.unique(history.user_id[inside])
    return np.asarray(names[names != ""])


def watched(history: History, start: datetime, end: datetime) -> TextArray:
    """Active drivers whose record reaches to a week from either end of the period; all active ones where none does."""
    drivers = active(history, start, end)
    names, driver = np.unique(history.user_id, return_inverse=True)
    first = np.full(names.size, np.datetime64("2262-01-01", "s"))
    last = np.full(names.size, np.datetime64("1700-01-01", "s"))
    np.minimum.at(first, driver, history.plugged_at)
    np.maximum.at(last, driver, history.unplugged_at)
    throughout = names[(first <= to_datetime64(start) + _WEEK) & (last >= to_datetime64(end) - _WEEK)]
    kept = np.intersect1d(drivers, throughout)
    return kept if kept.size else drivers


def replay(
    history: History, drawn: TextArray, period: tuple[datetime, datetime], rng: np.random.Generator, clock: LocalClock
) -> History:
    """The drivers ``drawn`` (``user_id`` each, repeats allowed) as cars in ``period``; see ``resample``."""
    span = np.array([to_datetime64(period[0]), to_datetime64(period[1])])
    origin, weeks = _window(history, span, clock)
    local = clock.local(history.plugged_at)
    inside = (history.plugged_at >= span[0]) & (history.unplugged_at <= span[1])
    history = in_order(history.take(inside | ((local >= origin) & (local < origin + weeks * _WEEK))))
    rows, car = _rows_of(history.user_id, drawn)
    shift = _weeks_of_shift(drawn, weeks, rng)[car]
    plugged_at, unplugged_at = _shifted(history.take(rows), shift, origin, weeks, clock)
    power = power_kw(history, np.unique(history.user_id, return_inverse=True)[1])
    energy, site_type = history.energy_kwh_metered[rows], history.site_type[rows]
    declared = plugged_at + (history.departs_at_declared - history.plugged_at)[rows]
    return as_history(Made(car, plugged_at, unplugged_at, energy, power[rows], site_type, declared), span)


def _window(history: History, span: InstantArray, clock: LocalClock) -> tuple[np.datetime64, int]:
    """Where on the wall clock the circle of whole weeks begins, and how many it has.

    Whole weeks that cover the span, four at least, as far as the record reaches after it, or else before it; failing
    both, the whole weeks inside the span.
    """
    start, end = clock.local(span)
    record = clock.local(np.array([history.plugged_at.min(), history.unplugged_at.max()]))
    covering = int(-((start - end) // _WEEK))
    for weeks in (max(covering, _WEEKS_WANTED), covering):
        if record[1] >= start + weeks * _WEEK - _DAY:
            return start, weeks
        if record[0] <= end - weeks * _WEEK + _DAY:
            return end - weeks * _WEEK, weeks
    return start, max(int((end - start) // _WEEK), 1)


def _shifted(
    history: History, shift: IntArray, origin: np.datetime64, weeks: int, clock: LocalClock
) -> tuple[InstantArray, InstantArray]:
    """Plug-in and -out moved on the wall clock round the circle of ``weeks`` from ``origin``."""
    circle = weeks * _WEEK
    plug, unplug = clock.local(history.plugged_at), clock.local(history.unplugged_at)
    plug_moved = origin + (plug - origin + shift * _WEEK) % circle
    outside = (plug < origin) | (plug >= origin + circle)
    moved = shift > 0
    plugged_at = np.where(moved, clock.utc(plug_moved), history.plugged_at)
    unplugged_at = np.where(moved, clock.utc(plug_moved + (unplug - plug)), history.unplugged_at)
    unplugged_at[moved & outside] = np.datetime64("NaT")
    return plugged_at, unplugged_at


def _rows_of(user_id: TextArray, drawn: TextArray) -> tuple[IntArray, IntArray]:
    """Rows of each drawn driver, and the car each row is for."""
    order = np.argsort(user_id, kind="stable")
    begin = np.searchsorted(user_id[order], drawn, side="left")
    count = np.searchsorted(user_id[order], drawn, side="right") - begin
    car = np.repeat(np.arange(drawn.size), count)
    within = np.arange(car.size) - np.repeat(np.cumsum(count) - count, count)
    return order[begin[car] + within], car


def _weeks_of_shift(drawn: TextArray, weeks: int, rng: np.random.Generator) -> IntArray:
    """Weeks each car is shifted by: 0 for a driver's first car, then the other weeks in random order."""
    order = np.argsort(drawn, kind="stable")
    _, count = np.unique(drawn, return_counts=True)
    turn = np.empty(drawn.size, dtype=np.int64)
    turn[order] = np.arange(drawn.size) - np.repeat(np.cumsum(count) - count, count)
    if weeks < 2:
        return np.zeros(drawn.size, dtype=np.int64)
    others = rng.permutation(np.arange(1, weeks))
    return np.where(turn == 0, 0, others[(turn - 1) % (weeks - 1)])
