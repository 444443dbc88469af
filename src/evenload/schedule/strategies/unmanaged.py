"""Unmanaged: full power from plug-in until the need is met."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evenload.base.units import FloatArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.fill import fill_in_time_order


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """What happens when nobody manages charging: every car charges as soon as it is plugged in."""

    name: ClassVar[str] = "unmanaged"
    shortfall: ClassVar[UnservedReason] = UnservedReason.TOO_SHORT

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002 - nothing is random
        """Mean power of every slot, kW, shape (slots,)."""
        return fill_in_time_order(problem, problem.cap_kw)
