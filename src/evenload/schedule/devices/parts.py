"""What sessions say of their devices, as a part of a problem: steps of whole amperes, lowest powers, budgets."""

from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.session import DEFAULTS, Control, Sessions
from evenload.schedule.devices.refusals import refuse_devices, refuse_unknown_steps
from evenload.schedule.problem_parts import Devices

AMPS_LEAST: Final = 6.0
"""The least current a car may be offered but none: IEC 61851-1."""

_W_PER_KW: Final = 1000.0


def step_kw_of(sessions: Sessions) -> FloatArray:
    """Power of one ampere on each session's phases, kW, shape (S,); NaN where volts or phases are not known.

    ``voltage_v`` is between a phase and neutral, so power is volts times amperes times phases.
    """
    phases = np.char.str_len(sessions.phases).astype(np.float64)
    known = (phases > 0) & np.isfinite(sessions.voltage_v)
    return np.where(known, sessions.voltage_v * phases / _W_PER_KW, np.nan)


def devices_of(
    sessions: Sessions, dwell_steps: IntArray | None = None, commands_max: IntArray | None = None
) -> Devices | None:
    """What sessions say of their devices; None where every one is as by default and nothing else is said.

    A stepped device goes by whole amperes (``step_kw_of``), from 6 A where ``power_kw_min`` is blank. ``dwell_steps``
    and ``commands_max`` (S,) as in ``Devices``. Raises ``InputError``, naming session and column, for what cannot be.
    """
    stepped = sessions.control == Control.STEPPED.value
    step_kw = np.where(stepped, step_kw_of(sessions), np.nan)
    blank = stepped & (sessions.power_kw_min == DEFAULTS["power_kw_min"])
    refuse_unknown_steps(sessions, blank & np.isnan(step_kw))
    least_kw = np.where(blank, AMPS_LEAST * step_kw, sessions.power_kw_min)
    devices = Devices(
        sessions.control, least_kw, sessions.fallback_kw, sessions.priority,
        step_kw if stepped.any() else None, dwell_steps, commands_max,
    )  # fmt: skip
    refuse_devices(devices, sessions.session_id, sessions.power_kw_max, sessions.discharge_kw_max)
    usual = (sessions.control == Control.CONTINUOUS.value) & (least_kw == 0) & (sessions.priority == 0)
    if dwell_steps is None and commands_max is None and (usual & np.isnan(sessions.fallback_kw)).all():
        return None
    return devices
