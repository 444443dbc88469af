"""Does any plan keep its promises? Independent of how it was made: only the problem and the powers are looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.units import FloatArray
from evenload.schedule.blocks import Block, blocks
from evenload.schedule.breaches import across_excess, car_excess, circuit_excess
from evenload.schedule.problem import Problem

TOLERANCE_KW: Final = 1e-6
TOLERANCE_KWH: Final = 1e-6


class ViolationKind(StrEnum):
    """Which promise is broken; devices first, then circuits from the hardest limit down."""

    BOUNDS = "bounds"
    TAPER = "taper"
    LEVEL = "level"
    NEED = "need"
    MINIMUM = "minimum"
    EMERGENCY = "emergency"
    CIRCUIT = "circuit"
    EXPORT = "export"
    ACROSS = "across"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise: ``where`` is a session, a node or a limit across the tree, ``excess_kw`` by how much (NaN
    where power is no number).

    Energy too much (a level outside the battery's band, more than the need, more said to be minimum energy than the
    minimum) is told as mean power over the step; that of a need is the last step of the window.
    """

    kind: ViolationKind
    where: str
    step: int
    excess_kw: float

    def __str__(self) -> str:
        return f"{self.where} at step {self.step}: {self.excess_kw:.6g} kW {_WORDS[self.kind]}"


_WORDS: Final = {
    ViolationKind.BOUNDS: "outside what the car can draw or give back",
    ViolationKind.TAPER: "more than the battery takes so full",
    ViolationKind.LEVEL: "too much for the battery's level to stay in its band",
    ViolationKind.NEED: "more than the car needs",
    ViolationKind.MINIMUM: "said to be minimum energy, but more than the car draws or its minimum is",
    ViolationKind.EMERGENCY: "above the emergency limit that neither base load nor opted-out cars explain",
    ViolationKind.CIRCUIT: "above the limit that neither base load nor opted-out cars nor minimum energy explain",
    ViolationKind.EXPORT: "more back to the grid than the export limit, which base load does not explain",
    ViolationKind.ACROSS: "above what members may draw that neither opted-out cars nor minimum energy explain",
}

_ORDER: Final = {kind: place for place, kind in enumerate(ViolationKind)}


def audit(problem: Problem, power_kw: FloatArray, minimum_kw: FloatArray | None = None) -> tuple[Violation, ...]:
    """Every place where powers (K,) leave a car's bounds, its battery, its need or a circuit's limits.

    Load above a limit is explained as far as base load and cars that have opted out exceed it by themselves, and up to
    the emergency limit by ``minimum_kw`` (K,), the part of the powers that is minimum energy. Raises ``ColumnsError``
    for powers of another shape.
    """
    for kw in (power_kw, power_kw if minimum_kw is None else minimum_kw):
        if kw.shape != problem.cap_kw.shape:
            raise ColumnsError(f"a plan of {problem.cap_kw.shape[0]} slots has powers of shape {kw.shape}")
    cars = [one for block in blocks(problem, power_kw) for one in _cars(problem, power_kw, minimum_kw, block)]
    cars.sort(key=lambda one: _ORDER[one.kind])
    return (*cars, *_circuits(problem, power_kw, minimum_kw))


def _cars(problem: Problem, power_kw: FloatArray, minimum_kw: FloatArray | None, block: Block) -> Iterator[Violation]:
    excess, hours = car_excess(problem, power_kw, block), problem.horizon.hours_per_step
    slotwise = {
        ViolationKind.BOUNDS: (excess.power_kw, TOLERANCE_KW, 1.0),
        ViolationKind.TAPER: (excess.taper_kw, TOLERANCE_KW, 1.0),
        ViolationKind.LEVEL: (excess.level_kwh, TOLERANCE_KWH, hours),
    }
    if minimum_kw is not None:
        slotwise[ViolationKind.MINIMUM] = (_too_much_minimum(problem, minimum_kw, block), TOLERANCE_KWH, hours)
    for kind, (amount, tolerance, over) in slotwise.items():
        for k in np.flatnonzero(~(amount <= tolerance)).tolist():
            who = str(problem.session_id[block.session[k]])
            yield Violation(kind, who, int(block.step[k]), float(amount[k]) / over)
    for m in np.flatnonzero(excess.need_kwh > TOLERANCE_KWH).tolist():
        i = block.sessions.start + m
        last = int(problem.first_step[i] + problem.offset[i + 1] - problem.offset[i]) - 1
        yield Violation(ViolationKind.NEED, str(problem.session_id[i]), last, float(excess.need_kwh[m]) / hours)


def _too_much_minimum(problem: Problem, minimum_kw: FloatArray, block: Block) -> FloatArray:
    """Energy called minimum that was not drawn, or that comes after the minimum was given, kWh a slot (k,)."""
    kw, hours = minimum_kw[block.slots], problem.horizon.hours_per_step
    not_drawn = np.maximum(kw - np.maximum(block.power_kw, 0.0), -kw) * hours
    running = np.concatenate([[0.0], np.cumsum(kw * hours)])
    so_far = running[1:] - running[block.begin][block.session - block.sessions.start]
    wanted = np.zeros(problem.sessions) if problem.minimum_kwh is None else problem.minimum_kwh
    beyond = np.minimum(so_far - wanted[block.session], kw * hours)
    return np.asarray(np.maximum(not_drawn, beyond))


def _circuits(problem: Problem, power_kw: FloatArray, minimum_kw: FloatArray | None) -> Iterator[Violation]:
    known_kw = np.nan_to_num(power_kw)
    load_kw = problem.base_load_kw + problem.ev_load_kw(known_kw)
    minimum_load_kw = None if minimum_kw is None else problem.ev_load_kw(minimum_kw)
    excess = circuit_excess(problem, load_kw, known_kw, minimum_load_kw)
    amounts = {
        ViolationKind.EMERGENCY: excess.emergency_kw,
        ViolationKind.CIRCUIT: excess.normal_kw,
        ViolationKind.EXPORT: excess.export_kw,
    }
    for kind, amount in amounts.items():
        for n, t in np.argwhere(amount > TOLERANCE_KW).tolist():
            yield Violation(kind, problem.tree.circuits[n].node, t, float(amount[n, t]))
    above_kw = across_excess(problem, known_kw, minimum_kw)
    for limit, t in np.argwhere(above_kw > TOLERANCE_KW).tolist():
        name = "" if problem.across is None else str(problem.across.name[limit])
        yield Violation(ViolationKind.ACROSS, name, t, float(above_kw[limit, t]))
