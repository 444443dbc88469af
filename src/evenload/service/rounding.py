"""From a plan to what devices are told for the next hour: at no moment more than circuits carry.

A plan counts means over steps. Within a step a car may be done or leave before others begin, and a mean says nothing of
that: where all at once would be too much, some wait for the next plan.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.service.devices_of import Told

_NOTHING_KW: Final = 0.05
_FULL: Final = 0.98
_STAYS_ON_H: Final = 0.5
"""A car that charges goes on before one that could wait no more than so much less: contactors and cars wear."""


@dataclass(frozen=True, slots=True)
class Tellable:
    """What devices of sessions can be told (``told``), up to ``most_kw`` where a car may draw all it can, so that it
    can show if it can more. ``is_on`` are those that charge already, ``at_once`` those whose energy is to come before
    that of others; all (sessions,).
    """

    told: tuple[Told, ...]
    most_kw: FloatArray
    is_on: BoolArray
    at_once: BoolArray


def told_kw(
    problem: Problem, power_kw: FloatArray, level_kw: FloatArray, devices: Tellable, steps: int, share_left: float = 1.0
) -> FloatArray:  # fmt: skip
    """Powers (sessions, steps) of the first steps that devices are told, from means (K,) and levels (K,) of a plan.

    A mean over the ``share_left`` of the first step, or until a car leaves, is told as the power it stands for. By
    turns, those at once and who can wait least first, each gets it while every circuit on its way has room, or the most
    its device can be told there. A car that seems to draw all it can is offered more as far as there is room.
    """
    steps = min(steps, problem.horizon.steps)
    told = np.zeros((problem.sessions, steps))
    room_kw = (problem.limit_kw - problem.base_load_kw)[:, :steps]
    room_kw[:, 0] /= share_left
    ways = _ways(problem)
    slack_h = _slack_h(problem, power_kw, room_kw[:, 0], ways)
    is_on = devices.is_on
    for number in range(steps):
        here, wanted = _wanted(problem, power_kw, level_kw, number)
        turn = np.lexsort((slack_h[here] - _STAYS_ON_H * is_on[here], ~devices.at_once[here]))
        step = _Step(here, problem.power_kw_max, devices, ways, room_kw[:, number])
        for k in turn.tolist():
            step.give(k, float(wanted[k]))
        for k in turn.tolist():
            step.offer(k)
        told[here, number] = step.has
        is_on = told[:, number] > 0
    return told


def _wanted(
    problem: Problem, power_kw: FloatArray, level_kw: FloatArray, number: int
) -> tuple[IntArray, FloatArray]:  # fmt: skip
    """Sessions that are there in a step, and the power that what is planned stands for while they are."""
    first, last = problem.first_step, problem.first_step + np.diff(problem.offset) - 1
    here = np.flatnonzero((number >= first) & (number <= last))
    slot = problem.offset[:-1][here] + number - first[here]
    most = problem.power_kw_max[here]
    there = np.clip(problem.cap_kw[slot] / np.maximum(most, 1e-9), 1e-9, 1.0)
    power = np.minimum(power_kw[slot] / there, most)
    return here, np.where(level_kw[slot] > power_kw[slot], np.maximum(level_kw[slot], power), power)


class _Step:
    """One step: sessions that are there, what each has, and what room circuits have left."""

    def __init__(
        self, here: IntArray, most_kw: FloatArray, devices: Tellable, ways: list[list[int]], room_kw: FloatArray
    ) -> None:
        self.has = np.zeros(here.size)
        self._who: list[int] = here.tolist()
        self._most, self._devices, self._ways, self._room = most_kw, devices, ways, room_kw.copy()

    def _spare(self, i: int) -> float:
        return float(self._room[self._ways[i]].min())

    def give(self, k: int, kw: float) -> None:
        """Give one what it wants, or the most it can be told of that where there is room."""
        if kw <= _NOTHING_KW:
            return
        i = self._who[k]
        one, spare_kw = self._devices.told[i], self._spare(i)
        if kw > spare_kw + 1e-9:
            kw = one.down(spare_kw)
        counted_kw = min(kw, one.most_kw)
        if kw < one.least_kw - 1e-6:  # it draws less than its device offers at the least
            kw = one.least_kw if counted_kw >= one.most_kw * _FULL and one.least_kw <= spare_kw + 1e-9 else 0.0
        self.has[k] = kw
        self._room[self._ways[i]] -= kw

    def offer(self, k: int) -> None:
        """Offer more to one that may draw all it can."""
        i = self._who[k]
        one, most_kw = self._devices.told[i], float(self._devices.most_kw[i])
        if not 0 < self.has[k] < most_kw or self.has[k] < _FULL * self._most[i]:
            return
        kw = one.down(min(most_kw, self.has[k] + max(self._spare(i), 0.0)))
        if kw > self.has[k]:
            self._room[self._ways[i]] -= kw - self.has[k]
            self.has[k] = kw


def _ways(problem: Problem) -> list[list[int]]:
    """Circuits on each session's way, from its own to the root."""
    parent, found = problem.tree.parent.tolist(), dict[int, list[int]]()
    for node in problem.node.tolist():
        if node not in found:
            way, here = list[int](), node
            while here >= 0:
                way.append(here)
                here = parent[here]
            found[node] = way
    return [found[node] for node in problem.node.tolist()]


def _slack_h(problem: Problem, power_kw: FloatArray, room_kw: FloatArray, ways: list[list[int]]) -> FloatArray:
    """Hours each session could wait and still get what it is planned to get, were it alone, shape (sessions,)."""
    way_kw = np.array([room_kw[way].min() for way in ways], dtype=np.float64)
    fastest_kw = np.maximum(np.minimum(problem.power_kw_max, way_kw), 0.1)
    stays_h = np.diff(problem.offset) * problem.horizon.hours_per_step
    return np.asarray(stays_h - problem.delivered_kwh(power_kw) / fastest_kw)
