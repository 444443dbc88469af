"""What came of a plan: what it leaves unserved and why, how each circuit fares, and whether every promise is kept.

All of it is measured on the problem and the plan's powers, whoever made them; only shadow prices are the optimiser's.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem

_AT_LIMIT: Final = 1e-4
"""A circuit within this share of its limit is at it."""

_RELATIVE: Final = 1e-6
"""Limits and needs are kept to this share of themselves (of 1 kW or kWh where they are smaller)."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """Worst breach of each promise, 0 where it is kept; ``kept`` says whether all are, within 1e-6 relative.

    ``power_kw``: outside 0 and what a car can draw. ``energy_kwh_above_need``: more than a car needs. ``circuit_kw``:
    load above a limit that base load does not explain.
    """

    power_kw: float
    energy_kwh_above_need: float
    circuit_kw: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan's powers seen from the circuits: ``load_kw`` and ``ev_load_kw`` (N, T) through each node, and
    ``at_limit`` (N, T), where a circuit has no room left.
    """

    problem: Problem
    power_kw: FloatArray
    load_kw: FloatArray
    ev_load_kw: FloatArray
    at_limit: BoolArray

    @classmethod
    def of(cls, problem: Problem, power_kw: FloatArray) -> "Outcome":
        """Look at powers (K,) of a problem."""
        ev_load_kw = problem.ev_load_kw(power_kw)
        load_kw = problem.base_load_kw + ev_load_kw
        at_limit = np.asarray(load_kw >= problem.limit_kw * (1 - _AT_LIMIT))
        return cls(problem, power_kw, load_kw, ev_load_kw, at_limit)

    def residuals(self) -> Residuals:
        """How well the plan keeps what it promises."""
        problem = self.problem
        power_kw = np.maximum(self.power_kw - problem.cap_kw, -self.power_kw)
        above_kwh = self.energy_kwh(self.power_kw) - problem.energy_kwh
        circuit_kw = np.where(self.ev_load_kw > 0, self.load_kw - np.maximum(problem.limit_kw, problem.base_load_kw), 0)
        kept = (
            (power_kw <= _RELATIVE * np.maximum(problem.cap_kw, 1)).all()
            and (above_kwh <= _RELATIVE * np.maximum(problem.energy_kwh, 1)).all()
            and (circuit_kw <= _RELATIVE * np.maximum(problem.limit_kw, 1)).all()
        )
        return Residuals(_worst(power_kw), _worst(above_kwh), _worst(circuit_kw), bool(kept))

    def energy_kwh(self, power_kw: FloatArray) -> FloatArray:
        """Energy of powers (K,), session by session (S,); added up one by one, so that millions leave no noise."""
        problem = self.problem
        total = np.bincount(problem.slot_sessions(), weights=power_kw, minlength=problem.sessions)
        return np.asarray(total * problem.horizon.hours_per_step)

    def unserved_kwh(self) -> FloatArray:
        """What each session's need lacks, kWh at the connector, shape (S,)."""
        lack = self.problem.energy_kwh - self.energy_kwh(self.power_kw)
        return np.where(lack > _RELATIVE * np.maximum(self.problem.energy_kwh, 1), lack, 0.0)


def _worst(excess: FloatArray) -> float:
    return float(excess.max(initial=0.0))


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """Energy not served, one row a session and reason; ``node`` is -1 where no circuit is responsible."""

    session: IntArray
    energy_kwh: FloatArray
    node: IntArray

    def reason(self, row: int) -> UnservedReason:
        """Why."""
        return UnservedReason.CIRCUIT_LIMIT if self.node[row] >= 0 else UnservedReason.TOO_SHORT


