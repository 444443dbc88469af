"""What a problem may say of its devices and the optimiser does not plan yet: refused, never left out of account."""

from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.domain.session import DEFAULTS
from evenload.schedule.problem import Problem

_NOT_PLANNED_YET: Final = {
    "control": "only continuous power is planned yet",
    "power_kw_min": "a lowest power is not planned yet",
}


def refuse_devices(problem: Problem) -> None:
    """Raise ``InputError``, naming session, column, value and what to do, for a device that is not planned yet."""
    if problem.devices is None:
        return
    for column, why in _NOT_PLANNED_YET.items():
        values, default = getattr(problem.devices, column), DEFAULTS[column]
        asking = np.flatnonzero(values != default)
        if asking.size:
            first = int(asking[0])
            others = f" ({asking.size:,} sessions ask for it)" if asking.size > 1 else ""
            raise InputError(
                f"session {str(problem.session_id[first])!r}, {column} = {values[first]}: {why}; "
                f"use {default} or leave the cell blank{others}"
            )
