"""Optimised: least cost under all limits, planned again as time goes on with what is known by then."""

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.optimum import Settings, Solution, solve
from evenload.schedule.problem import Problem
from evenload.schedule.valley import slots_to_plan

_TINY_KWH: Final = 1e-9
_LACK_KWH: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Optimised:
    """x"""

    tick_minutes: int = 15
    gap: float = 1e-2
    reserve_minutes: int = 0
    room_kept: float = 0.1
    waiting: float = 0.0
    tight: float = 0.0

    name: ClassVar[str] = "optimised"
    shortfall: ClassVar[UnservedReason] = UnservedReason.CIRCUIT_LIMIT

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002 - nothing is random
        """Mean power of every slot, kW, shape (slots,)."""
        return _Rolling(problem, self).power_kw()


class _Rolling:
    """Planning that moves through time: what stands planned, what was carried out, what is still needed."""

    def __init__(self, problem: Problem, strategy: Optimised) -> None:
        self.problem, self.strategy = problem, strategy
        self.settings = Settings(gap=strategy.gap, threads=1)
        self.ends = problem.first_step + np.diff(problem.offset)
        self.until = problem.first_step + slots_to_plan(problem, strategy.reserve_minutes)
        span = np.maximum(self.until, self.ends) - problem.first_step
        self.place = np.cumsum(span) - span - problem.first_step
        self.planned_kw = np.zeros(int(span.sum()))
        self.carried_kw = np.zeros(problem.cap_kw.size)
        self.left_kwh = problem.energy_kwh.copy()
        self.later_limit_kw = _less_kept(problem, strategy.room_kept)
        self.solution: Solution | None = None

    def power_kw(self) -> FloatArray:
        """Mean power of every slot, kW, shape (slots,)."""
        problem, tick = self.problem, max(1, self.strategy.tick_minutes // self.problem.horizon.step_minutes)
        by_arrival = np.argsort(problem.first_step, kind="stable")
        edges = np.searchsorted(problem.first_step[by_arrival], np.arange(problem.horizon.steps + 1))
        present, news = np.zeros(0, dtype=np.int64), False
        for t in range(problem.horizon.steps):
            arrived = by_arrival[edges[t] : edges[t + 1]]
            wanting = self.left_kwh[present] > _TINY_KWH
            stays = self.ends[present] > t
            news |= bool((wanting & ~stays).any()) or arrived.size > 0
            present = np.concatenate([present[wanting & stays], arrived[self.left_kwh[arrived] > _TINY_KWH]])
            if not present.size:
                continue
            overdue = present[self.until[present] <= t]
            if t % tick == 0 and (news or overdue.size):
                news = self._plan(t, present, present)
            elif arrived.size or overdue.size:
                self._plan(t, np.union1d(arrived[self.left_kwh[arrived] > _TINY_KWH], overdue), present)
            self._carry_out(t, present)
        return self.carried_kw

    def _plan(self, t: int, who: IntArray, present: IntArray) -> bool:
        """Plan some of those present from step ``t`` on, the others' plans standing; whether any lack energy."""
        problem = self.problem
        lengths = np.maximum(self.until[who] - t, 1)
        steps = int(lengths.max())
        base = problem.base_load_kw[:, t : t + steps]
        offset = np.concatenate([[0], np.cumsum(lengths)])
        position = np.arange(int(offset[-1])) - np.repeat(offset[:-1], lengths)
        cap = np.repeat(problem.power_kw_max[who], lengths)
        new = problem.first_step[who] == t
        cap[offset[:-1][new]] = problem.cap_kw[problem.offset[who[new]]]
        hours = problem.horizon.hours_per_step
        possible = np.add.reduceat(cap, offset[:-1]) * hours
        limit = self.later_limit_kw[:, t : t + steps].copy()
        limit[:, 0] = problem.limit_kw[:, t if problem.limit_kw.shape[1] > 1 else 0]
        price = problem.price_per_kwh[t : t + steps]
        if self.strategy.waiting:
            price = price + self.strategy.waiting * np.arange(steps) * hours
        if who.size < present.size:
            base = base + self._standing(t, steps, np.setdiff1d(present, who))
        now = Problem(
            horizon=Horizon(
                problem.horizon.starts()[t].item().replace(tzinfo=problem.horizon.start.tzinfo),
                problem.horizon.step_minutes,
                steps,
            ),
            session_id=problem.session_id[who],
            node=problem.node[who],
            first_step=np.zeros(who.size, dtype=np.int64),
            offset=offset,
            cap_kw=cap,
            declared_slots=lengths,
            energy_kwh=np.minimum(self.left_kwh[who], possible),
            power_kw_max=problem.power_kw_max[who],
            opted_out=problem.opted_out[who],
            tree=problem.tree,
            base_load_kw=base,
            limit_kw=limit,
            price_per_kwh=price,
            minute_of_day=problem.minute_of_day[t : t + steps],
            tariffs=self._tariffs(who, price, hours),
        )
        solution = solve(now, self.settings, self.solution)
        if who.size == present.size:
            self.solution = solution
        self.planned_kw[np.repeat(self.place[who] + t, lengths) + position] = solution.plan.power_kw
        return bool(solution.unserved_kwh.sum() > _LACK_KWH)

    def _tariffs(self, who, price, hours):
        if self.solution is None or not self.strategy.tight:
            return None
        full = ((self.solution.shadow_price > 0) | self.solution.scarcity).any(axis=1)
        parent = self.problem.tree.parent
        for n in range(1, full.size):
            full[n] |= full[parent[n]]
        later = price + self.strategy.tight * np.arange(price.size) * hours
        both = np.stack([price, later])
        from evenload.schedule.problem_parts import Tariffs

        return Tariffs(full[self.problem.node[who]].astype(np.int64), both, both)

    def _standing(self, t: int, steps: int, who: IntArray) -> FloatArray:
        """Load of standing plans through each node, shape (N, steps)."""
        problem = self.problem
        lengths = np.minimum(np.maximum(self.until[who] - t, 0), steps)
        position = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        kw = self.planned_kw[np.repeat(self.place[who] + t, lengths) + position]
        cell = np.repeat(problem.node[who], lengths) * steps + position
        direct = np.bincount(cell, weights=kw, minlength=len(problem.tree) * steps)
        return problem.tree.sum_up(direct.reshape(len(problem.tree), steps))

    def _carry_out(self, t: int, present: IntArray) -> None:
        """Give those present what is planned for this step."""
        problem, hours = self.problem, self.problem.horizon.hours_per_step
        slot = problem.offset[present] + t - problem.first_step[present]
        planned = self.planned_kw[self.place[present] + t]
        wanted = np.where(problem.opted_out[present], np.inf, planned)
        kw = np.minimum(np.minimum(wanted, problem.cap_kw[slot]), self.left_kwh[present] / hours)
        self.carried_kw[slot] = kw
        self.left_kwh[present] = np.maximum(self.left_kwh[present] - kw * hours, 0.0)


def _less_kept(problem: Problem, kept: float) -> FloatArray:
    """Limits less a share of the room they leave above base load, shape (N, T)."""
    limit = np.broadcast_to(problem.limit_kw, problem.base_load_kw.shape)
    room = np.where(np.isfinite(limit), np.maximum(limit - problem.base_load_kw, 0.0), 0.0)
    return np.asarray(limit - kept * room)
