"""From powers of a plan to powers devices can be told: 0, or at the least what they can charge at."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem

_NOTHING_KW: Final = 0.05
_FULL: Final = 0.98
_STAYS_ON_H: Final = 0.5
"""A car that charges goes on before one that could wait no more than so much less: contactors and cars wear."""


@dataclass(frozen=True, slots=True)
class Tellable:
    """What devices of sessions can be told: at the least ``least_kw``, and up to ``most_kw`` where a car may draw all
    it can, so that it can show if it can more. ``is_on`` are those that charge already, ``at_once`` those whose energy
    is to come before that of others; all (sessions,).
    """

    least_kw: FloatArray
    most_kw: FloatArray
    is_on: BoolArray
    at_once: BoolArray


def told_kw(
    problem: Problem, power_kw: FloatArray, devices: Tellable, steps: int, share_left: float = 1.0
) -> FloatArray:  # fmt: skip
    """Powers (sessions, steps) of the first steps: each 0, or the least of its device or more.

    A mean over the ``share_left`` of the first step is told as the power it stands for. By turns, those at once and who
    can wait least first, each gets what is planned for it, or the least of its device where that is more, while every
    circuit on its way has room; then what others could not take of their plans raises those. A car that leaves in the
    middle of a step gets more than its mean, and any is offered more than it is counted at, only as far as there is
    room: at no moment does a circuit carry more than its limit on account of this.
    """
    steps = min(steps, problem.horizon.steps)
    told = np.zeros((problem.sessions, steps))
    grid = _Grid.of(problem, steps, share_left)
    slack_h = _slack_h(problem, power_kw, grid)
    is_on = devices.is_on
    for number in range(steps):
        step = _Step.of(problem, power_kw, devices, grid, number)
        waits_h = slack_h[step.here] - _STAYS_ON_H * is_on[step.here]
        turn = np.lexsort((waits_h, ~devices.at_once[step.here]))
        step.take_turns(turn.tolist())
        step.leave()
        told[step.here, number] = step.offers(devices)
        is_on = told[:, number] > 0
    return told


@dataclass(frozen=True, slots=True)
class _Grid:
    """What circuits have left beside base load, ``room_kw`` (nodes, steps), and the circuits on each session's way."""

    room_kw: FloatArray
    ways: list[list[int]]
    share_left: float

    @classmethod
    def of(cls, problem: Problem, steps: int, share_left: float) -> "_Grid":
        room_kw = (problem.limit_kw - problem.base_load_kw)[:, :steps]
        room_kw[:, 0] /= share_left
        paths = [list(problem.tree.path(node)) for node in range(len(problem.tree))]
        return cls(room_kw, [paths[node] for node in problem.node.tolist()], share_left)


@dataclass(slots=True)
class _Step:
    """One step: sessions that are there, what each has, and what room circuits have left."""

    here: IntArray
    planned: FloatArray
    wanted: FloatArray
    least: FloatArray
    most: FloatArray
    has: FloatArray
    room: FloatArray
    ways: list[list[int]]

    @classmethod
    def of(cls, problem: Problem, power_kw: FloatArray, devices: Tellable, grid: _Grid, number: int) -> "_Step":
        share = grid.share_left if number == 0 else 1.0
        first, last = problem.first_step, problem.first_step + np.diff(problem.offset) - 1
        here = np.flatnonzero((number >= first) & (number <= last))
        slot = problem.offset[:-1][here] + number - first[here]
        most = problem.power_kw_max[here]
        planned = np.minimum(power_kw[slot] / share, most)
        stays = problem.cap_kw[slot] / np.maximum(most * share, 1e-9)
        wanted = np.where(last[here] == number, np.minimum(planned / np.maximum(stays, 1e-9), most), planned)
        least = np.minimum(devices.least_kw[here], most)
        ways = [grid.ways[session] for session in here.tolist()]
        return cls(here, planned, wanted, least, most, np.zeros(here.size), grid.room_kw[:, number].copy(), ways)

    def _give(self, k: int, kw: float) -> None:
        self.has[k] += kw
        self.room[self.ways[k]] -= kw

    def _spare(self, k: int) -> float:
        return float(self.room[self.ways[k]].min())

    def take_turns(self, turn: list[int]) -> None:
        """Each gets its plan, at the least what its device can, in its turn; then what is left of plans is used up."""
        planned = [k for k in turn if self.planned[k] > _NOTHING_KW]
        left_kw = float(self.planned[planned].sum())
        for k in planned:
            spare_kw = self._spare(k)
            if self.least[k] <= spare_kw + 1e-9:
                kw = min(max(float(self.planned[k]), float(self.least[k])), spare_kw)
                self._give(k, kw)
                left_kw -= kw
        for k in planned:
            if self.has[k] > 0 and left_kw > 0:
                more_kw = max(min(float(self.most[k] - self.has[k]), self._spare(k), left_kw), 0.0)
                self._give(k, more_kw)
                left_kw -= more_kw

    def leave(self) -> None:
        """Those that leave within the step get what they would get in all of it, as far as there is room."""
        for k in np.flatnonzero((self.wanted > self.has + _NOTHING_KW) & (self.has > 0)).tolist():
            self._give(k, max(min(float(self.wanted[k] - self.has[k]), self._spare(k)), 0.0))

    def offers(self, devices: Tellable) -> FloatArray:
        """What is offered: no less than the least of the device, and more to who may draw all it can."""
        offered = self.has.copy()
        least, most = devices.least_kw[self.here], devices.most_kw[self.here]
        for k in np.flatnonzero((offered > 0) & (offered < least)).tolist():
            more_kw = float(least[k] - offered[k])
            fits = more_kw <= self._spare(k) + 1e-9
            offered[k] = least[k] if fits else 0.0
            self.room[self.ways[k]] -= more_kw if fits else -self.has[k]
        for k in np.flatnonzero((self.has >= _FULL * self.most) & (most > offered) & (offered > 0)).tolist():
            more_kw = max(min(float(most[k] - offered[k]), self._spare(k)), 0.0)
            offered[k] += more_kw
            self.room[self.ways[k]] -= more_kw
        return offered


def _slack_h(problem: Problem, power_kw: FloatArray, grid: _Grid) -> FloatArray:
    """Hours each session could wait and still get what it is planned to get, were it alone, shape (sessions,)."""
    way_kw = np.array([grid.room_kw[way, 0].min() for way in grid.ways], dtype=np.float64)
    fastest_kw = np.maximum(np.minimum(problem.power_kw_max, way_kw), 0.1)
    stays_h = np.diff(problem.offset) * problem.horizon.hours_per_step
    return np.asarray(stays_h - problem.delivered_kwh(power_kw) / fastest_kw)
