"""Balanced: every car at one even power from plug-in to its declared departure."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evenload.base.units import FloatArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.fill import amount_kw, follow_plan


@dataclass(frozen=True, slots=True)
class Balanced:
    """The need spread evenly over the declared time plugged in, or full power where that time is too short.

    Needs no price, no base load and no communication between cars; ignores circuits.
    """

    name: ClassVar[str] = "balanced"
    shortfall: ClassVar[UnservedReason] = UnservedReason.TOO_SHORT

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002 - nothing is random
        """Mean power of every slot, kW, shape (slots,)."""
        arrival_share = problem.cap_kw[problem.offset[:-1]] / problem.power_kw_max
        declared_steps = np.maximum(problem.declared_slots - 1 + arrival_share, arrival_share)
        even_kw = np.minimum(amount_kw(problem) / declared_steps, problem.power_kw_max)
        share_of_full = np.repeat(even_kw / problem.power_kw_max, np.diff(problem.offset))
        return follow_plan(problem, problem.cap_kw * share_of_full)
