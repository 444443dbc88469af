"""Fit the driver model: nothing is smoothed or assumed, a template is a driver's own record put in order."""

from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray, IntArray
from evenload.domain.history import History
from evenload.simulate.population.model import DriverModel, coordinate, ranked
from evenload.simulate.population.sessions import without_overlaps

SESSIONS_MIN: Final = 3
"""A driver with fewer sessions shows no habit and is left out."""

_POWER_QUANTILE: Final = 0.95
_POWER_KW_LEAST: Final = 0.1


def fit(history: History, clock: LocalClock) -> DriverModel:
    """Learn every driver's own habits: arrival, stay, energy, power and repetition jointly, per place in the week.

    Sessions without ``user_id`` are left out, and so is a session that begins before the driver's last one ended
    (several cars behind one id). Unknown power: see ``power_kw``.
    Raises ``InputError`` where no driver has three sessions.
    """
    history = in_order(history)
    names, template = np.unique(history.user_id, return_inverse=True)
    kept = (np.bincount(template, minlength=names.size) >= SESSIONS_MIN) & (names != "")
    if not kept.any():
        raise InputError(f"no user_id has {SESSIONS_MIN} sessions or more, so no driver's habits can be learnt")
    return _linked(history.take(kept[template]), clock)


def local_minutes(history: History, clock: LocalClock) -> tuple[IntArray, IntArray]:
    """Plug-in and plug-out on the wall clock, minutes since 1970; every session lasts a minute at least."""
    plug = clock.local(history.plugged_at).astype("datetime64[m]").astype(np.int64)
    unplug = clock.local(history.unplugged_at).astype("datetime64[m]").astype(np.int64)
    return plug, np.maximum(unplug, plug + 1)


def in_order(history: History) -> History:
    """By driver and plug-in, without the sessions that overlap the driver's last one."""
    rows = np.lexsort((history.plugged_at, history.user_id))
    return history.take(without_overlaps(rows, history.user_id, history.plugged_at, history.unplugged_at))


def _linked(history: History, clock: LocalClock) -> DriverModel:
    names, template = np.unique(history.user_id, return_inverse=True)
    plug, unplug = local_minutes(history, clock)
    first = np.concatenate([[0], np.cumsum(np.bincount(template))])
    row = np.delete(np.arange(len(history)), first[:-1])
    row = row[np.argsort(ranked(template[row], coordinate(unplug[row - 1])), kind="stable")]
    return DriverModel(
        zone=clock.zone,
        site_type=str(history.site_type[0]),
        template_id=names,
        first=first,
        plug_minute=plug,
        unplug_minute=unplug,
        energy_kwh=np.asarray(history.energy_kwh_metered),
        power_kw=power_kw(history, template),
        link_first=np.concatenate([[0], np.cumsum(np.bincount(template[row]))]),
        link_coordinate=ranked(template[row], coordinate(unplug[row - 1])),
        link_row=row,
    )


def power_kw(history: History, template: IntArray) -> FloatArray:
    """Power of every session (kW): as known; else the driver's median; else the median of all drivers.

    Where a history knows none at all: the 95 % quantile of a driver's mean powers, an estimate from below.
    """
    power = np.array(history.power_kw_max)
    unknown = np.isnan(power)
    mean_kw = history.energy_kwh_metered / history.connected_h
    overall = np.nan if unknown.all() else float(np.median(power[~unknown]))
    for one in np.unique(template[unknown]):
        mine = template == one
        known = power[mine & ~unknown]
        guess = float(np.median(known)) if known.size else overall
        guess = float(np.quantile(mean_kw[mine], _POWER_QUANTILE)) if np.isnan(guess) else guess
        power[mine & unknown] = max(guess, _POWER_KW_LEAST)
    return power
