"""The planner: the optimiser's answer made into what devices can do, in one order of importance.

``optimum.solve`` answers the continuous problem with a proof; what comes after it here never leaves a limit.
"""

from evenload.schedule.optimum import Settings, Solution, solve
from evenload.schedule.problem import Problem


def plan_for(problem: Problem, settings: Settings | None = None, previous: Solution | None = None) -> Solution:
    """Plan a problem; arguments, result and errors as of ``optimum.solve``."""
    return solve(problem, settings, previous)
