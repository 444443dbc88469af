"""How circuits fare under a plan: loading, what more of them is worth, and where they are overloaded by what."""

from dataclasses import dataclass

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.reason import OverloadCause
from evenload.schedule.why.summary import RELATIVE, Outcome


@dataclass(frozen=True, slots=True)
class CircuitFigures:
    """One value a circuit, shape (N,), and ``ranking`` (N,), the order in which circuits are worth upgrading: by energy
    that one kW more over the whole horizon would serve besides (``scarcity_kwh_per_kw``), then by money it would save
    (``value_per_kw``), then by loading.

    ``loading_max`` is NaN where there is no limit; ``worst_step`` is when it is reached (the highest load, there).
    Shadow prices are the money part, per kWh.
    """

    limit_kw_min: FloatArray
    peak_kw: FloatArray
    loading_max: FloatArray
    worst_step: IntArray
    hours_at_limit: FloatArray
    shadow_price_per_kwh_max: FloatArray
    shadow_price_per_kwh_mean: FloatArray
    value_per_kw: FloatArray
    scarcity_kwh_per_kw: FloatArray
    ranking: IntArray


def circuit_figures(outcome: Outcome, shadow_price: FloatArray, scarcity: BoolArray | None = None) -> CircuitFigures:
    """How each circuit fares.

    ``shadow_price`` (N, T) is the money one more kW in one step saves, ``scarcity`` (N, T) where it serves one kW more.
    """
    problem, hours = outcome.problem, outcome.problem.horizon.hours_per_step
    with np.errstate(divide="ignore", invalid="ignore"):  # a limit of 0 kW: infinite with load, 0 without
        loading = np.nan_to_num(outcome.load_kw / problem.limit_kw, nan=0.0, posinf=np.inf)
    limited = np.asarray(np.isfinite(problem.limit_kw).any(axis=1))
    worst = np.where(limited[:, None], loading, outcome.load_kw).argmax(axis=1)
    loading_max = np.where(limited, loading[np.arange(limited.size), worst], np.nan)
    value = shadow_price.sum(axis=1)
    served = np.zeros(limited.size) if scarcity is None else scarcity.sum(axis=1) * hours
    return CircuitFigures(
        limit_kw_min=problem.limit_kw.min(axis=1),
        peak_kw=outcome.load_kw.max(axis=1),
        loading_max=loading_max,
        worst_step=worst,
        hours_at_limit=outcome.at_limit.sum(axis=1) * hours,
        shadow_price_per_kwh_max=shadow_price.max(axis=1) / hours,
        shadow_price_per_kwh_mean=shadow_price.mean(axis=1) / hours,
        value_per_kw=value,
        scarcity_kwh_per_kw=served,
        ranking=np.lexsort((-np.where(limited, loading_max, -np.inf), -value, -served)),
    )


@dataclass(frozen=True, slots=True)
class Overloads:
    """Where load is above a normal limit, one row a node, step and cause; ``minimum`` (rows,) where the cause is energy
    given at once as minimum, else base load.
    """

    node: IntArray
    step: IntArray
    excess_kw: FloatArray
    minimum: BoolArray

    def cause(self, row: int) -> OverloadCause:
        """What is above the limit."""
        return OverloadCause.MINIMUM_ENERGY if self.minimum[row] else OverloadCause.BASE


def overloads(outcome: Outcome) -> Overloads:
    """Base load alone above a limit, and by how much minimum energy adds to it or puts load above the limit."""
    problem = outcome.problem
    small = RELATIVE * np.maximum(problem.limit_kw, 1.0)
    base_kw = problem.base_load_kw - problem.limit_kw
    node, step = np.nonzero(base_kw > small)
    rows = [(node, step, base_kw[node, step], np.zeros(node.size, dtype=np.bool_))]
    if outcome.minimum_load_kw is not None:
        with_minimum = np.minimum(problem.base_load_kw + outcome.minimum_load_kw, outcome.load_kw)
        added_kw = with_minimum - np.maximum(problem.limit_kw, problem.base_load_kw)
        node, step = np.nonzero(added_kw > small)
        rows.append((node, step, added_kw[node, step], np.ones(node.size, dtype=np.bool_)))
    node, step, excess_kw, minimum = (np.concatenate(column) for column in zip(*rows, strict=True))
    order = np.lexsort((minimum, step, node))
    return Overloads(node[order], step[order], excess_kw[order], minimum[order])