def shortfalls(outcome: Outcome) -> Shortfalls:
    """Who lacks what, and why: the time is too short where even full power throughout would not be enough, what else
    is missing is due to the circuit on the session's path that is at its limit longest in its window.
    """
    problem = outcome.problem
    lack = outcome.unserved_kwh()
    most_kwh = outcome.energy_kwh(problem.cap_kw)
    too_short = np.minimum(np.maximum(problem.energy_kwh - most_kwh, 0.0), lack)
    limited = lack - too_short
    small = _RELATIVE * np.maximum(problem.energy_kwh, 1)
    short, held = np.flatnonzero(too_short > 0), np.flatnonzero(limited > small)
    session = np.concatenate([short, held])
    node = np.concatenate([np.full(short.size, -1), responsible(outcome, held)])
    order = np.argsort(session, kind="stable")
    energy_kwh = np.concatenate([too_short[short], limited[held]])
    return Shortfalls(session[order], energy_kwh[order], node[order])


def responsible(outcome: Outcome, sessions: IntArray) -> IntArray:
    """The circuit on each session's path that is at its limit longest in its window, the lowest of equals."""
    problem = outcome.problem
    first = problem.first_step[sessions]
    last = first + np.diff(problem.offset)[sessions]
    steps_at_limit = np.pad(np.cumsum(outcome.at_limit, axis=1), ((0, 0), (1, 0)))
    here = problem.node[sessions]
    chosen, longest = here.copy(), np.full(sessions.size, -1)
    while (here >= 0).any():
        steps = np.where(here >= 0, steps_at_limit[here, last] - steps_at_limit[here, first], -1)
        chosen, longest = np.where(steps > longest, here, chosen), np.maximum(steps, longest)
        here = np.where(here >= 0, problem.tree.parent[here], -1)
    return chosen


@dataclass(frozen=True, slots=True)
class CircuitFigures:
    """One value a circuit, shape (N,), and ``ranking`` (N,), the order in which circuits are worth upgrading.

    ``loading_max`` is NaN where there is no limit; ``worst_step`` is when it is reached (the highest load, there).
    Shadow prices are per kWh; ``value_per_kw`` is what one kW more over the whole horizon saves of the objective.
    """

    limit_kw_min: FloatArray
    peak_kw: FloatArray
    loading_max: FloatArray
    worst_step: IntArray
    hours_at_limit: FloatArray
    shadow_price_per_kwh_max: FloatArray
    shadow_price_per_kwh_mean: FloatArray
    value_per_kw: FloatArray
    ranking: IntArray


def circuit_figures(outcome: Outcome, shadow_price: FloatArray) -> CircuitFigures:
    """How each circuit fares; ``shadow_price`` (N, T) is the value of one more kW in one step."""
    problem, hours = outcome.problem, outcome.problem.horizon.hours_per_step
    with np.errstate(divide="ignore", invalid="ignore"):  # a limit of 0 kW: infinite with load, 0 without
        loading = np.nan_to_num(outcome.load_kw / problem.limit_kw, nan=0.0, posinf=np.inf)
    limited = np.asarray(np.isfinite(problem.limit_kw).any(axis=1))
    worst = np.where(limited[:, None], loading, outcome.load_kw).argmax(axis=1)
    loading_max = np.where(limited, loading[np.arange(limited.size), worst], np.nan)
    value = shadow_price.sum(axis=1)
    return CircuitFigures(
        limit_kw_min=problem.limit_kw.min(axis=1),
        peak_kw=outcome.load_kw.max(axis=1),
        loading_max=loading_max,
        worst_step=worst,
        hours_at_limit=outcome.at_limit.sum(axis=1) * hours,
        shadow_price_per_kwh_max=shadow_price.max(axis=1) / hours,
        shadow_price_per_kwh_mean=shadow_price.mean(axis=1) / hours,
        value_per_kw=value,
        ranking=np.lexsort((-np.where(limited, loading_max, -np.inf), -value)),
    )


def base_overloads(problem: Problem) -> tuple[IntArray, IntArray, FloatArray]:
    """Where base load alone is above a limit: nodes, steps, and by how many kW."""
    excess = problem.base_load_kw - problem.limit_kw
    node, step = np.nonzero(excess > _RELATIVE * np.maximum(problem.limit_kw, 1.0))
    return node, step, excess[node, step]
