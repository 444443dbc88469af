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


def resample(
    history: History, cars: int, start: datetime, end: datetime, rng: np.random.Generator, clock: LocalClock
) -> History:
    """``cars`` drivers drawn with replacement from those active in ``[start, end)``, their sessions replayed.

    A driver drawn for the first time keeps his dates, so whatever struck all drivers at once strikes the drawn ones at
    once. Drawn again he is shifted by whole weeks, round the whole weeks of the period, so that twins do not
    coincide while weekday and clock stay. Sessions are wholly inside the period; a session cut by the fold of the
    circle is left out.
    Raises ``InputError`` where nobody is active in the period.
    """
    drivers = np.unique(_inside(history, start, end).user_id)
    drivers = drivers[drivers != ""]
    if cars < 1:
        raise InputError(f"{cars} cars cannot be drawn; ask for 1 or more")
    if not drivers.size:
        raise InputError(f"no driver of the history is active from {start.isoformat()} to {end.isoformat()}")
    return replay(history, rng.choice(drivers, size=cars), (start, end), rng, clock)


def replay(
    history: History, drawn: TextArray, period: tuple[datetime, datetime], rng: np.random.Generator, clock: LocalClock
) -> History:
    """The drivers ``drawn`` (``user_id`` each, repeats allowed) as cars in ``period``; see ``resample``."""
    history = in_order(_inside(history, *period))
    rows, car = _rows_of(history.user_id, drawn)
    span = np.array([to_datetime64(period[0]), to_datetime64(period[1])])
    weeks = _weeks_of_shift(drawn, int((span[1] - span[0]) // _WEEK), rng)[car]
    plugged_at, unplugged_at = _shifted(history.take(rows), weeks, span, clock)
    power = power_kw(history, np.unique(history.user_id, return_inverse=True)[1])
    energy, site_type = history.energy_kwh_metered[rows], history.site_type[rows]
    declared = plugged_at + (history.departs_at_declared - history.plugged_at)[rows]
    return as_history(Made(car, plugged_at, unplugged_at, energy, power[rows], site_type, declared), span)


def _shifted(
    history: History, weeks: IntArray, span: InstantArray, clock: LocalClock
) -> tuple[InstantArray, InstantArray]:
    """Plug-in and -out moved on the wall clock round the whole weeks of ``span``; what the fold cuts ends at NaT."""
    origin = clock.local(span)[0]
    circle = (span[1] - span[0]) // _WEEK * _WEEK
    plug, unplug = clock.local(history.plugged_at), clock.local(history.unplugged_at)
    plug_moved = origin + (plug - origin + weeks * _WEEK) % max(circle, _WEEK)
    unplug_moved = plug_moved + (unplug - plug)
    cut = (plug >= origin + circle) | (unplug_moved > origin + circle)
    moved = weeks > 0
    plugged_at = np.where(moved, clock.utc(plug_moved), history.plugged_at)
    unplugged_at = np.where(moved, clock.utc(unplug_moved), history.unplugged_at)
    unplugged_at[moved & cut] = np.datetime64("NaT")
    return plugged_at, unplugged_at


def _inside(history: History, start: datetime, end: datetime) -> History:
    inside = (history.plugged_at >= to_datetime64(start)) & (history.unplugged_at <= to_datetime64(end))
    return history.take(inside)


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
