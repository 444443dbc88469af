"""Profiles of many sessions: how many are plugged in, and what they draw when nothing manages them."""

import numpy as np

from evenload.base.instants import InstantArray
from evenload.base.units import FloatArray
from evenload.domain.history import History


def minutes_of(instants: InstantArray) -> FloatArray:
    """Minutes since 1970 in UTC, as real numbers."""
    return np.asarray(instants.astype("datetime64[s]").astype(np.int64) / 60.0)


def mean_height(start: FloatArray, end: FloatArray, height: FloatArray, edges: FloatArray) -> FloatArray:
    """Mean sum, per bin between ``edges``, of rectangles ``height`` high from ``start`` to ``end``; exact."""
    at = np.concatenate([start, end])
    order = np.argsort(at, kind="stable")
    slope = np.cumsum(np.concatenate([height, -height])[order])
    at = at[order]
    area = np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(at))])
    return np.asarray(np.diff(np.interp(edges, at, area)) / np.diff(edges))


def plugged_in(history: History, edges: FloatArray, weight: FloatArray | None = None) -> FloatArray:
    """Mean number of sessions plugged in per bin (each counting ``weight``); edges in minutes since 1970 UTC."""
    height = np.ones(len(history)) if weight is None else weight
    return mean_height(minutes_of(history.plugged_at), minutes_of(history.unplugged_at), height, edges)


def unmanaged_kw(history: History, edges: FloatArray) -> FloatArray:
    """Mean load (kW) per bin when every car charges at full power from plug-in until its energy is in."""
    start = minutes_of(history.plugged_at)
    end = start + 60.0 * history.energy_kwh_metered / history.power_kw_max
    return mean_height(start, end, history.power_kw_max, edges)
