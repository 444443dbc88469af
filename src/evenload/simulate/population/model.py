"""The driver model: real drivers as templates, each one a chain of sessions on the local clock."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import MINUTES_PER_DAY, FloatArray, IntArray, TextArray

MINUTES_PER_WEEK: Final = 7 * MINUTES_PER_DAY
MINUTES_PER_YEAR: Final = 525_960
_SPREAD: Final = 2**33


@dataclass(frozen=True)
class DriverModel:
    """What ``fit`` learns. A template is a real driver, a row one of his sessions, a link two successive ones.

    Minutes are of the local wall clock since 1970. ``first`` (templates + 1) bounds each template's rows in order of
    plug-in, ``link_first`` his links. A link says: after an unplug at ``link_coordinate`` (``ranked`` by template) came
    the session ``link_row``; the one before is the row above.
    The three scales are what ``calibrate`` sets: energy of a session, connected time, whole days between sessions.
    """

    zone: str
    site_type: str
    template_id: TextArray
    first: IntArray
    plug_minute: IntArray
    unplug_minute: IntArray
    energy_kwh: FloatArray
    power_kw: FloatArray
    link_first: IntArray
    link_coordinate: IntArray
    link_row: IntArray
    energy_scale: float = 1.0
    connected_scale: float = 1.0
    gap_scale: float = 1.0

    @property
    def templates(self) -> int:
        """Number of real drivers in the model."""
        return int(self.template_id.size)


def coordinate(minute: IntArray) -> IntArray:
    """Minute of the week of local minutes since 1970, 0 (Thursday 00:00) to 10079."""
    return np.asarray(minute % MINUTES_PER_WEEK)


def ranked(template: IntArray, value: IntArray) -> IntArray:
    """One sortable number for (template, value): templates apart, values in order inside one."""
    return np.asarray(template * _SPREAD + value)
