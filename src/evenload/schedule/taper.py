"""Charging power that falls near full: plans made without it are brought under it.

The highest power depends on the level, and the level on the plan, so the optimiser leaves it out and its bound holds
all the more. Here the plan's own levels set what each slot may have, the run goes on under these caps, and so on; caps
that still do not hold at the end are those of charging on from where the plan is, which hold whatever it leaves out.
"""

from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.optimum_run import Finished, Run
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries

_ROUNDS: Final = 6
_SWEEPS: Final = 3
_KEPT_KW: Final = 1e-7


def tapers(problem: Problem) -> bool:
    """Whether any session's power falls near full."""
    return problem.batteries is not None and bool(np.isfinite(problem.batteries.full_kwh).any())


def keep_taper(run: Run, best: Finished) -> Finished:
    """A plan of the run that keeps the taper, starting from ``best``, which need not."""
    problem = run.problem
    batteries = problem.batteries or Batteries.charging_only(problem.sessions)
    cap_kw = problem.cap_kw.copy()
    for round_ in range(_ROUNDS + 2):
        power = run.in_problem_order(best.power_kw)
        highest = _highest_kw(problem, batteries, power)
        if not (power > highest + _KEPT_KW).any():
            return best
        if round_ < _ROUNDS:
            cap_kw = np.minimum(cap_kw, np.where(power > highest, highest, cap_kw))
        else:
            over = _sessions_over(problem, power, highest)
            cap_kw = np.where(np.repeat(over, np.diff(problem.offset)), _safe_kw(problem, batteries, power), cap_kw)
        run.tighten(cap_kw)
        for _ in range(_SWEEPS):
            run.sweep()
        best = run.finish(None)
    return best


def _highest_kw(problem: Problem, batteries: Batteries, power_kw: FloatArray) -> FloatArray:
    """What each slot may have at the level the plan has before it, shape (K,)."""
    session = problem.slot_sessions()
    stored = np.where(power_kw > 0, power_kw, power_kw / batteries.round_trip[session]) * problem.horizon.hours_per_step
    before = problem.level_kwh(power_kw) - stored
    return np.minimum(problem.cap_kw, _tapered(batteries, problem.power_kw_max, before, session))


def _tapered(batteries: Batteries, power_kw_max: FloatArray, level_kwh: FloatArray, session: IntArray) -> FloatArray:
    """Highest power at a level each of sessions that may occur often."""
    of = {name: getattr(batteries, name)[session] for name in ("knee_kwh", "full_kwh")}
    with np.errstate(invalid="ignore"):
        share = (of["full_kwh"] - level_kwh) / (of["full_kwh"] - of["knee_kwh"])
    return np.asarray(power_kw_max[session] * np.clip(np.nan_to_num(share, nan=1.0, posinf=1.0), 0.0, 1.0))


def _sessions_over(problem: Problem, power_kw: FloatArray, highest_kw: FloatArray) -> BoolArray:
    """Sessions whose plan is above the taper anywhere, shape (S,)."""
    over = np.zeros(problem.sessions, dtype=np.bool_)
    over[problem.slot_sessions()[power_kw > highest_kw + _KEPT_KW]] = True
    return over


def _safe_kw(problem: Problem, batteries: Batteries, power_kw: FloatArray) -> FloatArray:
    """Caps (K,) under which no plan can break the taper: of charging, the plan itself cut as it goes along; of giving
    back as well, the power at the highest level there may be.
    """
    session, hours = problem.slot_sessions(), problem.horizon.hours_per_step
    lengths = np.diff(problem.offset)
    safe, level = np.zeros(power_kw.size), np.zeros(problem.sessions)
    for k in range(int(lengths.max(initial=0))):
        here = np.flatnonzero(lengths > k)
        slot = problem.offset[here] + k
        highest = _tapered(batteries, problem.power_kw_max, level[here], here)
        safe[slot] = np.clip(np.minimum(power_kw[slot], highest), 0.0, problem.cap_kw[slot])
        level[here] += safe[slot] * hours
    end = _tapered(batteries, problem.power_kw_max, np.minimum(batteries.up_kwh, batteries.full_kwh)[session], session)
    gives = batteries.discharge_kw_max[session] > 0
    return np.where(gives, np.minimum(problem.cap_kw, end), safe)
