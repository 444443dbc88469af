"""The planning problem as arrays: what a strategy may know, and nothing else.

Sessions are flattened windows (``schedule.windows``); circuits are a ``CircuitTree``. Units: kW at the connector,
kWh at the connector, currency per kWh. Source: DESIGN section 5; requirements R30, R38-R41.
"""

from dataclasses import dataclass

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.horizon import Horizon
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.circuit import CircuitTree


@dataclass(frozen=True, slots=True)
class Problem:
    """Columnar planning problem of S sessions with K slots on N circuits over T steps.

    A session's window ends when the car really unplugs. That instant is there so that a strategy can notice the car
    has gone; planning on it would be looking into the future, and ``testing.strategies`` checks that nobody does.
    What a strategy plans on is ``declared_slots``: how many whole slots of the window lie before the declared departure
    (it may exceed the window's length when the car leaves early).
    """

    horizon: Horizon
    session_id: TextArray  # (S,)
    node: IntArray  # (S,) index into tree
    first_step: IntArray  # (S,)
    offset: IntArray  # (S+1,)
    cap_kw: FloatArray  # (K,) highest mean power of the slot: power_kw_max times the share of the step plugged in
    declared_slots: IntArray  # (S,)
    energy_kwh: FloatArray  # (S,) need at the connector
    power_kw_max: FloatArray  # (S,)
    opted_out: BoolArray  # (S,) the driver has opted out: charge at once at full power
    tree: CircuitTree
    base_load_kw: FloatArray  # (N, T) uncontrolled load through each node, everything below it included
    limit_kw: FloatArray  # (N, T) or (N, 1); inf = unlimited
    price_per_kwh: FloatArray  # (T,)
    minute_of_day: IntArray  # (T,) local wall clock at the start of each step

    def __post_init__(self) -> None:
        sessions, nodes, steps = self.session_id.shape[0], len(self.tree), self.horizon.steps
        expected = {
            "node": (sessions,), "first_step": (sessions,), "offset": (sessions + 1,),
            "cap_kw": (int(self.offset[-1]),), "declared_slots": (sessions,), "energy_kwh": (sessions,),
            "power_kw_max": (sessions,), "opted_out": (sessions,), "base_load_kw": (nodes, steps),
            "price_per_kwh": (steps,), "minute_of_day": (steps,),
        }  # fmt: skip
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ColumnsError(f"Problem.{name} has shape {getattr(self, name).shape}, expected {shape}")
        if self.limit_kw.shape not in {(nodes, steps), (nodes, 1)}:
            raise ColumnsError(f"Problem.limit_kw has shape {self.limit_kw.shape}, expected {(nodes, steps)}")
        for name in ("cap_kw", "energy_kwh", "power_kw_max", "base_load_kw", "price_per_kwh"):
            if not np.isfinite(getattr(self, name)).all():
                raise ColumnsError(f"Problem.{name} holds a value that is not a finite number")

    @property
    def sessions(self) -> int:
        """Number of sessions S."""
        return int(self.session_id.shape[0])

    def slot_steps(self) -> IntArray:
        """Step index of every slot, shape (K,)."""
        return np.arange(self.cap_kw.size) - np.repeat(self.offset[:-1] - self.first_step, np.diff(self.offset))

    def slot_sessions(self) -> IntArray:
        """Session index of every slot, shape (K,)."""
        return np.repeat(np.arange(self.sessions), np.diff(self.offset))

    def ev_load_kw(self, power_kw: FloatArray) -> FloatArray:
        """Load of the sessions through each node (all below it included), shape (N, T), from slot powers (K,)."""
        steps = self.horizon.steps
        cell = np.repeat(self.node, np.diff(self.offset)) * steps + self.slot_steps()
        direct: FloatArray = np.bincount(cell, weights=power_kw, minlength=len(self.tree) * steps).astype(np.float64)
        return self.tree.sum_up(direct.reshape(len(self.tree), steps))

    def delivered_kwh(self, power_kw: FloatArray) -> FloatArray:
        """Energy at the connector each session received, shape (S,)."""
        running = np.concatenate([[0.0], np.cumsum(power_kw)])
        return np.asarray(np.diff(running[self.offset]) * self.horizon.hours_per_step)
