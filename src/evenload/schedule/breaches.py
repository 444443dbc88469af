"""How far powers leave what cars, batteries and circuits allow: what the audit and the summary of a plan both measure.

Only the problem and the powers are looked at, so it does not matter how a plan was made. Source: DESIGN section 5.
"""

from dataclasses import dataclass

import numpy as np

from evenload.base.units import FloatArray
from evenload.schedule.blocks import Block
from evenload.schedule.problem import Problem


@dataclass(frozen=True, slots=True)
class CarExcess:
    """What is too much, one value a slot of a block (need: a session); 0 or less where a promise is kept.

    ``power_kw``: above the cap, or below what the car may give back; NaN where power is not a number. ``taper_kw``:
    more than the battery takes at its level, as far as the cap allows it. ``level_kwh``: outside the battery's band.
    """

    power_kw: FloatArray
    taper_kw: FloatArray
    level_kwh: FloatArray
    need_kwh: FloatArray


def car_excess(problem: Problem, power_kw: FloatArray, block: Block) -> CarExcess:
    """Too much power, level and energy of a block's sessions; ``power_kw`` (K,) is of the whole problem."""
    kw, batteries = power_kw[block.slots], problem.batteries
    back_kw: FloatArray | float = 0.0
    level_kwh = np.zeros(kw.size)
    if batteries is not None:
        coverage = block.cap_kw / problem.power_kw_max[block.session]
        back_kw = batteries.discharge_kw_max[block.session] * coverage
        above = block.level_kwh - batteries.up_kwh[block.session]
        level_kwh = np.maximum(above, -batteries.down_kwh[block.session] - block.level_kwh)
    return CarExcess(
        np.maximum(kw - block.cap_kw, -back_kw - kw),
        np.minimum(block.power_kw, block.cap_kw) - block.ceiling_kw,
        level_kwh,
        block.final_kwh - problem.energy_kwh[block.sessions],
    )


@dataclass(frozen=True, slots=True)
class CircuitExcess:
    """Load too much at each node and step, kW, shape (N, T); 0 or less where a promise is kept.

    ``emergency_kw``: above the emergency limit and not explained by base load and opted-out cars. ``normal_kw``: above
    the normal limit, up to the emergency one, and not explained by those and by minimum energy. ``export_kw``: more
    upwards than the export limit and not explained by base load.
    """

    emergency_kw: FloatArray
    normal_kw: FloatArray
    export_kw: FloatArray


def circuit_excess(
    problem: Problem, load_kw: FloatArray, power_kw: FloatArray, minimum_load_kw: FloatArray | None
) -> CircuitExcess:
    """Too much load, from load through each node (N, T), powers (K,), and minimum energy through each node (N, T)."""
    fixed_kw = uncontrolled_kw(problem, power_kw)
    explained_kw = np.maximum(problem.limit_kw, fixed_kw)
    ceiling_kw = np.full(load_kw.shape, np.inf)
    if problem.emergency_limit_kw is not None:
        higher = problem.emergency_limit_kw > problem.limit_kw
        ceiling_kw = np.where(higher, np.maximum(problem.emergency_limit_kw, fixed_kw), np.inf)
        if minimum_load_kw is not None:
            with_minimum_kw = np.minimum(fixed_kw + minimum_load_kw, problem.emergency_limit_kw)
            explained_kw = np.maximum(explained_kw, with_minimum_kw)
    export_kw = 0.0 if problem.export_limit_kw is None else problem.export_limit_kw
    return CircuitExcess(
        load_kw - ceiling_kw,
        np.minimum(load_kw, ceiling_kw) - explained_kw,
        np.minimum(-export_kw, problem.base_load_kw) - load_kw,
    )


def uncontrolled_kw(problem: Problem, power_kw: FloatArray) -> FloatArray:
    """Base load and cars that have opted out, through each node, shape (N, T)."""
    if not problem.opted_out.any():
        return problem.base_load_kw
    theirs = np.where(problem.opted_out[problem.slot_sessions()], np.nan_to_num(power_kw), 0.0)
    return problem.base_load_kw + problem.ev_load_kw(theirs)


def across_excess(problem: Problem, power_kw: FloatArray, minimum_kw: FloatArray | None) -> FloatArray:
    """What flows above limits across the tree that must hold, kW, shape (L, T); 0 or less where they are kept.

    Explained is what flows through them besides sessions, cars that have opted out, and minimum energy (K,) but for
    limits that it keeps.
    """
    across = problem.across
    if across is None:
        return np.zeros((0, problem.horizon.steps))
    base_kw = 0.0 if across.base_kw is None else across.base_kw
    fixed_kw = np.where(problem.opted_out[problem.slot_sessions()], np.nan_to_num(power_kw), 0.0)
    explained_kw = problem.across_kw(fixed_kw) + base_kw
    if minimum_kw is not None:
        explained_kw += np.where(across.kept_by_minimum()[:, None], 0.0, problem.across_kw(minimum_kw))
    over_kw = problem.across_kw(np.nan_to_num(power_kw)) + base_kw - np.maximum(across.limit_kw, explained_kw)
    return np.where(np.isinf(across.over_per_kwh), over_kw, 0.0)
