"""Valley: fill the valleys of every circuit under all limits, re-planned as time goes on."""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.fill import amount_kw, planned_slots


@dataclass(frozen=True, slots=True)
class Valley:
    """Multi-layer charging: transformer, feeder and system at once, and every driver's departure (R38, R40, R30).

    Every ``tick_minutes`` each plugged-in car in turn lays its remaining need where the load of the circuits above it,
    relative to their size, is lowest over its declared time: exact valley filling by coordinate descent (Gan, Topcu
    and Low 2013, here on a tree with limits). Only the current step is carried out. Where it does not fit, the car
    with the least slack goes first; a circuit is above its limit only by base load and cars that have opted out.

    ``price_weight`` adds the price: at 1 the dearest step counts against the cheapest like a full circuit against an
    empty one. ``waiting_weight_per_hour`` makes waiting cost something, by default like 4 % of a circuit's size an
    hour: later room may be needed by cars that have not come yet, and a driver may leave early. ``reserve_minutes``
    plans to be done that long before the declared departure, where full power allows it: the price of drivers who
    leave before they said.

    It knows the base load and prices of the whole horizon (a perfect forecast), and a car once it is plugged in.
    ``docs/explanation/strategies.md`` has the method and what it cannot do.
    """

    price_weight: float = 0.0
    waiting_weight_per_hour: float = 0.04
    tick_minutes: int = 15
    reserve_minutes: int = 0

    name: ClassVar[str] = "valley"
    shortfall: ClassVar[UnservedReason] = UnservedReason.CIRCUIT_LIMIT

    def __post_init__(self) -> None:
        for name in ("price_weight", "waiting_weight_per_hour"):
            if not (isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise InputError(f"{name} must be a number of 0 or more, not {getattr(self, name)}")
        if self.reserve_minutes < 0:
            raise InputError(f"reserve_minutes must be 0 or more, not {self.reserve_minutes}")
        if self.tick_minutes < 1:
            raise InputError(f"tick_minutes must be 1 or more, not {self.tick_minutes}")

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:  # noqa: ARG002 - nothing is random
        """Mean power of every slot, kW, shape (slots,)."""
        from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

        by_node = np.lexsort((problem.first_step, problem.node))
        first, slots = problem.first_step[by_node], np.diff(problem.offset)[by_node]
        planned = slots_to_plan(problem, self.reserve_minutes)[by_node]
        place = np.concatenate([[0], np.cumsum(np.maximum(slots, planned))])
        size = by_node.size
        cars = kernels.Cars(
            first, slots, planned, problem.offset[:-1][by_node], place, problem.node[by_node],
            problem.power_kw_max[by_node], problem.opted_out[by_node], amount_kw(problem)[by_node],
            np.zeros(size), np.ones(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_),
        )  # fmt: skip
        circuits = kernels.Circuits(
            problem.tree.parent, share_per_kw(problem), problem.limit_kw, problem.base_load_kw.copy()
        )
        power = kernels.Slots(problem.cap_kw, np.zeros(problem.cap_kw.size), np.zeros(int(place[-1])))
        costs = kernels.Costs(
            self.price_weight * price_level(problem.price_per_kwh),
            self.waiting_weight_per_hour * problem.horizon.hours_per_step,
        )
        tick_steps = max(1, self.tick_minutes // problem.horizon.step_minutes)
        kernels.valley(cars, circuits, power, costs, np.argsort(first, kind="stable"), tick_steps)
        return power.power_kw


def slots_to_plan(problem: Problem, reserve_minutes: int) -> IntArray:
    """Slots each session's load is foreseen on, shape (S,): to the declared departure less the reserve, if that is
    time enough at full power; opted out, until it is full.
    """
    until_full = np.ceil(amount_kw(problem) / problem.power_kw_max).astype(np.int64) + 1
    within = np.minimum(until_full, problem.horizon.steps - problem.first_step)
    declared = planned_slots(problem)
    reserved = np.maximum(declared - reserve_minutes // problem.horizon.step_minutes, np.minimum(within, declared))
    return np.where(problem.opted_out, within, reserved)


def share_per_kw(problem: Problem) -> FloatArray:
    """Marginal cost one kW adds at each node, 1 / kW, shape (N,): one over its size, 0 for a node that does not count.

    A node's size is its highest finite limit. The root counts even without one, as the system whose valley is filled:
    its size is then its highest base load, else the sum of the limits right below. Other unlimited nodes do not count.
    """
    size = np.where(np.isfinite(problem.limit_kw), problem.limit_kw, 0.0).max(axis=1)
    if size[0] == 0:
        below = size.copy()
        for n in range(size.size - 1, 0, -1):
            if size[problem.tree.parent[n]] == 0:
                below[problem.tree.parent[n]] += below[n]
        size[0] = max(float(problem.base_load_kw[0].max()), 0.0) or float(below[0]) or 1.0
    return np.asarray(np.divide(1.0, size, out=np.zeros_like(size), where=size > 0))


def price_level(price_per_kwh: FloatArray) -> FloatArray:
    """Prices from 0 (cheapest step of the horizon) to 1 (dearest), shape (T,); all 0 where they are equal."""
    lowest = price_per_kwh.min()
    spread = price_per_kwh.max() - lowest
    return np.asarray((price_per_kwh - lowest) / spread) if spread > 0 else np.zeros_like(price_per_kwh)
