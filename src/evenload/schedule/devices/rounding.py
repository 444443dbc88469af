"""From the continuous optimum to levels that devices can be told, inside every limit.

The optimum's tolls say what room is worth. Devices that take only some levels are placed one after another at their own
best (``kernels.device_answers``, ``kernels.device_commands``): never above a limit together with the others placed, and
crowding out continuous cars at what that costs by tolls. Cars that can be told any power are then planned anew around
them. Last, each device once more takes the best there is in the room all others leave, and who pays much more than it
had to at the tolls, or lacks energy, is placed anew together with some near it (``kernels.device_trades``): from there
on cost can only fall, energy that is not served counted first.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.devices.audit import commands_of
from evenload.schedule.devices.levels import Levels, levels_of, relaxed
from evenload.schedule.devices.minimum import give_at_once
from evenload.schedule.devices.refusals import refuse_devices
from evenload.schedule.devices.setup import TURNS, in_turn, told_of
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries
from evenload.schedule.solver.aside import set_aside
from evenload.schedule.solver.optimum import Settings, Solution
from evenload.schedule.solver.run import Finished, Run
from evenload.schedule.solver.taper import keep_taper, tapers

if TYPE_CHECKING:
    from evenload.schedule.kernels.network import Network

_PLACED: Final = 4
_TRADED: Final = 3

_FEW: Final = 2_000
"""With so many sessions or fewer, more is tried than what tolls say is worth it."""

_HANDFUL: Final = 32
"""With so many devices or fewer that cannot be told often, they are placed in several orders and the best is kept."""

_SETTLED: Final = 2
_SETTLED_FEW: Final = 6
_SWEEPS: Final = 4
_SWEEPS_FEW: Final = 24
_GROUPS: Final = 16
_KEPT_KW: Final = 1e-9

_REGRET: Final = 5e-3
"""In a large fleet, who pays by so much more than tolls say it had to looks for others to change places with."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A plan that devices can be told, and what that costs beyond the continuous optimum.

    ``told_kw`` (K,) is the level each slot's device is told, the power itself where any can be; ``minimum_kw`` (K,) the
    part of the powers that is minimum energy; ``commands`` (S,) how often each session is told something new. ``loss``
    is what it costs more than the continuous plan, ``loss_kwh`` what it leaves unserved more.
    """

    power_kw: FloatArray
    told_kw: FloatArray
    minimum_kw: FloatArray
    unserved_kwh: FloatArray
    commands: IntArray
    objective: float
    loss: float
    loss_kwh: float


def fit_devices(problem: Problem, solution: Solution, settings: Settings | None = None) -> Fitted:
    """Make the continuous ``solution`` of ``relaxed(problem)`` what the problem's devices can do, inside every limit.

    It may also be that of ``without_taper(relaxed(problem))``: powers come to what batteries take near full.
    Energy comes before money: a device that no level fits is left short, which comes back as unserved. Raises
    ``InputError`` for devices that cannot be (``device_refusals``).
    """
    if problem.devices is not None:
        gives = np.zeros(problem.sessions) if problem.batteries is None else problem.batteries.discharge_kw_max
        refuse_devices(problem.devices, problem.session_id, problem.power_kw_max, gives)
    levels = levels_of(problem)
    coarse = levels.coarse() & ~relaxed(problem).opted_out
    if not coarse.any() and not tapers(problem):
        power_kw = solution.plan.power_kw
        return _fitted(problem, solution, power_kw, power_kw, solution.minimum_kw)
    chosen = settings or Settings()
    seldom = int((coarse & levels.seldom()).sum())
    turns = 1 + TURNS if chosen.thorough and 0 < seldom <= _HANDFUL else 1
    tried = [_Rounding(problem, solution, chosen, levels, coarse, turn).fitted() for turn in range(turns)]
    return min(tried, key=_importance)


def _importance(fitted: Fitted) -> tuple[float, float]:
    """Energy before money; what is within rounding is the same energy."""
    return round(float(fitted.unserved_kwh.sum()), 3), fitted.objective


class _Rounding:
    """One run of the method over the arrays of the optimiser."""

    def __init__(
        self, problem: Problem, solution: Solution, settings: Settings, levels: Levels, coarse: BoolArray, turn: int
    ) -> None:
        from evenload.schedule.kernels import devices  # noqa: PLC0415 - compiled code loads when it is first needed

        self.kernels, self.problem, self.solution, self.settings = devices, problem, solution, settings
        self.coarse, self.turn = coarse, turn
        self.first = give_at_once(relaxed(problem), levels, coarse)
        self.aside = set_aside(self.first.rest)
        self.run = Run(self.aside.rest, settings.gap, settings.threads, (solution.plan, solution.warmth))
        told_kw = np.zeros(self.run.fleet.power_kw.size)
        self.told = told_of(self.run.setup, self.aside.rest, levels, coarse, told_kw)
        self.charging = self._charging_only()
        self.all = told_of(self.run.setup, self.aside.rest, levels, self.charging, told_kw)

    def _charging_only(self) -> BoolArray:
        """Sessions (S,) that never give back and are not uncontrolled, nor given a minimum beside which power has to
        fall near full.
        """
        batteries = self.problem.batteries
        gives = np.zeros(self.problem.sessions, dtype=np.bool_) if batteries is None else batteries.discharge_kw_max > 0
        given = np.zeros(self.problem.sessions, dtype=np.bool_)
        given[self.problem.slot_sessions()[self.aside.given_kw > 0]] = tapers(self.problem)
        return ~gives & ~self.first.rest.opted_out & ~given

    def fitted(self) -> Fitted:
        """The plan."""
        minimum_kw = self._others(self._place()) if self.coarse.any() else self._as_solved()
        self._settle()
        given_kw = self.aside.given_kw + self.first.power_kw
        power_kw = self.run.in_problem_order(self.run.fleet.power_kw) + given_kw
        told_kw = self.run.in_problem_order(self.told.told_kw) + self.first.told_kw
        told_kw = np.where(self.coarse[self.problem.slot_sessions()], told_kw, power_kw)
        return _fitted(self.problem, self.solution, power_kw, told_kw, minimum_kw + self.first.minimum_kw)

    def _place(self) -> FloatArray:
        """Devices answer tolls, the others answer them, and tolls move with both; powers (K,) of the devices."""
        run, told = self.run, self.told
        own = run.fleet._replace(power_kw=np.zeros_like(run.fleet.power_kw))
        hard = run.setup.limits._replace(flow_kw=np.zeros(run.net.toll.shape))
        others = run.fleet._replace(slots=np.where(self.coarse[run.setup.order], 0, run.fleet.slots))
        run.sweep()
        turn, lacking = in_turn(run.fleet, told, self.turn), self.kernels.Search(np.zeros((0, 0)), 0.0, _GROUPS)
        scene = self.kernels.Scene(own, hard, run.fleet, run.net, run.groups, run.prices, True)
        with run.parts.working():
            for _ in range(_PLACED):
                self.kernels.place(scene, told, turn)
                run.parts.sweep(others, run.stores, run.prices)
                run.kernels.raise_tolls(run.net, run.groups, run.peaks)
        for _ in range(_TRADED):
            if not self.kernels.trade(scene, lacking, told, turn):
                break
        return run.in_problem_order(own.power_kw)

    def _others(self, placed_kw: FloatArray) -> FloatArray:
        """The continuous cars planned anew around the devices placed; the run takes the powers of all. Returns what of
        theirs is minimum energy (K,).
        """
        rest, coarse = self.first.rest, self.coarse
        around = replace(
            rest,
            base_load_kw=rest.base_load_kw + rest.ev_load_kw(placed_kw),
            cap_kw=np.where(coarse[rest.slot_sessions()], 0.0, rest.cap_kw),
            energy_kwh=np.where(coarse, 0.0, rest.energy_kwh),
            batteries=self._tapers_left(),
            across=rest.across_beside(placed_kw),
        )
        aside = set_aside(around)
        run = Run(aside.rest, self.settings.gap, self.settings.threads, (self.solution.plan, self.solution.warmth))
        with run.parts.working():
            best = _finished(run, _SWEEPS_FEW if self._tries_more(around.sessions) else _SWEEPS)
            if tapers(around):
                best = keep_taper(run, best, around, aside.given_kw)
        together = placed_kw + run.in_problem_order(best.power_kw) + aside.given_kw - self.aside.given_kw
        self.run.fleet.power_kw[:] = together[self.run.setup.slot]
        return aside.minimum_kw

    def _tapers_left(self) -> Batteries | None:
        """Batteries of which only those fall near full that ``_settle`` does not bring under it."""
        batteries = self.first.rest.batteries
        if batteries is None:
            return None
        endless = np.where(self.charging, np.inf, 0.0)
        return replace(batteries, knee_kwh=batteries.knee_kwh + endless, full_kwh=batteries.full_kwh + endless)

    def _as_solved(self) -> FloatArray:
        """Nobody takes only some levels: the run takes the powers solved. Returns what is minimum energy (K,)."""
        self.run.fleet.power_kw[:] = (self.solution.plan.power_kw - self.aside.given_kw)[self.run.setup.slot]
        return self.aside.minimum_kw

    def _settle(self) -> None:
        """Every device once more at its best in the room that is left; together, those in each other's way."""
        run = self.run
        net = run.net._replace(flow_kw=np.zeros_like(run.net.flow_kw))
        run.kernels.make_flows(run.fleet, net, run.groups)
        path = run.kernels.path_tolls(net._replace(toll=self.solution.warmth.toll), run.prices.refusal)
        turn = np.arange(self.all.row.size)
        coarse = self.coarse[run.setup.order[self.all.row]]
        few = self._tries_more(turn.size)
        search = self.kernels.Search(path, 0.0 if few else _REGRET, _GROUPS if few else 0)
        for _ in range(_SETTLED_FEW if few else _SETTLED):
            held = self._held(net)
            scene = self.kernels.Scene(run.fleet, held, run.fleet, held, run.groups, run.prices, False)
            changed = self.kernels.settle(scene, self.all, turn)
            changed += self.kernels.trade(scene, search, self.all, np.flatnonzero(coarse | self._lacking()))
            if not changed:
                break
        self._place_stores(net)

    def _tries_more(self, sessions: int) -> bool:
        return self.settings.thorough and sessions <= _FEW

    def _place_stores(self, net: "Network") -> None:
        """Those that give back anew, where what they relied on is not drawn any more."""
        run = self.run
        if not run.has_stores or float((net.low_kw - net.flow_kw[: net.parent.size]).max()) <= _KEPT_KW:
            return
        wish_kw, theirs = run.fleet.power_kw.copy(), np.repeat(run.fleet.battery >= 0, run.fleet.slots)
        run.fleet.power_kw[theirs] = 0.0
        run.kernels.make_flows(run.fleet, net, run.groups)
        hard = run.setup.limits._replace(flow_kw=net.flow_kw)
        for _ in range(_TRADED):
            run.kernels.place_stores(run.fleet, run.stores, hard, run.groups, wish_kw)

    def _lacking(self) -> BoolArray:
        """Which sessions that only charge lack energy, as they are in ``all``."""
        fleet = self.run.fleet
        running = np.concatenate([[0.0], np.cumsum(fleet.power_kw)])
        got = running[fleet.begin + fleet.slots] - running[fleet.begin]
        return np.asarray((got < fleet.need * (1 - 1e-6))[self.all.row])

    def _held(self, net: "Network") -> "Network":
        """The network with peaks held where they are now."""
        peaks = self.run.peaks
        if not self.run.has_peaks:
            return net
        heads = net.head_kw.copy()
        peak_kw = np.maximum((net.flow_kw[peaks.node] + peaks.base_kw).max(axis=1), peaks.floor_kw)
        heads[peaks.node] = peak_kw[:, None] - peaks.base_kw
        return net._replace(head_kw=heads)


