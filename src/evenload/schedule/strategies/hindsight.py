"""Hindsight: the optimum had everything been known beforehand; a yardstick, which nobody can carry out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evenload.base.units import FloatArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.solver.optimum import Settings, solve


@dataclass(frozen=True, slots=True)
class Hindsight:
    """Least cost, and before that least unserved energy, with every arrival and true departure known from the start.

    The one strategy that breaks the promise not to look ahead. What ``optimised`` costs more and serves less is what
    not knowing costs: the value of information. Within ``gap`` of the optimum, as ``schedule.solver.optimum`` proves.
    """

    gap: float = 1e-3

    name: ClassVar[str] = "hindsight"
    shortfall: ClassVar[UnservedReason] = UnservedReason.CIRCUIT_LIMIT

    def __post_init__(self) -> None:
        Settings(gap=self.gap)  # refuses what cannot be

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002 - nothing is random
        """Mean power of every slot, kW, shape (slots,)."""
        return solve(problem, Settings(gap=self.gap, threads=1)).plan.power_kw
