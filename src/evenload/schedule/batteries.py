"""Batteries of sessions in connector terms: states of charge counted as kWh of charging since plug-in.

Source: DESIGN section 5; requirement R122.
"""

from dataclasses import dataclass

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, FloatArray, wall_kwh
from evenload.domain.session import Sessions
from evenload.schedule.problem_parts import Batteries


@dataclass(frozen=True, slots=True)
class Taper:
    """Charging power falls in a straight line from all of it at ``knee_soc`` to none at ``full_soc``."""

    knee_soc: float
    full_soc: float


def batteries_of(
    sessions: Sessions, wear_per_kwh: float = 0.0, taper: Taper | None = None, with_room: bool = False
) -> Batteries | None:
    """Batteries of S sessions; None where no session gives power back and none is known to taper (or, ``with_room``,
    none is known at all).

    A battery's level counts as the charging at the connector that put it there: ``kWh / efficiency``. A blank
    ``soc_floor`` is 0; a session that comes in below its floor may go no lower. ``wear_per_kwh`` (currency per kWh
    given back) holds for all. Raises ``InputError``, naming session and column, for one that gives back from a battery
    whose size or state is not known.
    """
    known = battery_known(sessions)
    discharging = sessions.discharge_kw_max > 0
    _refuse_unknown(sessions, discharging & ~known)
    if not discharging.any() and not ((with_room or taper is not None) and known.any()):
        return None
    size_kwh, soc = np.where(known, sessions.battery_kwh, 0.0), np.where(known, sessions.soc_at_plug_in, 0.0)

    def charging_kwh(to_soc: FloatArray | float) -> FloatArray:
        return wall_kwh((to_soc - soc) * size_kwh, sessions.efficiency)

    endless = np.full(len(sessions), np.inf)
    floor = np.nan_to_num(sessions.soc_floor, nan=0.0)
    need_kwh = wall_kwh(sessions.energy_kwh, sessions.efficiency)
    return Batteries(
        discharge_kw_max=sessions.discharge_kw_max,
        round_trip=np.asarray(sessions.efficiency * sessions.discharge_efficiency),
        down_kwh=np.maximum(-charging_kwh(floor), 0.0),
        up_kwh=np.where(known, np.maximum(charging_kwh(1.0), need_kwh), np.inf),
        wear_per_kwh=np.full(len(sessions), wear_per_kwh),
        knee_kwh=endless if taper is None else np.where(known, charging_kwh(taper.knee_soc), np.inf),
        full_kwh=endless if taper is None else np.where(known, charging_kwh(taper.full_soc), np.inf),
    )


def battery_known(sessions: Sessions) -> BoolArray:
    """Whether both size and state of charge of each session's battery are given, shape (S,)."""
    return np.asarray(np.isfinite(sessions.battery_kwh) & np.isfinite(sessions.soc_at_plug_in))


def _refuse_unknown(sessions: Sessions, bad: BoolArray) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        blank = [name for name in ("battery_kwh", "soc_at_plug_in") if np.isnan(sessions.columns()[name][row])]
        others = f" ({int(bad.sum()):,} sessions are like this)" if bad.sum() > 1 else ""
        raise InputError(
            f"session {str(sessions.session_id[row])!r}, discharge_kw_max = {sessions.discharge_kw_max[row]}: "
            f"{' and '.join(blank)} {'is' if len(blank) == 1 else 'are'} blank, so how much it can give back is not "
            f"known; fill in {'it' if len(blank) == 1 else 'both'}, or leave discharge_kw_max blank{others}"
        )
