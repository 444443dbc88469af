"""The least cost there is, by a general solver: the slow, obvious answer that ``optimum`` is compared with.

One program in the plainest form, written down from the definition of the problem and sharing no code with the
optimiser. HiGHS (Huangfu, Hall 2018) solves it twice: least unserved energy first, then least money and circuits' terms
at that much unserved. Source: DESIGN section 5.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.session import Control
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Batteries, CircuitTerms
from evenload.schedule.reference.highs_program import Program

_NONE_KW: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Reference:
    """An optimal plan: ``power_kw`` (K,), its money and terms' cost, and the energy (kWh) that must stay unserved."""

    power_kw: FloatArray
    objective: float
    energy_kwh_unserved: float


def least_cost(problem: Problem, exclusive: bool = True) -> Reference:
    """Solve a problem whose windows end when cars leave, all of them known beforehand.

    Not in the model: taper, so where there is one the answer is a lower bound. Where base load alone breaks a limit,
    flow may only bring relief. ``exclusive``: no session charges and discharges in the same slot; without it the answer
    is that of the relaxation, and ``objective`` may be less than ``power_kw`` costs (a battery that burns energy).

    Raises ``InputError`` for minimum energy and for devices that are not continuous from 0, and
    ``MissingRequirementError`` without HiGHS.
    """
    _refuse_what_is_not_modelled(problem)
    model = _Model(problem)
    if problem.cap_kw.size == 0:
        return Reference(np.zeros(0), 0.0, float(problem.energy_kwh.sum()))
    answer = model.solve()
    if exclusive and model.at_once(answer).any():  # otherwise the optimum of the relaxation is the optimum
        model.one_at_a_time()
        answer = model.solve()
    power_kw = answer[model.charge] - answer[model.give]
    return Reference(power_kw, model.program.objective(answer), float(answer[model.lacking]))


def _refuse_what_is_not_modelled(problem: Problem) -> None:
    if problem.minimum_kwh is not None and problem.minimum_kwh.any():
        raise InputError("the reference knows no minimum energy: give it first, as base load")
    devices = problem.devices
    if devices is not None and ((devices.control != Control.CONTINUOUS.value) | (devices.power_kw_min > 0)).any():
        raise InputError("the reference knows continuous power from 0 only")


