"""Optimised: least cost under all limits, planned again whenever something new is known."""

from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import ClassVar, Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.risk.reserve import Arrivals, Expected, along, avoiding
from evenload.schedule.risk.robust import Caution, cautious
from evenload.schedule.solver.optimum import Settings, Solution, solve
from evenload.schedule.strategies.valley import slots_to_plan

_NOTHING_KWH: Final = 1e-9
_SHORT_KWH: Final = 1e-6
_SWEEPS_BESIDE_OTHERS: Final = 30
"""What is planned along is a guess, so money need not be exact; energy is served as far as can be all the same."""

_FLAT: Final = 0.01
"""Prices that differ less than this share of themselves count as flat."""


@dataclass(frozen=True, slots=True)
class Optimised:
    """Least unserved energy, then least cost, under every limit and for every driver's departure (R31, R38, R40).

    Whenever a car comes, leaves before it said or stays longer, all plugged-in cars are planned anew to within ``gap``
    of the optimum, with the remaining needs and declared departures. Only the current step is carried out. A circuit is
    above its limit only by base load and cars that have opted out.

    ``waiting_weight_per_hour`` makes waiting cost something, a share of the standard deviation of prices: later room
    may be needed by cars that have not come yet, and a driver may leave early. ``reserve_minutes`` plans to be done
    that long before the declared departure, where full power allows it. ``caution`` prices the risk of early departures
    instead, by what is known of drivers. ``arrivals`` has what usually comes later planned along, for circuits that are
    tight; where it does not all fit, the gap is not always reached. Both are off by default.

    It knows the base load and prices of the whole horizon (a perfect forecast), and a car once it is plugged in. It
    plans charging only. ``docs/explanation/strategies.md`` says what it costs not to know more, and
    ``docs/explanation/uncertainty.md`` what caution and arrivals make of it.
    """

    waiting_weight_per_hour: float = 0.02
    reserve_minutes: int = 0
    gap: float = 1e-3
    caution: Caution | None = None
    arrivals: Arrivals | None = None

    name: ClassVar[str] = "optimised"
    shortfall: ClassVar[UnservedReason] = UnservedReason.CIRCUIT_LIMIT

    def __post_init__(self) -> None:
        if not (isfinite(self.waiting_weight_per_hour) and self.waiting_weight_per_hour >= 0):
            raise InputError(
                f"waiting_weight_per_hour must be a number of 0 or more, not {self.waiting_weight_per_hour}"
            )
        if self.reserve_minutes < 0:
            raise InputError(f"reserve_minutes must be 0 or more, not {self.reserve_minutes}")
        Settings(gap=self.gap)  # refuses what cannot be

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002 - nothing is random
        """Mean power of every slot, kW, shape (slots,)."""
        return _Rolling(problem, self).carry_out()


