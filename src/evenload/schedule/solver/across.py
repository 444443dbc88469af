"""Limits across the tree as rows of the optimiser's arrays: nodes that hang nowhere, named by their members.

A limit that must hold has tolls like a circuit; one that may be exceeded for a price has tolls up to that price.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem

if TYPE_CHECKING:
    from evenload.schedule.kernels import Groups, Network

_STIFF: Final = 2.0
_NOTHING_KW: Final = 1e-9


def groups_of(problem: Problem, order: IntArray, circuits: int) -> "Groups":
    """Limits and members in the order of the run, rows beginning at ``circuits``; prices are per kW of one step."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    across = problem.across
    if across is None:
        none = np.zeros(0, dtype=np.int64)
        begin = np.zeros(order.size + 1, dtype=np.int64)
        return kernels.Groups(circuits, begin, none, np.zeros(0), np.zeros((0, problem.horizon.steps)))
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    session = place[across.session]
    by_session = np.lexsort((across.limit, session))
    return kernels.Groups(
        circuits, np.searchsorted(session[by_session], np.arange(order.size + 1)),
        circuits + across.limit[by_session], across.weight[by_session],
        across.over_per_kwh * problem.horizon.hours_per_step,
    )  # fmt: skip


def with_across(net: "Network", problem: Problem, spread: float) -> "Network":
    """The network with a row for each limit; prices are per kW of one step."""
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    across = problem.across
    if across is None:
        return net
    rows, steps = across.limit_kw.shape
    none = np.zeros(rows, dtype=np.int64)
    back = np.zeros(rows, dtype=np.bool_)
    back[across.limit[gives_back(problem)[across.session]]] = True
    head = across.head_kw()
    most = across.over_per_kwh * problem.horizon.hours_per_step
    low = net.low_kw
    return net._replace(
        parent=np.concatenate([net.parent, none - 1]),
        flow_row=np.arange(net.parent.size + rows),
        kind=np.concatenate([net.kind, none + kernels.ACROSS]),
        crowd=np.concatenate([net.crowd, none + 1]),
        first_row=np.concatenate([net.first_row, none]),
        last_row=np.concatenate([net.last_row, none]),
        gives_back=np.concatenate([net.gives_back, back]),
        head_kw=np.concatenate([np.broadcast_to(net.head_kw, (net.parent.size, steps)), head]),
        low_kw=np.concatenate([low, np.full((rows, steps), -np.inf)]) if low.size else low,
        flow_kw=np.concatenate([net.flow_kw, np.zeros((rows, steps))]),
        toll=np.concatenate([net.toll, np.zeros((rows, steps))]),
        stiffness=np.concatenate([net.stiffness, _stiffness(head, most, spread)]),
    )


def gives_back(problem: Problem) -> BoolArray:
    """Whether each session gives back, shape (S,)."""
    if problem.batteries is None:
        return np.zeros(problem.sessions, dtype=np.bool_)
    return np.asarray(problem.batteries.discharge_kw_max > 0)


def dearest_excess(problem: Problem) -> float:
    """What going above limits may cost one session most, per kW of one step."""
    across = problem.across
    if across is None or not across.limit.size:
        return 0.0
    finite = np.where(np.isinf(across.over_per_kwh), 0.0, across.over_per_kwh).max(axis=1)
    each = np.bincount(across.session, weights=across.weight * finite[across.limit])
    return float(each.max(initial=0.0)) * problem.horizon.hours_per_step


def without_blocked(problem: Problem) -> Problem:
    """The problem without power in steps where a limit that must hold leaves its members nothing at all."""
    across = problem.across
    if across is None:
        return problem
    closed = np.isinf(across.over_per_kwh) & (across.head_kw() <= _NOTHING_KW)
    closed[across.limit[gives_back(problem)[across.session]]] = False
    chosen = np.isin(across.limit, np.flatnonzero(closed.any(axis=1)))
    if not chosen.any():
        return problem
    cap_kw = problem.cap_kw.copy()
    for limit, session in zip(across.limit[chosen].tolist(), across.session[chosen].tolist(), strict=True):
        first, last = problem.offset[session], problem.offset[session + 1]
        at = problem.first_step[session]
        cap_kw[first:last][closed[limit, at : at + last - first]] = 0.0
    return replace(problem, cap_kw=cap_kw)


def first_tolls(net: "Network", groups: "Groups") -> FloatArray:
    """Least tolls of limits across (L, T): the price of going above where nobody can but go above."""
    rows = slice(groups.circuits, None)
    always = (net.head_kw[rows] <= 0) & np.isfinite(groups.toll_most) & ~net.gives_back[rows, None]
    return np.where(always, groups.toll_most, 0.0)


def _stiffness(head_kw: FloatArray, most: FloatArray, spread: float) -> FloatArray:
    """How fast tolls rise, price per kW: twice the spread, or the price of going above, over the usual size."""
    some = np.isfinite(head_kw) & (head_kw > 0)
    usual_kw = np.where(some, head_kw, 0.0).sum(axis=1) / np.maximum(some.sum(axis=1), 1)
    price = np.where(np.isfinite(most), most, 0.0).max(axis=1, initial=0.0)
    steep = _STIFF * np.maximum(spread, price) / np.maximum(usual_kw, 1.0)
    return np.where(np.isfinite(head_kw).any(axis=1), steep, 0.0)
