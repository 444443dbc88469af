"""The least cost there is with devices that take only some levels, by a general solver: slow and obvious.

One program with whole columns, written down from the definition and sharing no code with the rounding. HiGHS (Huangfu,
Hall 2018) solves it twice: least unserved energy first, then least money and peaks at that much unserved. Where it does
not finish in time, what it found and what it proved are told apart.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.errors import InputError, InvariantError
from evenload.base.units import FloatArray, IntArray
from evenload.schedule.devices.levels import ANY, levels_of
from evenload.schedule.problem import Problem
from evenload.schedule.reference.highs_program import Program

_FREE: Final = 1e-5
_ROUNDED_KW: Final = 1e-4
"""Whole numbers are whole within a tolerance; this is more than it makes of a power."""


@dataclass(frozen=True, slots=True)
class DeviceReference:
    """The best plan found, with what no plan can be below. ``told_kw`` (K,) are levels; money includes peaks.

    ``objective_bound`` holds for plans that leave ``energy_kwh_unserved``; both bounds are met where ``proved``.
    """

    power_kw: FloatArray
    told_kw: FloatArray
    objective: float
    objective_bound: float
    energy_kwh_unserved: float
    energy_kwh_unserved_bound: float
    proved: bool


def least_cost_told(problem: Problem, seconds: float = 60.0) -> DeviceReference:
    """Solve a small problem of charging only, without minimum energy, taper and smoothing.

    Raises ``InputError`` for one that has them, and ``MissingRequirementError`` without HiGHS.
    """
    batteries, terms = problem.batteries, problem.terms
    if problem.minimum_kwh is not None or problem.opted_out.any():
        raise InputError("the reference knows neither minimum energy nor opted-out cars")
    if batteries is not None and (batteries.discharge_kw_max.any() or np.isfinite(batteries.full_kwh).any()):
        raise InputError("the reference knows charging at any level of the battery only")
    if terms is not None and terms.smoothing_per_kw2h.any():
        raise InputError("the reference knows no smoothing")
    return _Model(problem).solve(seconds)


class _Timed(Program):
    """A program that is solved for so long."""

    def within(self, cost: FloatArray, seconds: float, start: FloatArray) -> tuple[FloatArray, float, bool]:
        """Columns as good as ``start`` or better, a bound on ``cost @ x`` and whether they meet."""
        highspy = self._highspy
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("time_limit", seconds)
        highs.setOptionValue("mip_rel_gap", 1e-6)
        highspy.Highs.resetGlobalScheduler(True)
        highs.passModel(self._linear(cost))
        solution = highspy.HighsSolution()
        solution.col_value = start
        highs.setSolution(solution)
        highs.run()
        info, status = highs.getInfo(), highs.getModelStatus()
        if info.primal_solution_status != 2:
            raise InvariantError(f"HiGHS found no plan: {highs.modelStatusToString(status)}")
        x = np.asarray(highs.getSolution().col_value, dtype=np.float64)
        proved = status == highspy.HighsModelStatus.kOptimal
        return x, float(cost @ x) if proved else float(info.mip_dual_bound), proved


class _Model:
    """The program of a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.program, self.hours = problem, _Timed(), problem.horizon.hours_per_step
        self.session, self.step = problem.slot_sessions(), problem.slot_steps()
        price = problem.import_price()[problem.tariff_of_session()[self.session], self.step]
        self.power = self.program.columns(0.0, problem.cap_kw, cost=price * self.hours)
        self.lack = self.program.columns(0.0, problem.energy_kwh)
        self.lacking = int(self.program.columns(0.0, np.inf)[0])
        self.program.row((self.lacking, -1.0), (self.lack, 1.0), least=0.0, most=0.0)
        self.levels = levels_of(problem)
        self.level_terms: dict[int, list[tuple[int, float]]] = {}
        for i, need in enumerate(problem.energy_kwh.tolist()):
            slots = np.arange(problem.offset[i], problem.offset[i + 1])
            self.program.row((self.power[slots], self.hours), (self.lack[i], 1.0), least=need, most=need)
            if self.levels.coarse()[i]:
                self._device(i, slots)
        self._limits()
        self._limits_across()

    def solve(self, seconds: float) -> DeviceReference:
        """Least unserved, then least money."""
        total = np.zeros(self.program.count)
        total[self.lacking] = 1.0
        nothing = np.zeros(self.program.count)
        nothing[self.lack], nothing[self.lacking] = self.problem.energy_kwh, self.problem.energy_kwh.sum()
        x, least, served = self.program.within(total, seconds, nothing)
        unserved = max(float(x[self.lacking]), 0.0)
        self.program.limit(self.lacking, unserved + _FREE)
        cost = self.program.table()[2]
        x, bound, proved = self.program.within(cost, seconds, x)
        power, told = x[self.power].copy(), x[self.power].copy()
        whole = self.program.table()[3] > 0
        x[whole] = np.round(x[whole])
        for slot, terms in self.level_terms.items():
            told[slot] = sum(x[column] * weight for column, weight in terms)
            level = told[slot] * self.problem.cap_kw[slot] / self.problem.power_kw_max[self.session[slot]]
            power[slot] = level if abs(power[slot] - level) < _ROUNDED_KW else power[slot]
        self._fill_up(power)
        return DeviceReference(
            power, told, float(cost @ x), bound, float(x[self.lacking]), max(least, 0.0), served and proved
        )

    def _fill_up(self, power: FloatArray) -> None:
        """What a need lacks by rounding goes into the last slot that draws, so that it is met."""
        short = (self.problem.energy_kwh - self.problem.delivered_kwh(power)) / self.hours
        for i in np.flatnonzero(np.abs(short) < _ROUNDED_KW).tolist():
            drawn = self.problem.offset[i] + np.flatnonzero(power[self.problem.offset[i] : self.problem.offset[i + 1]])
            if drawn.size:
                power[drawn[-1]] += short[i]

    def _device(self, i: int, slots: IntArray) -> None:
        """Levels of each slot, and a whole column that says in which slot the need is met."""
        program, problem, levels = self.program, self.problem, self.levels
        least, step, most = (float(each[i]) for each in (levels.least_kw, levels.step_kw, levels.most_kw))
        on = program.columns(0.0, np.full(slots.size, float(most > 0)), whole=True)
        full = program.columns(0.0, np.ones(slots.size), whole=True)
        program.row((full, 1.0), most=1.0)
        need = float(problem.energy_kwh[i])
        program.row((self.lack[i], 1.0), (full, need), most=need)
        for k, slot in enumerate(slots.tolist()):
            self.level_terms[slot] = self._level(int(on[k]), least, step, most)
            share = float(problem.cap_kw[slot] / problem.power_kw_max[i])
            drawn = [(column, weight * share) for column, weight in self.level_terms[slot]]
            program.row((self.power[slot], -1.0), *drawn, least=0.0)
            cap = float(problem.cap_kw[slot])
            program.row((self.power[slot], -1.0), *drawn, (full[k], -cap), most=0.0)
            program.row((on[k], 1.0), (full[:k], 1.0), most=1.0) if k else None
        self._commands(i, slots, full, most)

    def _level(self, on: int, least: float, step: float, most: float) -> list[tuple[int, float]]:
        """Columns and weights whose sum is the level; what is above the least only where the device is on."""
        if most <= least:
            return [(on, most)]
        above = most - least if step <= 0 else float(np.round((most - least) / step))
        more = int(self.program.columns(0.0, above, whole=step > 0)[0])
        self.program.row((more, 1.0), (on, -above), most=0.0)
        return [(on, least), (more, step if step > 0 else 1.0)]

    def _commands(self, i: int, slots: IntArray, full: IntArray, most: float) -> None:
        """A whole column a slot for a command there; so many at most, and so far apart."""
        budget, dwell = int(self.levels.commands_max[i]), int(self.levels.dwell_steps[i])
        if (budget == ANY and dwell <= 1) or most <= 0:
            return
        program = self.program
        change = program.columns(0.0, np.ones(slots.size), whole=True)
        for k, slot in enumerate(slots.tolist()):
            now = self.level_terms[slot]
            before = [] if k == 0 else [(c, -w) for c, w in self.level_terms[slot - 1]]
            program.row(*now, *before, (change[k], -most), most=0.0)
            if k:
                stop = [(c, -w) for c, w in (*now, *before)]
                program.row(*stop, (change[k], -most), (full[k - 1], -most), most=0.0)
        if budget != ANY:
            program.row((change, 1.0), most=budget)
        for k in range(slots.size if dwell > 1 else 0):
            program.row((change[k : k + dwell], 1.0), most=1.0)

    def _limits(self) -> None:
        """A row a limited circuit and step; base load above a limit leaves nothing. A column for each peak."""
        problem = self.problem
        room = np.maximum(problem.limit_kw - problem.base_load_kw, 0.0)
        under = [np.flatnonzero([n in problem.tree.path(int(at)) for at in problem.node]) for n in range(room.shape[0])]
        for n, t in np.argwhere(np.isfinite(room)):
            self._flow(under[n], t, most=float(room[n, t]))
        terms = problem.terms
        if terms is None:
            return
        for m in range(terms.node.size):
            node, so_far, price = int(terms.node[m]), float(terms.peak_kw_so_far[m]), float(terms.peak_per_kw[m])
            base = problem.base_load_kw[node]
            without = max(float(base.max()), so_far)
            beyond = self.program.columns(max(so_far - without, -1e6), np.inf, cost=price)
            for t in range(base.size):
                self._flow(under[node], t, (beyond, -1.0), most=without - float(base[t]))

    def _limits_across(self) -> None:
        """A row a limit across and step, and a column for what is above it where that has a price."""
        across = self.problem.across
        if across is None:
            return
        head = across.head_kw()
        for limit, t in np.argwhere(np.isfinite(head)):
            members = np.flatnonzero(across.limit == limit)
            weight = np.zeros(self.problem.sessions)
            weight[across.session[members]] = across.weight[members]
            slots = np.flatnonzero((weight[self.session] > 0) & (self.step == t))
            room, price = float(head[limit, t]), float(across.over_per_kwh[limit, t])
            above = []
            if np.isfinite(price):  # what base pays by itself is not counted
                above = [(self.program.columns(0.0, np.inf, cost=price * self.hours), -1.0)]
                room = max(room, 0.0)
            if slots.size:
                self.program.row((self.power[slots], weight[self.session[slots]]), *above, most=room)

    def _flow(self, sessions: IntArray, step: int, *terms: tuple[IntArray, float], most: float) -> None:
        slots = np.flatnonzero(np.isin(self.session, sessions) & (self.step == step))
        if slots.size:
            self.program.row((self.power[slots], 1.0), *terms, most=most)
