"""Cars behind a meter: what they pay where own generation is left, where it is used up, and where there is none.

A price of going above a limit of the problem itself is that of power that has to be bought (``sites.generation``).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.why.summary import Outcome

_REACHED: Final = 1e-4


@dataclass(frozen=True, slots=True)
class OwnGeneration:
    """Slots (K,) of cars behind meters, 0 and -1 elsewhere: what is added to the price per kWh of what they draw
    (``drawn``), of one kWh more (``more``), and of a kWh that is all bought (``bought``); ``holder`` is an index of
    ``names``. ``is_there``: generation leaves something to them.
    """

    drawn_per_kwh: FloatArray
    more_per_kwh: FloatArray
    bought_per_kwh: FloatArray
    is_there: BoolArray
    holder: IntArray
    names: tuple[str, ...]


def own_generation_of(outcome: Outcome) -> OwnGeneration | None:
    """Look at a plan; None where no car is behind a meter."""
    problem = outcome.problem
    across = problem.across
    if across is None:
        return None
    rows = np.flatnonzero(np.isfinite(across.over_per_kwh).all(axis=1))
    if not rows.size:
        return None
    used_kw, head_kw = problem.across_kw(outcome.power_kw), across.head_kw()
    size, steps = problem.cap_kw.size, problem.slot_steps()
    drawn, more, bought = np.zeros(size), np.zeros(size), np.zeros(size)
    there, holder = np.zeros(size, dtype=np.bool_), np.full(size, -1)
    for row in rows[::-1].tolist():
        slots = problem.slots_of(across.session[across.limit == row])[0]
        step, over = steps[slots], across.over_per_kwh[row]
        nearly = _REACHED * (1.0 + np.abs(np.where(np.isfinite(head_kw[row]), head_kw[row], 0.0)))
        drawn[slots] += np.where(used_kw[row] > head_kw[row] + nearly, over, 0.0)[step]
        more[slots] += np.where(used_kw[row] >= head_kw[row] - nearly, over, 0.0)[step]
        bought[slots] += over[step]
        there[slots] |= ((head_kw[row] > nearly) & (over > 0))[step]
        holder[slots] = row
    return OwnGeneration(drawn, more, bought, there, holder, tuple(str(name) for name in across.name))
