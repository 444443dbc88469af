"""Objectives of loads rather than energy: the least highest load, and evenly loaded circuits; money breaks ties.

Source: DESIGN section 5; requirements R48, R106.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import CircuitTerms
from evenload.schedule.solver.objective import Objective

_MONEY_SHARE: Final = 0.01


def aimed(problem: Problem, objective: Objective) -> Problem:
    """The problem with its objective made one of loads; as it is for an objective of money or carbon.

    Loads are the problem's terms (``terms_for``); prices and wear are scaled down so that buying all energy at the
    dearest price counts 1 % of the least that loads can come to: money decides between plans of about equal loads.
    """
    terms = terms_for(objective, problem)
    if terms is None:
        return problem
    prices = (problem.import_price(), problem.export_price())
    money = max(float(np.abs(price).max(initial=0.0)) for price in prices) * float(_turned_over_kwh(problem).sum())
    scale = _MONEY_SHARE * _least_of(terms, problem) / money if money > 0 else 0.0
    tariffs, batteries = problem.tariffs, problem.batteries
    if tariffs is not None:
        bought, earned = scale * tariffs.import_per_kwh, scale * tariffs.export_per_kwh
        tariffs = replace(tariffs, import_per_kwh=bought, export_per_kwh=earned)
    if batteries is not None:
        batteries = replace(batteries, wear_per_kwh=scale * batteries.wear_per_kwh)
    price = scale * problem.price_per_kwh
    across = problem.across
    if across is not None:
        over = np.where(np.isinf(across.over_per_kwh), np.inf, scale * np.nan_to_num(across.over_per_kwh))
        across = replace(across, over_per_kwh=over)
    return replace(problem, terms=terms, price_per_kwh=price, tariffs=tariffs, batteries=batteries, across=across)


def terms_for(objective: Objective, problem: Problem) -> CircuitTerms | None:
    """What circuits add to an objective of loads; None for money and carbon.

    ``PEAK``: the highest load of the root, kW. ``BALANCED``: at the root and at every limited circuit with sessions
    below it, load squared over the circuit's mean limit, summed over hours, in kWh. Each hour's energy so counts as
    much as its circuit is loaded: one kW more costs the same at the same loading, whatever the size of the circuit. A
    root without a limit is measured by the peak of base load or the mean load with all needs, whichever is higher.
    """
    if objective is Objective.PEAK:
        return _terms(np.zeros(1, dtype=np.int64), np.zeros(1), np.ones(1))
    if objective is Objective.BALANCED:
        size_kw = _size_kw(problem)
        node = np.flatnonzero(size_kw > 0)
        return _terms(node, 1.0 / size_kw[node], np.zeros(node.size))
    return None


def _terms(node: IntArray, smoothing_per_kw2h: FloatArray, peak_per_kw: FloatArray) -> CircuitTerms:
    return CircuitTerms(node, smoothing_per_kw2h, peak_per_kw, np.full(node.size, -np.inf))


def _size_kw(problem: Problem) -> FloatArray:
    """Mean limit of circuits with sessions below and of the root, 0 where there is no limit or nobody, shape (N,)."""
    limited = np.isfinite(problem.limit_kw)
    hours = np.maximum(limited.sum(axis=1), 1)
    size_kw: FloatArray = np.where(limited, problem.limit_kw, 0.0).sum(axis=1) / hours
    below = problem.tree.sum_up(np.bincount(problem.node, minlength=len(problem.tree)).astype(np.float64)[:, None])
    size_kw[below[:, 0] == 0] = 0.0
    if not limited[0].any():
        size_kw[0] = max(float(problem.base_load_kw[0].max()), float(_mean_load_kw(problem)[0]), 0.0)
    return size_kw


def _mean_load_kw(problem: Problem) -> FloatArray:
    """Mean load of every circuit with all needs served, shape (N,)."""
    hours = problem.horizon.steps * problem.horizon.hours_per_step
    need = np.bincount(problem.node, weights=problem.energy_kwh, minlength=len(problem.tree)).astype(np.float64)
    return np.asarray(problem.base_load_kw.mean(axis=1) + problem.tree.sum_up(need[:, None])[:, 0] / hours)


def _turned_over_kwh(problem: Problem) -> FloatArray:
    """Energy each session may buy and sell: its need, and for one that gives back a full swing of its battery, (S,)."""
    if problem.batteries is None:
        return problem.energy_kwh
    window_kwh = np.diff(problem.offset) * problem.horizon.hours_per_step * problem.batteries.discharge_kw_max
    swing_kwh = np.minimum(window_kwh, problem.batteries.down_kwh + problem.batteries.up_kwh)
    return np.asarray(problem.energy_kwh + 2.0 * swing_kwh)


def _least_of(terms: CircuitTerms, problem: Problem) -> float:
    """What the terms come to where every circuit carries its mean load all the time: no plan that serves all is below
    it.
    """
    hours = problem.horizon.steps * problem.horizon.hours_per_step
    mean_kw = _mean_load_kw(problem)[terms.node]
    highest_kw = np.maximum(problem.base_load_kw[terms.node].max(axis=1), np.maximum(mean_kw, 0.0))
    return float((terms.smoothing_per_kw2h * mean_kw**2 * hours + terms.peak_per_kw * highest_kw).sum())