def _finished(run: Run, sweeps: int) -> Finished:
    """A plan inside the limits after a few sweeps from where an earlier run ended; a few more where energy lacks."""
    for _ in range(sweeps):
        run.sweep()
    best = run.finish(None)
    for _ in range(_TRADED if best.lack.any() else 0):
        for _ in range(sweeps):
            run.sweep()
        best = run.finish(best)
    return best


def _fitted(
    problem: Problem, solution: Solution, power_kw: FloatArray, told_kw: FloatArray, minimum_kw: FloatArray
) -> Fitted:
    continuous_kw = solution.plan.power_kw
    end = np.maximum(problem.offset[1:] - 1, 0)
    held = problem.level_kwh(power_kw)[end] if power_kw.size else np.zeros(problem.sessions)
    held = np.where(np.diff(problem.offset) > 0, held, 0.0)
    unserved = np.maximum(problem.energy_kwh - held, 0.0)
    objective, before = _cost_of(problem, power_kw), _cost_of(problem, continuous_kw)
    return Fitted(
        power_kw, told_kw, minimum_kw, unserved, commands_of(problem, power_kw, told_kw), objective, objective - before,
        float(unserved.sum() - solution.unserved_kwh.sum()),
    )  # fmt: skip


def _cost_of(problem: Problem, power_kw: FloatArray) -> float:
    return problem.money(power_kw) + problem.terms_cost(power_kw) + problem.across_cost(power_kw)