class _Model:
    """The program of a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.program, hours = problem, Program(), problem.horizon.hours_per_step
        self.session, self.step = problem.slot_sessions(), problem.slot_steps()
        self.batteries = problem.batteries or Batteries.charging_only(problem.sessions)
        self.round_trip = self.batteries.round_trip[self.session]
        tariff = problem.tariff_of_session()[self.session]
        self.pays = problem.import_price()[tariff, self.step]
        self.earns = problem.export_price()[tariff, self.step] - self.batteries.wear_per_kwh[self.session]
        plugged_in = problem.cap_kw / np.maximum(problem.power_kw_max[self.session], 1e-300)
        self.give_most = self.batteries.discharge_kw_max[self.session] * plugged_in
        self.charge = self.program.columns(0.0, problem.cap_kw, cost=self.pays * hours)
        self.give = self.program.columns(0.0, self.give_most, cost=-self.earns * hours)
        self.lack = self.program.columns(0.0, problem.energy_kwh)
        self.lacking = int(self.program.columns(0.0, np.inf)[0])
        self.program.row((self.lacking, -1.0), (self.lack, 1.0), least=0.0, most=0.0)
        self._levels(hours)
        self._limits()
        if problem.across is not None:
            for limit, t in np.argwhere(np.isfinite(problem.across.limit_kw)).tolist():
                self._across(problem.across, limit, t, hours)
        if problem.terms is not None:
            for m in range(problem.terms.node.size):
                self._term(problem.terms, m, hours)

    def solve(self) -> FloatArray:
        """Columns of least cost among those of least unserved."""
        total = np.zeros(self.program.count)
        total[self.lacking] = 1.0
        self.program.limit(self.lacking, np.inf)
        self.program.limit(self.lacking, max(float(self.program.least(total)[self.lacking]), 0.0))
        return self.program.least_cost()

    def at_once(self, answer: FloatArray) -> BoolArray:
        """Slots that charge and discharge where doing only the difference would not be the same, shape (K,)."""
        both = np.minimum(answer[self.charge], answer[self.give]) > _NONE_KW
        return np.asarray(both & ~((self.round_trip == 1) & (self.pays >= self.earns)))

    def one_at_a_time(self) -> None:
        """A whole column for each slot that could do both: 1 = may charge, 0 = may discharge."""
        cap = self.problem.cap_kw
        for k in np.flatnonzero((self.give_most > 0) & (cap > 0)):
            charging = self.program.columns(0.0, 1.0, whole=True)
            self.program.row((self.charge[k], 1.0), (charging, -cap[k]), most=0.0)
            self.program.row((self.give[k], 1.0), (charging, self.give_most[k]), most=float(self.give_most[k]))

    def _levels(self, hours: float) -> None:
        """A column a slot for the level after it, inside the band; the last level is the need but for what lacks."""
        problem, row = self.problem, self.program.row
        up_kwh = np.maximum(self.batteries.up_kwh, problem.energy_kwh)
        level = self.program.columns(-self.batteries.down_kwh[self.session], up_kwh[self.session])
        for i, need in enumerate(problem.energy_kwh.tolist()):
            before: list[tuple[int, float]] = []
            for k in range(problem.offset[i], problem.offset[i + 1]):
                taken, given = (self.charge[k], -hours), (self.give[k], hours / self.round_trip[k])
                row((level[k], 1.0), *before, taken, given, least=0.0, most=0.0)
                before = [(level[k], -1.0)]
            row((self.lack[i], 1.0), *((k, -w) for k, w in before), least=need, most=need)

    def _limits(self) -> None:
        """A row a circuit and step: flow neither above the limit nor below what may be exported."""
        problem = self.problem
        export = 0.0 if problem.export_limit_kw is None else problem.export_limit_kw
        most = np.maximum(problem.limit_kw - problem.base_load_kw, 0.0)
        least = np.minimum(-export - problem.base_load_kw, 0.0)
        for n, t in np.argwhere(np.isfinite(most) | np.isfinite(least)):
            self.program.row(*self._flow(n, t), least=float(least[n, t]), most=float(most[n, t]))

    def _term(self, terms: CircuitTerms, m: int, hours: float) -> None:
        """Columns for flow at a circuit with terms, and for the peak there beyond what it would be without sessions."""
        node, so_far, smoothing = (
            int(terms.node[m]),
            float(terms.peak_kw_so_far[m]),
            terms.smoothing_per_kw2h[m] * hours,
        )
        base = self.problem.base_load_kw[node]
        counted = np.ones(base.size, dtype=np.bool_) if terms.counts is None else terms.counts[m]
        without = max(float(base[counted].max()), so_far)
        flow = self.program.columns(-np.inf, np.inf, cost=2 * smoothing * base)
        if smoothing > 0:
            self.program.squares(flow, smoothing)  # (base + flow)^2 - base^2
        beyond = self.program.columns(so_far - without, np.inf, cost=terms.peak_per_kw[m])
        for t in range(base.size):
            self.program.row((flow[t], -1.0), *self._flow(node, t), least=0.0, most=0.0)
            if counted[t]:
                self.program.row((beyond, 1.0), (flow[t], -1.0), least=float(base[t]) - without)

    def _across(self, across: Across, limit: int, step: int, hours: float) -> None:
        """A row for a limit across the tree in a step, with a column for what is above it where that has a price."""
        inside, price = across.limit == limit, float(across.over_per_kwh[limit, step])
        weight = np.zeros(self.problem.sessions)
        weight[across.session[inside]] = across.weight[inside]
        slots = np.flatnonzero((self.step == step) & (weight[self.session] > 0))
        weights = weight[self.session[slots]]
        base = 0.0 if across.base_kw is None else float(across.base_kw[limit, step])
        head = float(across.limit_kw[limit, step]) - base
        flow = (self.charge[slots], weights), (self.give[slots], -weights)
        if price == np.inf:
            self.program.row(*flow, most=max(head, 0.0))
            return
        beyond = self.program.columns(min(head, 0.0), np.inf, cost=price * hours)  # what base is above is paid anyway
        self.program.row(*flow, (beyond, -1.0), most=max(head, 0.0))

    def _flow(self, node: int, step: int) -> tuple[tuple[IntArray, float], tuple[IntArray, float]]:
        """Columns and weights whose sum is the power of all sessions at or below a node."""
        under = np.array([node in self.problem.tree.path(int(n)) for n in self.problem.node], dtype=np.bool_)
        slots = np.flatnonzero(under[self.session] & (self.step == step))
        return (self.charge[slots], 1.0), (self.give[slots], -1.0)
