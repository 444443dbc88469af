"""Minimum energy of devices that take only some levels: at once after plug-in, in levels they can be told.

Cars that can be told any power keep the share of every step that fairness gives them (``schedule.minimum``); devices
take what is left of it one after another, higher priority first and then earlier arrivals, each as much as it can.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray
from evenload.schedule.devices.levels import Levels
from evenload.schedule.devices.setup import told_of
from evenload.schedule.problem import Problem
from evenload.schedule.solver.aside import set_aside
from evenload.schedule.solver.setup import setup_of

_GAP: Final = 1e-3
"""Arrays are laid out for some gap; it plays no part here."""


@dataclass(frozen=True, slots=True)
class First:
    """What devices get at once, levels they are told for it and the part of it that is minimum energy, all (K,); and
    the problem that is left, for which that is base load.
    """

    power_kw: FloatArray
    told_kw: FloatArray
    minimum_kw: FloatArray
    rest: Problem


def give_at_once(problem: Problem, levels: Levels, coarse: BoolArray) -> First:
    """Minimum energy of the sessions in ``coarse`` (S,) of a problem relaxed by ``device_levels.relaxed``."""
    minimum = np.zeros(problem.sessions) if problem.minimum_kwh is None else problem.minimum_kwh
    nothing = np.zeros(problem.cap_kw.size)
    if not (coarse & (minimum > 0)).any():
        return First(nothing, nothing, nothing, problem)
    from evenload.schedule.kernels import devices  # noqa: PLC0415 - compiled code loads when it is first needed

    fair = set_aside(problem)
    theirs = np.where(coarse[problem.slot_sessions()], 0.0, fair.given_kw)
    alone = replace(
        problem, base_load_kw=problem.base_load_kw + problem.ev_load_kw(theirs), minimum_kwh=None, terms=None,
        opted_out=np.zeros_like(problem.opted_out), emergency_limit_kw=None, across=problem.across_beside(theirs),
    )  # fmt: skip
    setup = setup_of(alone, _GAP)
    net = setup.limits
    limit = problem.limit_kw if problem.emergency_limit_kw is None else problem.emergency_limit_kw
    heads = np.maximum(limit - alone.base_load_kw, 0.0)
    emergency = net._replace(head_kw=np.vstack([heads, net.head_kw[setup.groups.circuits :]]))
    told = told_of(setup, problem, levels, coarse, np.zeros(problem.cap_kw.size))
    at = setup.order[told.row]
    priority = np.zeros(at.size) if problem.devices is None else problem.devices.priority[at]
    turn = np.lexsort((problem.first_step[at], -priority))
    first_kw = np.zeros(problem.cap_kw.size)
    wanted = np.minimum(minimum, problem.energy_kwh)[at] / problem.horizon.hours_per_step
    devices.at_once(setup.fleet, net, emergency, setup.groups, told, wanted, turn, first_kw)
    found = np.empty((3, first_kw.size))
    found[:, setup.slot] = setup.fleet.power_kw, told.told_kw, first_kw
    return First(found[0], found[1], found[2], _rest(problem, coarse, levels, found[0]))


def _rest(problem: Problem, coarse: BoolArray, levels: Levels, given_kw: FloatArray) -> Problem:
    """The problem without what is given; who cannot be told often has what it can have."""
    minimum, batteries = problem.minimum_kwh, problem.batteries
    claimed = coarse & (np.zeros(problem.sessions) if minimum is None else minimum).astype(np.bool_)
    done = claimed & levels.seldom()
    given_kwh = problem.delivered_kwh(given_kw)
    gone = done[problem.slot_sessions()] | _until_given(problem, given_kw)
    if batteries is not None:
        batteries = replace(
            batteries, knee_kwh=batteries.knee_kwh - given_kwh, full_kwh=batteries.full_kwh - given_kwh,
            up_kwh=np.where(claimed, np.maximum(batteries.up_kwh - given_kwh, 0.0), batteries.up_kwh),
        )  # fmt: skip
    return replace(
        problem,
        base_load_kw=problem.base_load_kw + problem.ev_load_kw(given_kw),
        cap_kw=np.where(gone, 0.0, problem.cap_kw),
        energy_kwh=np.where(done, 0.0, np.maximum(problem.energy_kwh - given_kwh, 0.0)),
        minimum_kwh=None if minimum is None else np.where(coarse, 0.0, minimum),
        batteries=batteries,
        across=problem.across_beside(given_kw),
    )


def _until_given(problem: Problem, given_kw: FloatArray) -> BoolArray:
    """Slots up to the last of their session in which something is given: less than a level comes last only, (K,)."""
    slot = np.arange(given_kw.size)
    last = np.full(problem.sessions, -1)
    session = problem.slot_sessions()
    np.maximum.at(last, session[given_kw > 0], slot[given_kw > 0])
    return np.asarray(slot <= last[session])
