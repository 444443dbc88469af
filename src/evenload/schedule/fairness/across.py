"""Limits across the tree, as far as energy can change hands under them: members of one limit share it.

With limits that cut across circuits and each other, what can be served is no polymatroid: a kW from one session need
not make room for a kW of another. It does where both are in this one limit with the same weight and no circuit is full.
"""

from dataclasses import replace

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across


def under_limits(problem: Problem) -> IntArray:
    """Indices of sessions in a limit across the tree that must hold in some step."""
    return np.unique(problem.across.session[_hard(problem.across)]) if problem.across else np.zeros(0, dtype=np.int64)


def limits_as_tree(problem: Problem, across: Across, power_kw: FloatArray, given_kw: FloatArray) -> Problem:
    """The problem with limits ``across`` its tree for circuits, where powers are (K,) on top of those given before.

    Under them are sessions that are in one of them alone, and weigh in it what its first member weighs; what the other
    members use is base load, and so is what was given before.
    """
    steps, hard = problem.horizon.steps, _hard(across)
    limit, session, weight = across.limit[hard], across.session[hard], across.weight[hard]
    first = np.ones(across.name.size)
    first[limit[::-1]] = weight[::-1]
    alone = (np.bincount(session)[session] == 1) & (weight == first[limit])
    node = np.zeros(problem.sessions, dtype=np.int64)
    node[session[alone]] = 1 + limit[alone]
    slot, row = problem.slots_of(session)
    cell = (1 + limit[row]) * steps + problem.slot_steps()[slot]
    used = weight[row] * (given_kw[slot] + np.where(alone[row], 0.0, power_kw[slot]))
    base = np.bincount(cell, used, minlength=(1 + first.size) * steps)
    limit_kw, scale = np.where(np.isinf(across.over_per_kwh), across.head_kw(), np.inf), np.append(1.0, first)[:, None]
    return replace(
        problem, node=node, tree=_flat_tree(first.size), across=None, terms=None, batteries=None,
        export_limit_kw=None, emergency_limit_kw=None,
        base_load_kw=base.reshape(-1, steps) / scale,
        limit_kw=np.vstack([np.full((1, steps), np.inf), limit_kw]) / scale,
    )  # fmt: skip


def _hard(across: Across) -> BoolArray:
    """Memberships (J,) of limits that must hold in some step."""
    binding = np.any(np.isinf(across.over_per_kwh) & np.isfinite(across.limit_kw), axis=1)
    return np.asarray(binding)[across.limit]


def _flat_tree(limits: int) -> CircuitTree:
    """A circuit for each limit, under one that limits nothing."""
    below = [Circuit(f"limit {row}", "all", CircuitKind.FEEDER) for row in range(limits)]
    return CircuitTree.of([Circuit("all", "", CircuitKind.SYSTEM), *below])


def below_circuits(problem: Problem, chosen: BoolArray) -> BoolArray:
    """Slots (K,) at or below circuits that are ``chosen`` (N, T) in that step."""
    below = chosen.copy()
    for n in range(1, len(problem.tree)):
        below[n] |= below[problem.tree.parent[n]]
    return np.asarray(below[problem.node[problem.slot_sessions()], problem.slot_steps()])


def left_kw(problem: Problem, power_kw: FloatArray) -> FloatArray:
    """What powers (K,) leave at each circuit, (N, T)."""
    return np.asarray(np.maximum(problem.limit_kw - problem.base_load_kw, 0.0) - problem.ev_load_kw(power_kw))
