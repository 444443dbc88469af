"""Price: every car alone takes its own cheapest steps."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.fill import amount_kw, follow_plan, planned_slots


@dataclass(frozen=True, slots=True)
class Price:
    """Least cost for each car over its declared window, cheapest steps first, the earlier of equal ones.

    Optimal for the car, since its cost is linear and only its own limits bind (a fractional knapsack). Blind to every
    circuit: one price for all means one peak for all (requirement R39).
    """

    name: ClassVar[str] = "price"
    shortfall: ClassVar[UnservedReason] = UnservedReason.TOO_SHORT

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002 - nothing is random
        """Mean power of every slot, kW, shape (slots,)."""
        from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

        planned_kw = kernels.fill_cheapest(
            problem.first_step, problem.offset, planned_slots(problem), problem.cap_kw, problem.power_kw_max,
            amount_kw(problem), _rank(problem.price_per_kwh),
        )  # fmt: skip
        return follow_plan(problem, planned_kw)


def _rank(price_per_kwh: FloatArray) -> IntArray:
    """Place of each step when all are sorted by price, the earlier of equal ones first."""
    rank = np.empty(price_per_kwh.size, dtype=np.int64)
    rank[np.argsort(price_per_kwh, kind="stable")] = np.arange(price_per_kwh.size)
    return rank
