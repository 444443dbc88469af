"""What the kernels compute, said slowly and plainly: the truth tests compare with.

No tricks with arrays and nothing kept up to date: loads are summed from scratch whenever they are asked for.
``least_unserved_kwh`` is the yardstick beside them: the optimum of the linear program "serve as much as possible",
which on a tree is a maximum flow.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.fill import amount_kw, planned_slots
from evenload.schedule.strategies.valley import Valley, price_level, share_per_kw, slots_to_plan

_TINY_KW = 1e-9


def fill_cheapest(problem: Problem, rank: IntArray) -> FloatArray:
    """Like ``kernels.fill_cheapest``: one car after another, its declared steps from the first in rank to the last."""
    power, planned = np.zeros(problem.cap_kw.size), planned_slots(problem)
    for i in range(problem.sessions):
        left = float(amount_kw(problem)[i])
        steps = range(int(problem.first_step[i]), int(problem.first_step[i] + planned[i]))
        for step in sorted(steps, key=lambda step: rank[step]):
            slot = int(problem.offset[i]) + step - int(problem.first_step[i])
            highest = problem.cap_kw[slot] if step == steps.start else problem.power_kw_max[i]
            given, left = min(left, highest), max(left - highest, 0.0)
            if slot < problem.offset[i + 1]:
                power[slot] = min(given, problem.cap_kw[slot])
    return power


def water_fill(level_kw: Sequence[float], cap_kw: Sequence[float], amount: float) -> list[float]:
    """Power of each slot when ``amount`` is poured over ``level_kw``: raise the water from one kink to the next."""

    def poured(water: float) -> list[float]:
        return [min(max(water - level, 0.0), cap) for level, cap in zip(level_kw, cap_kw, strict=True)]

    kinks = sorted({*level_kw, *(level + cap for level, cap in zip(level_kw, cap_kw, strict=True))})
    for low, high in pairwise(kinks):
        below, above = sum(poured(low)), sum(poured(high))
        if above >= amount:
            share = (amount - below) / (above - below) if above > below else 0.0
            return poured(low + share * (high - low))
    return list(cap_kw)


class ValleyReference:
    """``Valley`` on one small problem, car by car and step by step."""

    def __init__(self, problem: Problem, strategy: Valley) -> None:
        self.problem = problem
        self.share = share_per_kw(problem)
        self.price = strategy.price_weight * price_level(problem.price_per_kwh)
        self.waiting = strategy.waiting_weight_per_hour * problem.horizon.hours_per_step
        self.tick_steps = max(1, strategy.tick_minutes // problem.horizon.step_minutes)
        self.limit = np.broadcast_to(problem.limit_kw, problem.base_load_kw.shape)
        self.until = problem.first_step + slots_to_plan(problem, strategy.reserve_minutes)
        self.plan: list[dict[int, float]] = [{} for _ in range(problem.sessions)]  # car -> step -> kW
        self.left = amount_kw(problem).tolist()
        self.stale, self.short = [True] * problem.sessions, [False] * problem.sessions

    def power_kw(self) -> FloatArray:
        """Power of every slot, kW, shape (K,)."""
        by_node = np.lexsort((self.problem.first_step, self.problem.node)).tolist()
        for t in range(self.problem.horizon.steps):
            present = [i for i in by_node if self._slot(i, t) is not None and self.left[i] > _TINY_KW]
            for i in set(by_node) - set(present):  # gone, full or not yet here
                self.plan[i] = {step: kw for step, kw in self.plan[i].items() if step < t}
            for i in present:
                if self.problem.opted_out[i] and t == self.problem.first_step[i]:
                    self._foresee_full_power(i)
            for i in present:
                if not self.problem.opted_out[i] and (self.stale[i] or t % self.tick_steps == 0):
                    self._plan_car(i, t)
            self._carry_out(present, t)
        power = np.zeros(self.problem.cap_kw.size)
        for i, plan in enumerate(self.plan):
            for step, kw in plan.items():
                slot = self._slot(i, step)
                if slot is not None:
                    power[slot] = kw
        return power

    def _slot(self, i: int, step: int) -> int | None:
        slot = int(self.problem.offset[i] + step - self.problem.first_step[i])
        return slot if self.problem.offset[i] <= slot < self.problem.offset[i + 1] else None

    def _highest_kw(self, i: int, step: int, now: int) -> float:
        """What car i could draw in a step, as far as is known now: what share of a step it stays is seen only then."""
        slot = self._slot(i, now)
        return float(self.problem.cap_kw[slot] if step == now and slot is not None else self.problem.power_kw_max[i])

    def _total_kw(self, n: int, step: int) -> float:
        """Base load and all cars planned below node n."""
        below = [i for i in range(self.problem.sessions) if n in self.problem.tree.path(int(self.problem.node[i]))]
        return float(self.problem.base_load_kw[n, step]) + sum(self.plan[i].get(step, 0.0) for i in below)

    def _room_kw(self, i: int, step: int) -> float:
        path = self.problem.tree.path(int(self.problem.node[i]))
        return min(float(self.limit[n, step]) - self._total_kw(n, step) for n in path)

    def _foresee_full_power(self, i: int) -> None:
        rest, now = self.left[i], int(self.problem.first_step[i])
        for step in range(now, int(self.until[i])):
            self.plan[i][step] = min(rest, self._highest_kw(i, step, now))
            rest -= self.plan[i][step]

    def _plan_car(self, i: int, now: int) -> None:
        self.plan[i] = {step: kw for step, kw in self.plan[i].items() if step < now}
        steps = range(now, max(int(self.until[i]), now + 1))
        path = self.problem.tree.path(int(self.problem.node[i]))
        room = [self._room_kw(i, step) for step in steps]
        cap = [self._highest_kw(i, step, now) for step in steps]
        free = [min(max(r, 0.0), c) for r, c in zip(room, cap, strict=True)]
        self.short[i] = self.left[i] > sum(free) + _TINY_KW
        if self.short[i]:
            above = [c - f for c, f in zip(cap, free, strict=True)]
            rest = min(self.left[i] - sum(free), sum(above))
            extra = water_fill([max(-r, 0.0) for r in room], above, rest)
            power = [f + e for f, e in zip(free, extra, strict=True)]
        else:
            level = [
                self.price[step]
                + self.waiting * (step - now)
                + sum(float(self.share[n]) * self._total_kw(n, step) for n in path if self.share[n] > 0)
                for step in steps
            ]
            slope = sum(float(self.share[n]) for n in path)
            power = water_fill([each / slope for each in level], free, min(self.left[i], sum(free)))
        self.plan[i].update(zip(steps, power, strict=True))

    def _carry_out(self, present: list[int], t: int) -> None:
        wish = {i: self.plan[i].get(t, 0.0) for i in present}
        for i in present:
            highest = self._highest_kw(i, t, t)
            self.plan[i][t] = min(self.left[i] if self.problem.opted_out[i] else wish[i], highest)
        controlled = [i for i in present if not self.problem.opted_out[i]]
        waiting = [i for i in controlled if self.short[i] or self._room_kw(i, t) < -_TINY_KW]
        slack = {i: self.until[i] - t - self.left[i] / self.problem.power_kw_max[i] for i in waiting}
        order = sorted(waiting, key=lambda i: round(slack[i] * 1e6))
        planned = {i: self.plan[i].pop(t) for i in waiting}
        for i in order:
            self.plan[i][t] = min(planned[i], max(self._room_kw(i, t), 0.0))
        for i in order:
            if self.short[i]:
                more = min(self._highest_kw(i, t, t), self.left[i]) - self.plan[i][t]
                self.plan[i][t] += max(min(more, self._room_kw(i, t)), 0.0)
        for i in present:
            self.stale[i] = abs(self.plan[i][t] - wish[i]) > _TINY_KW
            self.left[i] -= self.plan[i][t]


def least_unserved_kwh(problem: Problem) -> float:
    """Least total energy that must stay unserved, all arrivals and departures known: needs less the maximum flow.

    Energy flows from each session through the steps it is plugged in, up the tree, into the root of each step. Cars
    that have opted out charge at once and take their room first; their own shortfall does not count.
    """
    flow = MaximumFlow()
    hours, controlled = problem.horizon.hours_per_step, ~problem.opted_out
    at_once = np.where(problem.opted_out[problem.slot_sessions()], _full_power(problem), 0.0)
    limit = np.broadcast_to(problem.limit_kw, problem.base_load_kw.shape)
    room = np.maximum(limit - problem.base_load_kw - problem.ev_load_kw(at_once), 0.0)
    steps = problem.slot_steps()
    for i in np.flatnonzero(controlled).tolist():
        flow.capacity["source"][f"session {i}"] = float(problem.energy_kwh[i]) / hours
        for slot in range(problem.offset[i], problem.offset[i + 1]):
            flow.capacity[f"session {i}"][f"{problem.node[i]} at {steps[slot]}"] = float(problem.cap_kw[slot])
    for n in range(len(problem.tree)):
        for t in range(problem.horizon.steps):
            above = f"{problem.tree.parent[n]} at {t}" if n else "sink"
            flow.capacity[f"{n} at {t}"][above] = float(room[n, t])
    return float(problem.energy_kwh[controlled].sum()) - flow.between("source", "sink") * hours


def _full_power(problem: Problem) -> FloatArray:
    power = np.zeros(problem.cap_kw.size)
    for i in range(problem.sessions):
        left = float(amount_kw(problem)[i])
        for slot in range(problem.offset[i], problem.offset[i + 1]):
            power[slot] = min(left, problem.cap_kw[slot])
            left -= power[slot]
    return power


class MaximumFlow:
    """Maximum flow by shortest augmenting paths (Edmonds and Karp 1972); ``capacity[a][b]`` is an edge from a to b."""

    def __init__(self) -> None:
        self.capacity: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))

    def between(self, source: str, sink: str) -> float:
        """Value of the maximum flow; capacities become residuals."""
        value = 0.0
        while path := self._path(source, sink):
            pushed = min(self.capacity[a][b] for a, b in path)
            for a, b in path:
                self.capacity[a][b] -= pushed
                self.capacity[b][a] += pushed
            value += pushed
        return value

    def _path(self, source: str, sink: str) -> list[tuple[str, str]]:
        came_from, queue = {source: ""}, deque([source])
        while queue and sink not in came_from:
            here = queue.popleft()
            for there, capacity in self.capacity[here].items():
                if capacity > _TINY_KW and there not in came_from:
                    came_from[there] = here
                    queue.append(there)
        if sink not in came_from:
            return []
        path, here = [], sink
        while came_from[here]:
            path.append((came_from[here], here))
            here = came_from[here]
        return path
