"""Charging power that falls near full: plans made without it are brought under it.

The highest power depends on the level, and the level on the plan, so the optimiser leaves it out and its bound holds
all the more. Here the plan's own levels set what each slot may have, the run goes on under these caps, and so on; caps
that still do not hold after that are those of charging on from where the plan is, which hold whatever it leaves out;
and what then is still above the taper is cut off.
"""

from typing import Final

import numpy as np

from evenload.base.units import FloatArray
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries
from evenload.schedule.solver.run import Finished, Run

_ROUNDS: Final = 6
_SWEEPS: Final = 3
_KEPT_KW: Final = 1e-7


def tapers(problem: Problem) -> bool:
    """Whether any session's power falls near full."""
    return problem.batteries is not None and bool(np.isfinite(problem.batteries.full_kwh).any())


def keep_taper(run: Run, best: Finished, problem: Problem, given_kw: FloatArray) -> Finished:
    """A plan of the run that keeps the taper of ``problem`` together with ``given_kw`` (K,), starting from ``best``."""
    cap_kw = run.problem.cap_kw.copy()
    for round_ in range(_ROUNDS + 2):
        power = given_kw + run.in_problem_order(best.power_kw)
        highest = _highest_kw(problem, power)
        over = power > highest + _KEPT_KW
        if not over.any():
            break
        if round_ < _ROUNDS:
            cap_kw = np.where(over, np.minimum(cap_kw, np.maximum(highest - given_kw, 0.0)), cap_kw)
        else:
            broken = np.zeros(problem.sessions, dtype=np.bool_)
            broken[problem.slot_sessions()[over]] = True
            cap_kw = np.where(broken[problem.slot_sessions()], _safe_kw(problem, power, given_kw), cap_kw)
        run.tighten(cap_kw)
        for _ in range(_SWEEPS):
            run.sweep()
        best = run.finish(None)
    power = given_kw + run.in_problem_order(best.power_kw)
    if (power > _highest_kw(problem, power) + _KEPT_KW).any():
        best = run.cut(best, np.minimum(cap_kw, _safe_kw(problem, power, given_kw)))
    return best


def _highest_kw(problem: Problem, power_kw: FloatArray) -> FloatArray:
    """What each slot may have at the level the plan has before it, shape (K,)."""
    batteries, session = _batteries(problem), problem.slot_sessions()
    stored = np.where(power_kw > 0, power_kw, power_kw / batteries.round_trip[session]) * problem.horizon.hours_per_step
    before = problem.level_kwh(power_kw) - stored
    return np.minimum(problem.cap_kw, batteries.taper(problem.power_kw_max[session], before, session))


def _batteries(problem: Problem) -> Batteries:
    return problem.batteries or Batteries.charging_only(problem.sessions)


def _safe_kw(problem: Problem, power_kw: FloatArray, given_kw: FloatArray) -> FloatArray:
    """Caps (K,) for the rest under which no plan can break the taper: of charging, the plan itself cut as it goes
    along, with nothing before the last that is given; of giving back as well, the power at the highest level there is.
    """
    batteries, hours = _batteries(problem), problem.horizon.hours_per_step
    lengths = np.diff(problem.offset)
    session = problem.slot_sessions()
    within = problem.slot_steps() - problem.first_step[session]
    last_given = np.full(problem.sessions, -1)
    np.maximum.at(last_given, session[given_kw > 0], within[given_kw > 0])
    safe, level = np.zeros(power_kw.size), np.zeros(problem.sessions)
    for k in range(int(lengths.max(initial=0))):
        here = np.flatnonzero(lengths > k)
        slot = problem.offset[here] + k
        highest = np.minimum(power_kw[slot], batteries.taper(problem.power_kw_max[here], level[here], here))
        total = np.clip(np.where(k <= last_given[here], given_kw[slot], highest), 0.0, problem.cap_kw[slot])
        safe[slot] = np.maximum(total - given_kw[slot], 0.0)
        level[here] += total * hours
    highest_level = np.minimum(batteries.up_kwh, batteries.full_kwh)[session]
    end = batteries.taper(problem.power_kw_max[session], highest_level, session)
    gives = batteries.discharge_kw_max[session] > 0
    return np.where(gives, np.maximum(np.minimum(end, problem.cap_kw) - given_kw, 0.0), safe)
