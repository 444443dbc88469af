"""From powers of a plan to powers devices can be told: 0, or at the least what they can charge at."""

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.problem import Problem

_NOTHING_KW = 0.05


def told_kw(
    problem: Problem, power_kw: FloatArray, power_kw_min: FloatArray, steps: int, share_left: float = 1.0
) -> FloatArray:
    """Powers (sessions, steps) of the first steps: each 0, or ``power_kw_min`` (sessions,) or more.

    A mean over the ``share_left`` of the first step is told as the power it stands for. A power below the least is
    raised to it where every circuit on the way has room, those with least time left first, and is 0 otherwise. A car
    that leaves in the middle of a step gets more than its mean only as far as there is room: at no moment does a
    circuit carry more than its limit on account of this.
    """
    steps = min(steps, problem.horizon.steps)
    told = np.zeros((problem.sessions, steps))
    paths = [problem.tree.path(node) for node in range(len(problem.tree))]
    order = np.argsort(_slack_h(problem, power_kw), kind="stable")
    limit_kw = np.broadcast_to(problem.limit_kw, problem.base_load_kw.shape)
    first, last = problem.first_step, problem.first_step + np.diff(problem.offset) - 1
    for step in range(steps):
        share = share_left if step == 0 else 1.0
        here = order[(step >= first[order]) & (step <= last[order])]
        slot = problem.offset[:-1][here] + step - first[here]
        planned = power_kw[slot] / share
        stays = problem.cap_kw[slot] / np.maximum(problem.power_kw_max[here] * share, 1e-9)
        wanted = np.where(last[here] == step, planned / np.maximum(stays, 1e-9), planned)
        room = (limit_kw[:, step] - problem.base_load_kw[:, step]) / share - _through(problem, here, planned)
        told[here, step] = planned
        most, least = problem.power_kw_max[here], power_kw_min[here]
        as_planned = (planned == 0) | (
            (least <= planned) & (planned >= _NOTHING_KW) & (wanted <= planned) & (planned <= most)
        )
        for k in np.flatnonzero(~as_planned).tolist():
            session = int(here[k])
            told[session, step] = _possible(
                float(planned[k]), float(wanted[k]), float(power_kw_min[session]), float(problem.power_kw_max[session]),
                room, paths[problem.node[session]],
            )  # fmt: skip
    return told


def _through(problem: Problem, sessions: IntArray, power_kw: FloatArray) -> FloatArray:
    """What powers of sessions put through every node, shape (nodes,)."""
    direct = np.bincount(problem.node[sessions], weights=power_kw, minlength=len(problem.tree)).astype(np.float64)
    return problem.tree.sum_up(direct[:, None])[:, 0]


def _possible(
    planned_kw: float, wanted_kw: float, least_kw: float, most_kw: float, room_kw: FloatArray, path: tuple[int, ...]
) -> float:
    """The power for one session and step; ``room_kw`` (nodes,) is changed by what it takes or gives back."""
    spare_kw = max(float(room_kw[list(path)].min()), 0.0)
    chosen = min(max(planned_kw, min(wanted_kw, planned_kw + spare_kw)), most_kw)
    if planned_kw < _NOTHING_KW or least_kw > most_kw:
        chosen = 0.0
    elif chosen < least_kw:
        chosen = least_kw if least_kw - planned_kw <= spare_kw else 0.0
    for node in path:
        room_kw[node] -= chosen - planned_kw
    return chosen


def _slack_h(problem: Problem, power_kw: FloatArray) -> FloatArray:
    """Hours each session could wait and still get what it is planned to get, shape (sessions,)."""
    stays_h = np.diff(problem.offset) * problem.horizon.hours_per_step
    return np.asarray(stays_h - problem.delivered_kwh(power_kw) / np.maximum(problem.power_kw_max, 1e-9))