class _Rolling:
    """Plans that move through time: what stands planned, what was given, what is still needed.

    A session's plan reaches to its declared departure, which may lie beyond its window: ``planned_kw`` has places of
    its own, ``at[i] + t`` for session i in step t.
    """

    def __init__(self, problem: Problem, strategy: Optimised) -> None:
        sweeps_max = Settings().sweeps_max if strategy.arrivals is None else _SWEEPS_BESIDE_OTHERS
        self.problem = problem
        self.settings = Settings(gap=strategy.gap, sweeps_max=sweeps_max, threads=1)  # studies run on processes
        self.hours = problem.horizon.hours_per_step
        self.waiting_per_kwh = strategy.waiting_weight_per_hour * _spread(problem.price_per_kwh) * self.hours
        self.gone = problem.first_step + np.diff(problem.offset)
        self.until = problem.first_step + slots_to_plan(problem, strategy.reserve_minutes)
        places = np.maximum(self.until, self.gone) - problem.first_step
        self.at = np.cumsum(places) - places - problem.first_step
        self.planned_kw = np.zeros(int(places.sum()))
        self.given_kw = np.zeros(problem.cap_kw.size)
        self.left_kwh = problem.energy_kwh.copy()
        self.solution: Solution | None = None
        self.alone: Solution | None = None
        self.caution = strategy.caution
        self.expected = Expected.of(problem, strategy.arrivals or Arrivals())

    def carry_out(self) -> FloatArray:
        """Go through the steps; mean power of every slot, kW, shape (K,)."""
        first = self.problem.first_step
        by_arrival = np.argsort(first, kind="stable")
        edges = np.searchsorted(first[by_arrival], np.arange(self.problem.horizon.steps + 1))
        here, news = by_arrival[:0], False
        for t in range(edges.size - 1):
            wanting, come = here[self._wanting(here)], by_arrival[edges[t] : edges[t + 1]]
            stays = self.gone[wanting] > t
            here = np.sort(np.concatenate([wanting[stays], come[self._wanting(come)]]))
            if not here.size:
                continue
            if news or come.size or not stays.all() or (self.until[here] <= t).any():
                news = self._plan(t, here)
            self._give(t, here)
        return self.given_kw

    def _wanting(self, sessions: IntArray) -> BoolArray:
        return np.asarray(self.left_kwh[sessions] > _NOTHING_KWH)

    def _plan(self, t: int, here: IntArray) -> bool:
        """Plan those plugged in from step ``t`` on; whether any will lack energy, so that every step is worth a try."""
        lengths = np.maximum(self.until[here] - t, 1)
        come = self.expected.between(t + 1, t + int(lengths.max()))
        now = self._problem_now(t, here, lengths, come)
        found = self.solution = solve(now, self.settings, self.solution)
        if come.size and float(found.unserved_kwh.sum()) > _SHORT_KWH:
            alone = self._problem_now(t, here, lengths, come.between(0, 0))
            now = avoiding(alone, found.scarcity[:, : alone.horizon.steps])
            found = self.alone = solve(now, self.settings, self.alone)
        slots = int(lengths.sum())
        place = np.repeat(self.at[here] + t, lengths) + now.slot_steps()[:slots]
        self.planned_kw[place] = found.plan.power_kw[:slots]
        return float(found.unserved_kwh[: here.size].sum()) > _SHORT_KWH

    def _problem_now(self, t: int, here: IntArray, lengths: IntArray, come: Expected) -> Problem:
        """What is known at step ``t``; who is still there after the declared departure is planned for this step."""
        problem = self.problem
        offset = np.concatenate([[0], np.cumsum(lengths)])
        cap = np.repeat(problem.power_kw_max[here], lengths)
        new = problem.first_step[here] == t
        cap[offset[:-1][new]] = problem.cap_kw[problem.offset[here[new]]]
        horizon, steps = problem.horizon, slice(t, max(t + int(lengths.max()), come.last_step))
        ahead = np.arange(steps.stop - t)
        limit = problem.limit_kw
        now = Problem(
            horizon=Horizon(
                horizon.start + timedelta(minutes=t * horizon.step_minutes), horizon.step_minutes, ahead.size
            ),
            session_id=problem.session_id[here],
            node=problem.node[here],
            first_step=np.zeros(here.size, dtype=np.int64),
            offset=offset,
            cap_kw=cap,
            declared_slots=lengths,
            energy_kwh=np.minimum(self.left_kwh[here], np.add.reduceat(cap, offset[:-1]) * self.hours),
            power_kw_max=problem.power_kw_max[here],
            opted_out=problem.opted_out[here],
            tree=problem.tree,
            base_load_kw=problem.base_load_kw[:, steps],
            limit_kw=limit if limit.shape[1] == 1 else limit[:, steps],
            price_per_kwh=problem.price_per_kwh[steps] + self.waiting_per_kwh * ahead,
            minute_of_day=problem.minute_of_day[steps],
            across=problem.across and problem.across.take(here, problem.sessions).between(steps.start, steps.stop),
        )
        joint = along(now, come, t) if come.size else now
        if self.caution is None:
            return joint
        return cautious(joint, self.caution, np.concatenate([problem.declared_slots[here], come.slots]))

    def _give(self, t: int, here: IntArray) -> None:
        """Carry out step ``t``: what is planned, full power for who has opted out."""
        problem = self.problem
        slot = problem.offset[here] + t - problem.first_step[here]
        planned = np.where(problem.opted_out[here], np.inf, self.planned_kw[self.at[here] + t])
        kw = np.minimum(np.minimum(planned, problem.cap_kw[slot]), self.left_kwh[here] / self.hours)
        self.given_kw[slot] = kw
        self.left_kwh[here] = np.maximum(self.left_kwh[here] - kw * self.hours, 0.0)


def _spread(price_per_kwh: FloatArray) -> float:
    """What prices typically differ by, currency per kWh: their standard deviation, of flat ones a little of them."""
    return max(float(price_per_kwh.std()), _FLAT * float(np.abs(price_per_kwh).max(initial=0.0))) or _FLAT
