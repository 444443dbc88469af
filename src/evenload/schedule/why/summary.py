"""What came of a plan: what flows where, what is unserved, and whether every promise is kept.

All of it is measured on the problem and the plan's powers, whoever made them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray
from evenload.schedule.blocks import Block, blocks
from evenload.schedule.breaches import across_excess, car_excess, circuit_excess
from evenload.schedule.problem import Problem

_AT_LIMIT: Final = 1e-4
"""A circuit within this share of its limit is at it."""

RELATIVE: Final = 1e-6
"""Limits and needs are kept to this share of themselves (of 1 kW or kWh where they are smaller)."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """What is left at each level of the order of importance, 0 where nothing is; the level of money is the
    certificate's. ``kept`` says whether all promises are, within 1e-6 relative: unserved energy breaks none.

    Worst breach of devices: ``power_kw`` outside what a car can draw or give back, ``level_kwh`` outside the band of
    its battery, ``taper_kw`` above what the battery takes at its level, ``energy_kwh_above_need``. Of circuits, not
    explained by base load: ``emergency_kw`` and ``circuit_kw`` above these limits (the normal one not by minimum energy
    either), ``export_kw``, and ``across_kw`` above limits across the tree that must hold. ``minimum_kwh_unserved`` and
    ``energy_kwh_unserved`` are sums over sessions.
    """

    power_kw: float
    level_kwh: float
    taper_kw: float
    energy_kwh_above_need: float
    emergency_kw: float
    minimum_kwh_unserved: float
    circuit_kw: float
    export_kw: float
    across_kw: float
    energy_kwh_unserved: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan's powers seen from cars and circuits.

    ``minimum_kw`` (K,) is the part of ``power_kw`` (K,) that is minimum energy; ``load_kw``, ``ev_load_kw`` and
    ``minimum_load_kw`` (N, T) flow through each node; ``at_limit`` (N, T) is where a circuit has no room left.
    ``final_kwh`` (S,) is the level each session leaves with, ``highest_kwh`` (S,) the highest it has.
    """

    problem: Problem
    power_kw: FloatArray
    minimum_kw: FloatArray | None
    load_kw: FloatArray
    ev_load_kw: FloatArray
    minimum_load_kw: FloatArray | None
    at_limit: BoolArray
    final_kwh: FloatArray
    highest_kwh: FloatArray

    @classmethod
    def of(cls, problem: Problem, power_kw: FloatArray, minimum_kw: FloatArray | None = None) -> "Outcome":
        """Look at powers (K,) of a problem, of which ``minimum_kw`` (K,) is minimum energy."""
        ev_load_kw = problem.ev_load_kw(power_kw)
        load_kw = problem.base_load_kw + ev_load_kw
        at_limit = np.asarray(load_kw >= problem.limit_kw * (1 - _AT_LIMIT))
        minimum_load_kw = None if minimum_kw is None else problem.ev_load_kw(minimum_kw)
        final, highest = np.zeros(problem.sessions), np.zeros(problem.sessions)
        for block in blocks(problem, power_kw):
            final[block.sessions] = block.final_kwh
            highest[block.sessions] = _highest(problem, block)
        return cls(
            problem, power_kw, minimum_kw, load_kw, ev_load_kw, minimum_load_kw, at_limit, final, highest
        )  # fmt: skip

    def residuals(self) -> Residuals:
        """How well the plan keeps what it promises."""
        problem, worst = (
            self.problem,
            dict.fromkeys(("power_kw", "level_kwh", "taper_kw", "energy_kwh_above_need"), 0.0),
        )
        kept = True
        for block in blocks(problem, self.power_kw):
            excess = car_excess(problem, self.power_kw, block)
            kw, kwh = np.maximum(block.cap_kw, 1), np.maximum(problem.energy_kwh[block.sessions], 1)
            amounts = (excess.power_kw, excess.level_kwh, excess.taper_kw, excess.need_kwh)
            sizes = (kw, kwh[block.session - block.sessions.start], kw, kwh)
            for name, amount, size in zip(worst, amounts, sizes, strict=True):
                worst[name] = max(worst[name], _worst(amount))
                kept &= bool((amount <= RELATIVE * size).all())
        circuits = circuit_excess(problem, self.load_kw, self.power_kw, self.minimum_load_kw)
        size = np.maximum(problem.limit_kw, 1)
        for over in (circuits.emergency_kw, circuits.normal_kw, circuits.export_kw):
            kept &= bool((over <= RELATIVE * size).all())
        across = across_excess(problem, self.power_kw, self.minimum_kw)
        if problem.across is not None:
            kept &= bool((across <= RELATIVE * np.maximum(problem.across.limit_kw, 1)).all())
        return Residuals(
            **worst,
            emergency_kw=_worst(circuits.emergency_kw),
            minimum_kwh_unserved=float(self.minimum_unserved_kwh().sum()),
            circuit_kw=_worst(circuits.normal_kw),
            export_kw=_worst(circuits.export_kw),
            across_kw=_worst(across),
            energy_kwh_unserved=float(self.unserved_kwh().sum()),
            kept=kept,
        )

    def unserved_kwh(self) -> FloatArray:
        """What each session's need lacks when it leaves, kWh at the connector, shape (S,)."""
        return _lack(self.problem.energy_kwh, self.final_kwh)

    def minimum_unserved_kwh(self) -> FloatArray:
        """What each session's minimum lacked even at its highest level, kWh at the connector, shape (S,)."""
        if self.problem.minimum_kwh is None:
            return np.zeros(self.problem.sessions)
        return _lack(self.problem.minimum_kwh, self.highest_kwh)

    def discharged_kwh(self) -> float:
        """Energy all sessions gave back, at the connector."""
        return float(np.maximum(-self.power_kw, 0.0).sum() * self.problem.horizon.hours_per_step)

    def terms_cost(self) -> tuple[float, float]:
        """What charging adds at circuits with terms, beyond what base load costs there: of peaks, and of smoothing."""
        terms = self.problem.terms
        if terms is None or not terms.node.size:
            return 0.0, 0.0
        base_kw, load_kw = self.problem.base_load_kw[terms.node], self.load_kw[terms.node]
        peaks = [np.maximum(terms.peak_kw(kw), terms.peak_kw_so_far) for kw in (load_kw, base_kw)]
        squares = (load_kw**2 - base_kw**2).sum(axis=1) * self.problem.horizon.hours_per_step
        return float(terms.peak_per_kw @ (peaks[0] - peaks[1])), float(terms.smoothing_per_kw2h @ squares)


def _highest(problem: Problem, block: Block) -> FloatArray:
    """Highest level of each session of a block; the final one where nothing is given back."""
    if problem.batteries is None or not (block.power_kw < 0).any():
        return block.final_kwh
    highest = np.zeros(block.final_kwh.size)
    np.maximum.at(highest, block.session - block.sessions.start, block.level_kwh)
    return highest


def _lack(wanted_kwh: FloatArray, given_kwh: FloatArray) -> FloatArray:
    lack = wanted_kwh - given_kwh
    return np.where(lack > RELATIVE * np.maximum(wanted_kwh, 1), lack, 0.0)


def _worst(excess: FloatArray) -> float:
    return float(excess.max(initial=0.0))
