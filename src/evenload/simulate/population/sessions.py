"""Made sessions as a history: inside the period, apart from each other, deliverable, in order, with ids."""

from dataclasses import dataclass

import numpy as np

from evenload.base.instants import InstantArray
from evenload.base.units import FloatArray, IntArray, TextArray
from evenload.domain.history import History


@dataclass(frozen=True)
class Made:
    """Sessions of numbered cars; instants in UTC, a declared departure NaT where none is known."""

    car: IntArray
    plugged_at: InstantArray
    unplugged_at: InstantArray
    energy_kwh: FloatArray
    power_kw: FloatArray
    site_type: TextArray
    departs_at_declared: InstantArray | None = None


def as_history(made: Made, span: InstantArray) -> History:
    """The sessions wholly inside ``span`` (start, end), by plug-in; ``user_id`` is ``car000000`` and so on.

    A session that begins before its car's last one ended, as can happen where clocks change, is left out. Energy is
    cut to power x stay.
    """
    inside = (made.plugged_at >= span[0]) & (made.unplugged_at <= span[1]) & (made.unplugged_at > made.plugged_at)
    rows = np.lexsort((made.plugged_at, made.car))
    rows = without_overlaps(rows[inside[rows]], made.car, made.plugged_at, made.unplugged_at)
    rows = rows[np.argsort(made.plugged_at[rows], kind="stable")]
    hours = (made.unplugged_at[rows] - made.plugged_at[rows]).astype(np.int64) / 3600.0
    power = made.power_kw[rows]
    unknown = np.full(made.car.size, np.datetime64("NaT", "s"))
    declared = unknown if made.departs_at_declared is None else made.departs_at_declared
    return History.of(
        session_id=np.array([f"s{i:07d}" for i in range(rows.size)], dtype=np.str_),
        plugged_at=made.plugged_at[rows],
        unplugged_at=made.unplugged_at[rows],
        energy_kwh_metered=np.minimum(made.energy_kwh[rows], power * hours),
        power_kw_max=power,
        departs_at_declared=declared[rows],
        user_id=np.array([f"car{i:06d}" for i in made.car[rows].tolist()], dtype=np.str_),
        site_type=made.site_type[rows],
    )


def without_overlaps(
    rows: IntArray, owner: IntArray | TextArray, plugged_at: InstantArray, unplugged_at: InstantArray
) -> IntArray:
    """``rows`` (by owner and plug-in) without those that begin before the owner's last one kept has ended."""
    while True:
        same = owner[rows[1:]] == owner[rows[:-1]]
        overlaps = same & (plugged_at[rows[1:]] < unplugged_at[rows[:-1]])
        if not overlaps.any():
            return rows
        first_of_run = overlaps & ~np.concatenate([[False], overlaps[:-1]])
        rows = np.delete(rows, np.flatnonzero(first_of_run) + 1)
