"""The planning problem as arrays: what a strategy may know, and nothing else.

Sessions are flattened windows (``schedule.windows``); circuits are a ``CircuitTree``. Units: kW at the connector,
kWh at the connector, currency per kWh. Source: DESIGN section 5; requirements R30, R38-R41.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.horizon import Horizon
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.circuit import CircuitTree
from evenload.schedule.problem_parts import (
    Across,
    Batteries,
    CircuitTerms,
    Devices,
    Tariffs,
    refuse_across,
    refuse_impossible,
    refuse_shapes,
    refuse_tariffs,
    refuse_terms,
)

_RULES: Final = {
    "offset": "it starts at 0 and never falls",
    "first_step": "a window lies inside the horizon",
    "node": "it is an index into the tree",
    "cap_kw": "it is 0 or more",
    "energy_kwh": "it is 0 or more",
    "power_kw_max": "it is 0 or more",
}


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
    minimum_kwh: FloatArray | None = None  # (S,) of the need, wanted at once after plug-in; None = none
    emergency_limit_kw: FloatArray | None = None  # (N, T) or (N, 1), for the minimum only; None = limit_kw
    export_limit_kw: FloatArray | None = None  # (N, T) or (N, 1), 0 or more; None = 0, nothing may flow upwards
    batteries: Batteries | None = None  # None = charging only, no taper
    tariffs: Tariffs | None = None  # None = price_per_kwh for all
    devices: Devices | None = None  # None = continuous power from 0
    terms: CircuitTerms | None = None  # None = no smoothing, no peak in the objective
    across: Across | None = None  # None = no limits but those of the tree

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
        if np.isnan(self.limit_kw).any():
            raise ColumnsError("Problem.limit_kw holds a value that is not a number")
        self._check_windows(nodes, steps)
        self._check_parts(sessions, nodes, steps)

    def _check_windows(self, nodes: int, steps: int) -> None:
        slots = np.diff(self.offset)
        wrong = {
            "offset": (slots < 0).any() or self.offset[0] != 0,
            "first_step": ((self.first_step < 0) | (self.first_step + np.maximum(slots, 0) > steps)).any(),
            "node": ((self.node < 0) | (self.node >= nodes)).any(),
            "cap_kw": (self.cap_kw < 0).any(),
            "energy_kwh": (self.energy_kwh < 0).any(),
            "power_kw_max": (self.power_kw_max < 0).any(),
        }
        for name, bad in wrong.items():
            if bad:
                raise ColumnsError(f"Problem.{name} holds a value that cannot be: {_RULES[name]}")

    def _check_parts(self, sessions: int, nodes: int, steps: int) -> None:
        minimum = self.minimum_kwh
        if minimum is not None and not (minimum.shape == (sessions,) and ((minimum >= 0) & np.isfinite(minimum)).all()):
            raise ColumnsError("Problem.minimum_kwh needs one finite number of 0 or more a session")
        for name in ("emergency_limit_kw", "export_limit_kw"):
            limit = getattr(self, name)
            if limit is not None and not (limit.shape in {(nodes, steps), (nodes, 1)} and (limit >= 0).all()):
                raise ColumnsError(f"Problem.{name} needs numbers of 0 or more, shape {(nodes, steps)} or {(nodes, 1)}")
        if self.emergency_limit_kw is not None and (self.emergency_limit_kw < self.limit_kw).any():
            raise ColumnsError("Problem.emergency_limit_kw is below limit_kw somewhere")
        if self.batteries is not None:
            refuse_impossible(self.batteries, self.energy_kwh)
        if self.devices is not None:
            refuse_shapes(self.devices, sessions)
        if self.terms is not None:
            refuse_terms(self.terms, nodes, steps)
        if self.tariffs is not None:
            refuse_tariffs(self.tariffs, sessions, steps)
        if self.across is not None:
            refuse_across(self.across, sessions, steps)

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

    def slots_of(self, sessions: IntArray) -> tuple[IntArray, IntArray]:
        """Slots of some sessions, one session after the other, and for each which of ``sessions`` it is of."""
        lengths = np.diff(self.offset)[sessions]
        row = np.repeat(np.arange(sessions.size), lengths)
        begin = np.cumsum(lengths) - lengths
        return self.offset[sessions][row] + np.arange(row.size) - begin[row], row

    def ev_load_kw(self, power_kw: FloatArray) -> FloatArray:
        """Load of the sessions through each node (all below it included), shape (N, T), from slot powers (K,)."""
        steps = self.horizon.steps
        cell = np.repeat(self.node, np.diff(self.offset)) * steps + self.slot_steps()
        direct: FloatArray = np.bincount(cell, weights=power_kw, minlength=len(self.tree) * steps).astype(np.float64)
        return self.tree.sum_up(direct.reshape(len(self.tree), steps))

    def import_price(self) -> FloatArray:
        """Price of import per tariff, currency per kWh, shape (M, T); one tariff where there is only one price."""
        return self.price_per_kwh[None, :] if self.tariffs is None else self.tariffs.import_per_kwh

    def export_price(self) -> FloatArray:
        """What export earns per tariff, currency per kWh, shape (M, T); the price of import if nothing else is said."""
        return self.price_per_kwh[None, :] if self.tariffs is None else self.tariffs.export_per_kwh

    def tariff_of_session(self) -> IntArray:
        """Index of each session's tariff, shape (S,)."""
        return np.zeros(self.sessions, dtype=np.int64) if self.tariffs is None else self.tariffs.of_session

    def all_tariffs(self) -> Tariffs:
        """The tariffs; the one price for all is one of them."""
        return Tariffs(self.tariff_of_session(), self.import_price(), self.export_price())

    def money(self, power_kw: FloatArray) -> float:
        """Energy cost of powers (K,) and wear, currency; what circuits' terms add is not in it."""
        session, step = self.slot_sessions(), self.slot_steps()
        tariff = self.tariff_of_session()[session]
        bought = np.maximum(power_kw, 0.0) * self.import_price()[tariff, step]
        earned = np.maximum(-power_kw, 0.0)
        wear = 0.0 if self.batteries is None else self.batteries.wear_per_kwh[session]
        earned = earned * (self.export_price()[tariff, step] - wear)
        return float((bought.sum() - earned.sum()) * self.horizon.hours_per_step)

    def terms_cost(self, power_kw: FloatArray) -> float:
        """What powers (K,) add to the objective at circuits with terms, beyond what base load costs there by itself."""
        if self.terms is None:
            return 0.0
        base = self.base_load_kw[self.terms.node]
        return self._terms_of(base + self.ev_load_kw(power_kw)[self.terms.node]) - self._terms_of(base)

    def _terms_of(self, load_kw: FloatArray) -> float:
        terms = self.terms
        if terms is None or not terms.node.size:
            return 0.0
        squares = (load_kw**2).sum(axis=1) * self.horizon.hours_per_step
        new_peak = np.maximum(terms.peak_kw(load_kw), terms.peak_kw_so_far)
        paid = np.where(np.isfinite(terms.peak_kw_so_far), terms.peak_kw_so_far, 0.0)
        return float((terms.smoothing_per_kw2h * squares + terms.peak_per_kw * (new_peak - paid)).sum())

    def across_kw(self, power_kw: FloatArray) -> FloatArray:
        """What powers (K,) send through each limit across the tree, by weight, base not counted; shape (L, T)."""
        across, steps = self.across, self.horizon.steps
        if across is None:
            return np.zeros((0, steps))
        slot, row = self.slots_of(across.session)
        member = across.session[row]
        cell = across.limit[row] * steps + self.first_step[member] + slot - self.offset[member]
        weights = across.weight[row] * power_kw[slot]
        return np.bincount(cell, weights, across.name.size * steps).reshape(-1, steps).astype(np.float64)

    def across_cost(self, power_kw: FloatArray) -> float:
        """What powers (K,) pay for going above limits across the tree, beyond what base pays there by itself."""
        if self.across is None:
            return 0.0
        head, price = self.across.head_kw(), self.across.over_per_kwh
        above = np.maximum(self.across_kw(power_kw) - head, 0.0) - np.maximum(-head, 0.0)
        return float((np.where(np.isinf(price), 0.0, price) * above).sum()) * self.horizon.hours_per_step

    def across_beside(self, power_kw: FloatArray) -> Across | None:
        """The limits across the tree with powers (K,) as what flows through them already."""
        return self.across and self.across.beside(self.across_kw(power_kw))

    def level_kwh(self, power_kw: FloatArray) -> FloatArray:
        """Battery level after each slot, kWh of charging since plug-in, shape (K,)."""
        round_trip = 1.0 if self.batteries is None else self.batteries.round_trip[self.slot_sessions()]
        stored = np.where(power_kw > 0, power_kw, power_kw / round_trip) * self.horizon.hours_per_step
        running = np.cumsum(stored)
        before = np.concatenate([[0.0], running])[self.offset[:-1]]
        return np.asarray(running - np.repeat(before, np.diff(self.offset)))

    def delivered_kwh(self, power_kw: FloatArray) -> FloatArray:
        """Energy at the connector each session received, shape (S,)."""
        running = np.concatenate([[0.0], np.cumsum(power_kw)])
        return np.asarray(np.diff(running[self.offset]) * self.horizon.hours_per_step)
