"""Parts of a problem that events change: limits over chosen sessions, prices of chosen sessions and steps."""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.paths import sum_down
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Tariffs

_ABOVE: Final = 3.0
"""How many times over a price ranks above what one kWh moved can cost."""

_REACHED: Final = 1e-4


class GroupLimit(NamedTuple):
    """A limit over sessions: kW a step (T,), ``inf`` where there is none, and the price of going above."""

    name: str
    session: IntArray
    limit_kw: FloatArray
    over_per_kwh: float


def with_limits(problem: Problem, rows: list[GroupLimit]) -> Problem:
    """The problem with more limits across its tree, after those it has."""
    if not rows:
        return problem
    steps, known = problem.horizon.steps, problem.across
    added = Across(
        np.array([row.name for row in rows], dtype=np.str_),
        np.array([row.limit_kw for row in rows]),
        np.repeat([[row.over_per_kwh] for row in rows], steps, axis=1),
        np.repeat(np.arange(len(rows)), [row.session.size for row in rows]),
        np.concatenate([row.session for row in rows]),
        np.ones(sum(row.session.size for row in rows)),
    )
    return replace(problem, across=added if known is None else known.joined(added))


def limit_of_slot(problem: Problem, power_kw: FloatArray, first_limit: int = 0) -> IntArray:
    """The limit across the tree that holds each slot (K,): the first of those from ``first_limit`` on that are reached,
    -1 for none.
    """
    chosen, across = np.full(power_kw.size, -1), problem.across
    if across is None:
        return chosen
    reached = problem.across_kw(power_kw) >= across.head_kw() * (1 - _REACHED) - _REACHED
    for row in range(across.name.size - 1, first_limit - 1, -1):
        slots = problem.slots_of(across.session[across.limit == row])[0]
        chosen[slots[reached[row, problem.slot_steps()[slots]]]] = row
    return chosen


def repriced(
    problem: Problem, session: IntArray, step: IntArray, import_per_kwh: float, export_per_kwh: float
) -> Problem:
    """The problem with something added to prices of some sessions in some steps; others keep their tariff."""
    now = problem.all_tariffs()
    old, which = np.unique(now.of_session[session], return_inverse=True)
    bought, earned = now.import_per_kwh[old], now.export_per_kwh[old]
    bought[:, step] += import_per_kwh
    earned[:, step] += export_per_kwh
    of_session = now.of_session.copy()
    of_session[session] = now.import_per_kwh.shape[0] + which
    tariffs = Tariffs(
        of_session, np.concatenate([now.import_per_kwh, bought]), np.concatenate([now.export_per_kwh, earned])
    )
    return replace(problem, tariffs=tariffs)


def money_of_a_kwh(problem: Problem) -> float:
    """About the most that moving one kWh to another step can cost: the spread of all prices, wear and what a battery
    loses on the way at the dearest of them, and what the kWh adds at circuits with terms. Currency per kWh, above 0.
    """
    prices = np.concatenate([problem.import_price().ravel(), problem.export_price().ravel()])
    dearest = float(np.abs(prices).max())
    spread = max(float(prices.max() - prices.min()), 1e-3 * dearest, 1e-6)
    batteries = problem.batteries
    if batteries is not None:
        giving = batteries.discharge_kw_max > 0
        lost = dearest * (1.0 / batteries.round_trip[giving] - 1.0)
        spread += float((batteries.wear_per_kwh[giving] + lost).max(initial=0.0))
    return spread + _terms_of_a_kwh(problem)


def _terms_of_a_kwh(problem: Problem) -> float:
    """About the most that one kWh more can add at the circuits with terms on its way, whichever way that is."""
    terms, nodes = problem.terms, len(problem.tree)
    if terms is None or not terms.node.size:
        return 0.0
    all_kw = np.bincount(problem.node, weights=problem.power_kw_max, minlength=nodes).astype(np.float64)
    most_kw = problem.tree.sum_up(all_kw[:, None])[terms.node, 0] + np.abs(problem.base_load_kw[terms.node]).max(axis=1)
    slopes = 2.0 * terms.smoothing_per_kw2h * most_kw + terms.peak_per_kw / problem.horizon.hours_per_step
    at_node = np.bincount(terms.node, weights=slopes, minlength=nodes).astype(np.float64)
    return float(sum_down(problem.tree, at_node[:, None]).max())


def above_money(problem: Problem) -> float:
    """A price per kWh of what ranks above money and below energy: three times ``money_of_a_kwh``.

    A kWh that moves costs no more than once that where cars have one tariff, and once more for each car with another
    one that makes way for it: three times pays for two of these. What refusing energy counts as in ``optimum`` is a
    hundred times the spread of all prices, this one among them.
    """
    return _ABOVE * money_of_a_kwh(problem)
