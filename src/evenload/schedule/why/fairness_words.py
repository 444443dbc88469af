"""What sharing a shortage meant for single sessions, in sentences."""

import numpy as np

from evenload.base.units import IntArray
from evenload.schedule.fairness.shares import FairNeeds
from evenload.schedule.problem import Problem
from evenload.schedule.why.sentences import circuit_words

_NOTICEABLE_KWH = 0.05


def shared_words(problem: Problem, fair: FairNeeds, sessions: IntArray) -> list[str]:
    """How each of ``sessions`` shares a shortage and with how many; empty where it does not."""
    members = np.bincount(fair.group[fair.group >= 0], minlength=fair.level.size)
    return [_words(problem, fair, members, i) for i in sessions.tolist()]


def _words(problem: Problem, fair: FairNeeds, members: IntArray, i: int) -> str:
    group, short_kwh = int(fair.group[i]), float(problem.energy_kwh[i] - fair.needs_kwh[i])
    if group < 0 or short_kwh < _NOTICEABLE_KWH:
        return ""
    node, others = int(fair.circuit[group]), int(members[group]) - 1
    what = f"what {circuit_words(problem.tree, node)} cannot carry" if node >= 0 else "what a limit does not allow"
    whom = "1 other car" if others == 1 else f"{others:,} other cars"
    return f"{short_kwh / problem.energy_kwh[i]:.0%} of its need short: shares {what} with {whom}"
