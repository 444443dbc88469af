"""What a problem may say of its devices that the optimiser by itself does not plan: refused, never left out."""

from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.domain.session import DEFAULTS
from evenload.schedule.problem import Problem

_PLANNED_ELSEWHERE: Final = {
    "control": "the optimiser by itself plans continuous power; planner.plan_for plans devices",
    "power_kw_min": "the optimiser by itself knows no lowest power; planner.plan_for does",
}


def refuse_devices(problem: Problem) -> None:
    """Raise ``InputError``, naming session, column, value and what to do, for a device that is not planned here."""
    if problem.devices is None:
        return
    for column, why in _PLANNED_ELSEWHERE.items():
        values, default = getattr(problem.devices, column), DEFAULTS[column]
        asking = np.flatnonzero(values != default)
        if asking.size:
            first = int(asking[0])
            others = f" ({asking.size:,} sessions ask for it)" if asking.size > 1 else ""
            raise InputError(
                f"session {str(problem.session_id[first])!r}, {column} = {values[first]}: {why}; "
                f"use {default} or leave the cell blank{others}"
            )
