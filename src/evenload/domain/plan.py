"""A plan: power per session and step, stored as one flattened window a session."""

from dataclasses import dataclass

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray, IntArray, TextArray


@dataclass(frozen=True, slots=True)
class Plan:
    """Mean power at the connector (kW) of each session in each step of its window.

    Session i owns slots ``offset[i]`` to ``offset[i+1]`` of ``power_kw``; its first slot is step ``first_step[i]``.
    """

    horizon: Horizon
    session_id: TextArray
    first_step: IntArray
    offset: IntArray
    power_kw: FloatArray

    def __post_init__(self) -> None:
        sessions = self.session_id.shape[0]
        if self.first_step.shape != (sessions,) or self.offset.shape != (sessions + 1,):
            raise ColumnsError("a plan needs one first step a session and one offset more")
        lengths = np.diff(self.offset)
        if self.offset[0] != 0 or (lengths < 0).any():
            raise ColumnsError("the offsets of a plan start at 0 and never fall")
        if ((self.first_step < 0) | (self.first_step + lengths > self.horizon.steps)).any():
            raise ColumnsError("a session of the plan reaches outside its horizon")
        if self.power_kw.shape != (int(self.offset[-1]),):
            raise ColumnsError(f"a plan of {int(self.offset[-1])} slots has {self.power_kw.shape[0]} powers")
        if not np.isfinite(self.power_kw).all():
            raise ColumnsError("a plan holds a power that is not a number")

    def energy_kwh(self) -> FloatArray:
        """Energy at the connector of each session, kWh, shape (sessions,)."""
        running = np.concatenate([[0.0], np.cumsum(self.power_kw)])
        return np.asarray(np.diff(running[self.offset]) * self.horizon.hours_per_step)

    def slot_steps(self) -> IntArray:
        """Step index of every slot, shape (slots,)."""
        lengths = np.diff(self.offset)
        return np.arange(self.power_kw.size) - np.repeat(self.offset[:-1] - self.first_step, lengths)

    def slot_sessions(self) -> IntArray:
        """Session index of every slot, shape (slots,)."""
        return np.repeat(np.arange(self.session_id.shape[0]), np.diff(self.offset))
