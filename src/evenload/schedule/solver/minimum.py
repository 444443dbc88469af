"""The first stage of planning: every session gets its minimum energy at once after plug-in.

In order of time, the room of each step is shared among the plugged-in sessions that still lack part of their minimum,
up to the emergency limit. Where a circuit cannot carry what they want, higher priority goes first, and equals are cut
max-min fairly in kW (Bertsekas and Gallager, Data Networks, section 6.5.2): nobody could get more in that step without
taking from somebody who has as little or less.

Limits of phases are kept as circuits' are, one after the other: what one of them cuts, those after it count less, so
where several bind together a little of their room may stay unused.

"At once" is a promise of each step: no room is left that a lacking session could use. It is greedy in time and uses
nothing that lies ahead, so it does not promise the least total shortfall: a car that stays long and one that leaves
soon share alike, though the first could have waited. A share may be less than a device can be told (``power_kw_min``).
Source: DESIGN section 5, order of importance; requirements R30, R40.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries

if TYPE_CHECKING:
    from evenload.schedule.kernels import Wires


@dataclass(frozen=True, slots=True)
class Minimum:
    """Powers that bring minimum energy, and what of it could not be given before the window ended."""

    power_kw: FloatArray  # (K,)
    unserved_kwh: FloatArray  # (S,)


def give_minimum(problem: Problem) -> Minimum:
    """Share each step's room among the sessions that lack part of their minimum (at most their need).

    Room is the emergency limit (the normal one where there is none) less base load, never below 0. A session takes no
    more than its slot's cap and what the taper leaves at the level it has when the step begins.
    """
    power, wanted = np.zeros(problem.cap_kw.size), _claimed_kwh(problem)
    unserved, slots = wanted.copy(), np.diff(problem.offset)
    claiming = np.flatnonzero((wanted > 0) & (slots > 0))
    if not claiming.size:
        return Minimum(power, unserved)
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    hours, ancestor = problem.horizon.hours_per_step, _ancestors(problem.tree)
    rows, rank = _served_in_order(problem, claiming, ancestor)
    batteries = problem.batteries or Batteries.charging_only(problem.sessions)
    claims = kernels.Claims(
        problem.first_step[rows], problem.offset[rows], slots[rows], problem.node[rows], rank,
        wanted[rows] / hours, problem.power_kw_max[rows], batteries.knee_kwh[rows] / hours,
        batteries.full_kwh[rows] / hours,
    )  # fmt: skip
    limit = problem.limit_kw if problem.emergency_limit_kw is None else problem.emergency_limit_kw
    room = np.ascontiguousarray(np.maximum(limit - problem.base_load_kw, 0.0).T)
    wires = _wires_of(problem, rows)
    unserved[rows] = kernels.give_at_once(claims, ancestor, room, wires, problem.cap_kw, power) * hours
    return Minimum(power, unserved)


def _wires_of(problem: Problem, rows: IntArray) -> "Wires":
    """Limits across the tree that minimum energy keeps, over the sessions in ``rows``."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    across, nobody = problem.across, np.zeros(0, dtype=np.int64)
    if across is None or not (kept := np.flatnonzero(across.kept_by_minimum())).size:
        return kernels.Wires(np.zeros((problem.horizon.steps, 0)), np.zeros(1, dtype=np.int64), nobody, np.zeros(0))
    row_of, limit_of = np.full(problem.sessions, -1), np.full(across.name.size, -1)
    row_of[rows], limit_of[kept] = np.arange(rows.size), np.arange(kept.size)
    member = np.flatnonzero((row_of[across.session] >= 0) & (limit_of[across.limit] >= 0))
    member = member[np.argsort(limit_of[across.limit[member]], kind="stable")]
    begin = np.searchsorted(limit_of[across.limit[member]], np.arange(kept.size + 1))
    room_kw = np.ascontiguousarray(across.head_kw()[kept].T)
    return kernels.Wires(room_kw, begin, row_of[across.session[member]], across.weight[member])


def rest_of(problem: Problem, minimum: Minimum) -> Problem:
    """What is left to plan: the minimum is base load (also in limits across the tree), energy still lacking stays in
    the need.

    The emergency limit goes, being there for the minimum only. A battery's levels now count from where the minimum
    brings it, and who has a minimum sells nothing below that: it is kept. Levels are those after all of the minimum, so
    while it is still being given the true level is lower, and the taper stricter than it need be. Where a solver takes
    the share of a slot plugged in from ``cap_kw / power_kw_max``, less cap also means less discharge: both are safe.
    """
    if problem.minimum_kwh is None or not problem.minimum_kwh.any():
        return problem
    given = problem.delivered_kwh(minimum.power_kw)
    need = np.maximum(problem.energy_kwh - given, 0.0)
    return replace(
        problem,
        base_load_kw=problem.base_load_kw + problem.ev_load_kw(minimum.power_kw),
        cap_kw=np.maximum(problem.cap_kw - minimum.power_kw, 0.0),
        energy_kwh=need,
        minimum_kwh=None,
        emergency_limit_kw=None,
        batteries=_after(problem.batteries, given, need, problem.minimum_kwh),
        across=problem.across_beside(minimum.power_kw),
    )


def _after(
    batteries: Batteries | None, given_kwh: FloatArray, need_kwh: FloatArray, minimum_kwh: FloatArray
) -> Batteries | None:
    """The batteries with levels counted from where the minimum brings them."""
    if batteries is None:
        return None
    return replace(
        batteries,
        down_kwh=np.where(minimum_kwh > 0, 0.0, batteries.down_kwh),
        up_kwh=np.maximum(batteries.up_kwh - given_kwh, need_kwh),
        knee_kwh=batteries.knee_kwh - given_kwh,
        full_kwh=batteries.full_kwh - given_kwh,
    )


def _claimed_kwh(problem: Problem) -> FloatArray:
    """Minimum energy of each session, at most its need."""
    if problem.minimum_kwh is None:
        return np.zeros(problem.sessions)
    return np.minimum(problem.minimum_kwh, problem.energy_kwh)


def _ancestors(tree: CircuitTree) -> IntArray:
    """``[d, n]``: the circuit at depth d on the way from the root to n, -1 below n."""
    depth = tree.depths()
    ancestor = np.full((int(depth.max()) + 1, len(tree)), -1, dtype=np.int64)
    for n, above in enumerate(tree.parent):
        if above >= 0:
            ancestor[:, n] = ancestor[:, above]
        ancestor[depth[n], n] = n
    return ancestor


def _served_in_order(problem: Problem, rows: IntArray, ancestor: IntArray) -> tuple[IntArray, IntArray]:
    """Sessions by priority, highest first, then depth first along the tree; with the rank of each, 0 first."""
    place = np.empty(len(problem.tree), dtype=np.int64)
    place[np.lexsort(ancestor[::-1])] = np.arange(len(problem.tree))
    priority = np.zeros(rows.size, dtype=np.int64) if problem.devices is None else problem.devices.priority[rows]
    order = np.lexsort((place[problem.node[rows]], -priority))
    return rows[order], np.unique(-priority, return_inverse=True)[1][order].astype(np.int64)
