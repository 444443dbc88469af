"""Does any plan keep its promises? Independent of how it was made: only the problem and the powers are looked at."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.units import BoolArray, FloatArray
from evenload.schedule.problem import Problem

TOLERANCE_KW: Final = 1e-6
TOLERANCE_KWH: Final = 1e-6


class ViolationKind(StrEnum):
    """Which promise is broken."""

    BOUNDS = "bounds"
    NEED = "need"
    CIRCUIT = "circuit"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise.

    ``where`` is a session or a node. ``excess_kw`` is power below 0 or above what the car can draw in that step (NaN
    where power is not a number), load above what limit, base load and opted-out cars explain, or, for a need, the
    energy too much as mean power over the last step of the window.
    """

    kind: ViolationKind
    where: str
    step: int
    excess_kw: float

    def __str__(self) -> str:
        return f"{self.where} at step {self.step}: {self.excess_kw:.6g} kW {_WORDS[self.kind]}"


_WORDS: Final = {
    ViolationKind.BOUNDS: "outside what the car can draw",
    ViolationKind.NEED: "more than the car needs",
    ViolationKind.CIRCUIT: "above the limit that neither base load nor opted-out cars explain",
}


def audit(problem: Problem, power_kw: FloatArray) -> tuple[Violation, ...]:
    """Every place where powers (K,) leave a car's bounds, exceed its need or put a circuit above its limit.

    Load above a limit is explained as far as base load and cars that have opted out exceed it by themselves.
    """
    if power_kw.shape != problem.cap_kw.shape:
        raise ColumnsError(f"a plan of {problem.cap_kw.shape[0]} slots has powers of shape {power_kw.shape}")
    return (*_bounds(problem, power_kw), *_needs(problem, power_kw), *_circuits(problem, power_kw))


def _bounds(problem: Problem, power_kw: FloatArray) -> list[Violation]:
    excess = np.maximum(power_kw - problem.cap_kw, -power_kw)
    bad = np.flatnonzero(~(excess <= TOLERANCE_KW))
    session, step = problem.slot_sessions()[bad], problem.slot_steps()[bad]
    return [
        Violation(ViolationKind.BOUNDS, str(problem.session_id[i]), t, kw)
        for i, t, kw in zip(session.tolist(), step.tolist(), excess[bad].tolist(), strict=True)
    ]


def _needs(problem: Problem, power_kw: FloatArray) -> list[Violation]:
    excess_kwh = problem.delivered_kwh(np.nan_to_num(power_kw)) - problem.energy_kwh
    last = problem.first_step + np.diff(problem.offset) - 1
    return [
        Violation(
            ViolationKind.NEED,
            str(problem.session_id[i]),
            int(last[i]),
            float(excess_kwh[i]) / problem.horizon.hours_per_step,
        )
        for i in np.flatnonzero(excess_kwh > TOLERANCE_KWH).tolist()
    ]


def _circuits(problem: Problem, power_kw: FloatArray) -> list[Violation]:
    load = problem.base_load_kw + problem.ev_load_kw(np.nan_to_num(power_kw))
    explained = np.maximum(
        problem.limit_kw, problem.base_load_kw + problem.ev_load_kw(_opted_out_kw(problem, power_kw))
    )
    over: BoolArray = load - explained > TOLERANCE_KW
    return [
        Violation(ViolationKind.CIRCUIT, problem.tree.circuits[n].node, t, float(load[n, t] - explained[n, t]))
        for n, t in np.argwhere(over).tolist()
    ]


def _opted_out_kw(problem: Problem, power_kw: FloatArray) -> FloatArray:
    return np.where(problem.opted_out[problem.slot_sessions()], np.nan_to_num(power_kw), 0.0)
