"""What devices can be told, session by session, and what of it cannot be.

A device is told a level where a step begins; what it is told stands until it is told something else. It draws the level
for as long as the car is plugged in, less where the battery takes less, and stops by itself, or is stopped, when the
need is met. Going from one level to another is a command, but that last stop is none, and neither is plugging out.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.session import Control
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Devices

ANY: Final = -1
"""Commands that are not counted."""

_SMALL_KW: Final = 1e-9

_MANY: Final = 1_000
"""With more sessions than that, the taper is kept after the optimum rather than in it."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What each of S sessions can be told: nothing, or from ``least_kw`` to ``most_kw`` by ``step_kw`` (0 = any power
    between); for how long it stands at the least; and how often (``ANY``).
    """

    least_kw: FloatArray
    step_kw: FloatArray
    most_kw: FloatArray
    dwell_steps: IntArray
    commands_max: IntArray

    def coarse(self) -> BoolArray:
        """Whether continuous power from 0 is not what a session can be told, shape (S,)."""
        return np.asarray((self.least_kw > 0) | (self.step_kw > 0) | self.seldom())

    def seldom(self) -> BoolArray:
        """Whether a session cannot be told something new in every step, shape (S,)."""
        return np.asarray((self.commands_max != ANY) | (self.dwell_steps > 1))


def levels_of(problem: Problem) -> Levels:
    """The levels of a problem's sessions; continuous power from 0 for all where it says nothing of devices."""
    most_kw, devices, size = problem.power_kw_max, problem.devices, problem.sessions
    none, once, often = np.zeros(size), np.ones(size, dtype=np.int64), np.full(size, ANY)
    if devices is None:
        return Levels(none, none, most_kw, once, often)
    switched, stepped = devices.control == Control.ON_OFF.value, devices.control == Control.STEPPED.value
    step_kw = none if devices.step_kw is None else np.where(stepped, np.nan_to_num(devices.step_kw), 0.0)
    least_kw = np.where(switched, most_kw, devices.power_kw_min)
    least_kw = np.where(stepped & (least_kw == 0), step_kw, least_kw)
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.floor((most_kw - least_kw) / step_kw + 1e-9) * step_kw
    most_kw = np.where(step_kw > 0, least_kw + np.nan_to_num(whole), most_kw)
    return Levels(
        least_kw,
        step_kw,
        np.where(most_kw < least_kw - _SMALL_KW, 0.0, most_kw),
        once if devices.dwell_steps is None else devices.dwell_steps,
        often if devices.commands_max is None else devices.commands_max,
    )


def untold(problem: Problem) -> BoolArray:
    """Sessions whose device is never told anything (a budget of no commands), shape (S,).

    Such a device draws full power from plug-in until the need is met, whatever a circuit can bear: to the planner it
    is what a car is whose driver has opted out, and its power counts before all others'.
    """
    commands = None if problem.devices is None else problem.devices.commands_max
    return np.zeros(problem.sessions, dtype=np.bool_) if commands is None else np.asarray(commands == 0)


def relaxed(problem: Problem) -> Problem:
    """The problem as ``optimum.solve`` takes it: power is continuous from 0, and who cannot be told anything is
    uncontrolled like a car that has opted out.
    """
    devices = problem.devices
    if devices is None:
        return problem
    size = problem.sessions
    told_anything = Devices(
        np.full(size, Control.CONTINUOUS.value), np.zeros(size), devices.fallback_kw, devices.priority
    )
    return replace(problem, devices=told_anything, opted_out=problem.opted_out | untold(problem))


def continuous(problem: Problem) -> Problem:
    """The problem to be solved before ``fit_devices``: ``relaxed``, and ``without_taper`` where that does better: where
    some devices know only some powers, all are placed anew, and what a plan gave up to the taper beforehand would be
    given up twice; in large fleets, one brought under the taper moves too many others.
    """
    whole = relaxed(problem)
    some_coarse = (levels_of(problem).coarse() & ~whole.opted_out).any()
    return without_taper(whole) if some_coarse or problem.sessions > _MANY else whole


def without_taper(problem: Problem) -> Problem:
    """The problem with full power until full for those that only charge and have no minimum: ``fit_devices`` brings
    their powers to what batteries take, one session exactly after the other, and a proof then holds of all the rest.
    """
    batteries, minimum = problem.batteries, problem.minimum_kwh
    if batteries is None:
        return problem
    free = (batteries.discharge_kw_max == 0) & ~problem.opted_out
    free &= np.ones(problem.sessions, dtype=np.bool_) if minimum is None else minimum == 0
    knee, full = (np.where(free, np.inf, each) for each in (batteries.knee_kwh, batteries.full_kwh))
    return replace(problem, batteries=replace(batteries, knee_kwh=knee, full_kwh=full))
