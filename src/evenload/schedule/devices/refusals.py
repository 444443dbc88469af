"""Devices that cannot be: refused in a sentence that names session, column and value, and says what to do."""

from collections.abc import Callable
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, FloatArray, TextArray
from evenload.domain.session import Control, Sessions
from evenload.schedule.devices.levels import ANY
from evenload.schedule.problem_parts import Devices

_SMALL_KW: Final = 1e-9


def refuse_unknown_steps(sessions: Sessions, bad: BoolArray) -> None:
    """Raise ``InputError`` for stepped sessions (S,) of which neither steps nor the lowest power are known."""
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        gone = {"voltage_v": np.isnan(sessions.voltage_v[row]), "phases": not sessions.phases[row]}
        blank = " and ".join(name for name, missing in gone.items() if missing)
        raise InputError(
            f"session {str(sessions.session_id[row])!r}, control = stepped: {blank} left blank, so what one ampere is "
            f"is not known; fill in volts and phases, or give power_kw_min for any power from there on{_others(bad)}"
        )


def refuse_devices(
    devices: Devices, session_id: TextArray, power_kw_max: FloatArray, discharge_kw_max: FloatArray
) -> None:
    """Raise ``InputError``, naming session, column, value and what to do, for a device that cannot be."""
    known = [control.value for control in Control]
    stepped, switched = devices.control == Control.STEPPED.value, devices.control == Control.ON_OFF.value
    least = devices.power_kw_min

    def refuse(bad: BoolArray, column: str, said: Callable[[int], str]) -> None:
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            value = getattr(devices, column)[row]
            raise InputError(f"session {str(session_id[row])!r}, {column} = {value}: {said(row)}{_others(bad)}")

    refuse(~np.isin(devices.control, known), "control", lambda _: f"must be one of {', '.join(known)}")
    refuse(~((least >= 0) & np.isfinite(least)), "power_kw_min", lambda _: "must be a number of 0 or more")
    refuse(
        ~switched & (least > power_kw_max + _SMALL_KW), "power_kw_min",
        lambda row: f"is more than power_kw_max {power_kw_max[row]:g}, so it could never charge; lower the one, raise "
        f"the other, or say control = on_off" + (" (6 A on its phases where it was blank)" if stepped[row] else ""),
    )  # fmt: skip
    if devices.step_kw is not None:
        bad = stepped & ~((devices.step_kw > 0) | np.isnan(devices.step_kw))
        refuse(bad, "step_kw", lambda _: "must be above 0, or not a number where any power from the least will do")
    if devices.dwell_steps is not None:
        refuse(devices.dwell_steps < 1, "dwell_steps", lambda _: "must be 1 or more")
    if devices.commands_max is not None:
        refuse(devices.commands_max < ANY, "commands_max", lambda _: f"must be 0 or more, or {ANY} for any number")
    gives = discharge_kw_max > 0
    told = "a device that gives back is planned with any power from 0 and told something new in any step"
    refuse(
        gives & (stepped | switched), "control", lambda _: f"{told}; use continuous, or leave discharge_kw_max blank"
    )
    refuse(gives & (least > 0), "power_kw_min", lambda _: f"{told}; leave it blank, or discharge_kw_max")
    for column, usual in (("dwell_steps", 1), ("commands_max", ANY)):
        if getattr(devices, column) is not None:
            bad = gives & (getattr(devices, column) != usual)
            refuse(bad, column, lambda _: f"{told}; leave it out, or leave discharge_kw_max blank")


def _others(bad: BoolArray) -> str:
    return f" ({int(bad.sum()):,} sessions are like this)" if bad.sum() > 1 else ""
