"""Limits on single phases: of circuits that carry more than one, where the phases of cars are known.

A car on one phase loads it with all its power, one on two or three phases each with a half or a third. A phase may
carry its share of the circuit's limit, an equal one unless something else is given, and base load takes its share of
that. A limit that the circuit's own limit implies, because all below it is balanced, is left out.

A car whose phases are not known counts as balanced over those of the circuit: right on average, as it is for base load.
With ``Unknown.WORST`` it counts in full on each phase, which is safe whatever it is and costs room: of a circuit with
such cars alone a third is left. Source: DESIGN section 5; requirements R38, R40.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.session import PHASES
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across

_LETTERS: Final = "ABC"


class Unknown(StrEnum):
    """How a car counts whose phases are not known."""

    BALANCED = "balanced"
    WORST = "worst"


@dataclass(frozen=True, slots=True)
class GivenPhase:
    """What is known of one phase of a circuit, kW, one number or one a step; None = an equal share of the circuit's."""

    node: str
    phase: str
    limit_kw: float | FloatArray | None = None
    base_load_kw: float | FloatArray | None = None


def phase_limits(
    problem: Problem, phases: TextArray, given: Iterable[GivenPhase] = (), unknown: Unknown = Unknown.BALANCED
) -> Across | None:
    """Limits of single phases that must hold, named "phase A of T12"; None where there is nothing to hold.

    ``phases`` (S,) are those of the sessions, "A" to "ABC", "" where they are not known; those of circuits are in the
    tree, and a circuit without any has no such limits unless ``given`` names it: then it carries all three. Raises
    ``InputError`` for a car on a phase that a circuit above it does not carry, for phases that cannot be, and for what
    is given of a phase that is not there.
    """
    known, carried = _letters(phases, problem), _carried(problem)
    _refuse_wrong(problem, phases, known, carried)
    told = {(int(problem.tree.find([one.node])[0]), one.phase): _checked(one, problem, carried) for one in given}
    for n, _ in told:
        carried[n] |= not carried[n].any()
    session, node = _below(problem, carried)
    rows = _Rows(problem, told, carried)
    for k, letter in enumerate(_LETTERS):
        count = carried[node].sum(axis=1)
        balanced = 1.0 / count
        unsure = balanced if unknown is Unknown.BALANCED else np.ones(count.size)
        on = known[session]
        weight = np.where(on.any(axis=1), on[:, k] / np.maximum(on.sum(axis=1), 1), unsure)
        weight[~carried[node, k]] = 0.0
        rows.add(letter, session, node, weight, balanced)
    return rows.across()


class _Rows:
    """Limits as they are found."""

    def __init__(self, problem: Problem, told: dict[tuple[int, str], GivenPhase], carried: BoolArray) -> None:
        self.problem, self.told, self.carried = problem, told, carried
        self.names: list[str] = []
        self.limits: list[FloatArray] = []
        self.bases: list[FloatArray] = []
        self.members: list[tuple[IntArray, FloatArray]] = []

    def add(self, letter: str, session: IntArray, node: IntArray, weight: FloatArray, balanced: FloatArray) -> None:
        """Limits of one phase of all circuits on which somebody below is not balanced, or something is given."""
        uneven = np.zeros(len(self.problem.tree), dtype=np.bool_)
        uneven[node[np.abs(weight - balanced) > 1e-12]] = True
        uneven[[n for n, phase in self.told if phase == letter]] = True
        order = np.argsort(node, kind="stable")
        edges = np.searchsorted(node[order], np.arange(uneven.size + 1))
        for n in np.flatnonzero(uneven & self.carried[:, _LETTERS.index(letter)]).tolist():
            mine = order[edges[n] : edges[n + 1]]
            mine = mine[weight[mine] > 0]
            limit = self._limit_kw(n, letter)
            if mine.size and np.isfinite(limit).any():
                self.names.append(f"phase {letter} of {self.problem.tree.circuits[n].node}")
                self.limits.append(limit)
                self.bases.append(self._base_kw(n, letter))
                self.members.append((session[mine], weight[mine]))

    def _limit_kw(self, n: int, letter: str) -> FloatArray:
        told, steps = self.told.get((n, letter)), self.problem.horizon.steps
        if told is not None and told.limit_kw is not None:
            return np.broadcast_to(np.asarray(told.limit_kw, dtype=np.float64), (steps,))
        return np.broadcast_to(self.problem.limit_kw[n] / self.carried[n].sum(), (steps,))

    def _base_kw(self, n: int, letter: str) -> FloatArray:
        told, steps = self.told.get((n, letter)), self.problem.horizon.steps
        if told is not None and told.base_load_kw is not None:
            return np.broadcast_to(np.asarray(told.base_load_kw, dtype=np.float64), (steps,))
        return np.asarray(self.problem.base_load_kw[n] / self.carried[n].sum())

    def across(self) -> Across | None:
        if not self.names:
            return None
        limit = np.array(self.limits)
        return Across(
            np.array(self.names, dtype=np.str_), limit, np.full(limit.shape, np.inf),
            np.repeat(np.arange(len(self.names)), [rows.size for rows, _ in self.members]),
            np.concatenate([rows for rows, _ in self.members]),
            np.concatenate([weight for _, weight in self.members]), np.array(self.bases),
            np.ones(len(self.names), dtype=np.bool_),
        )  # fmt: skip


def _letters(phases: TextArray, problem: Problem) -> BoolArray:
    """Which phases each session is on, shape (S, 3); none where they are not known."""
    wrong = np.flatnonzero(~np.isin(phases, ("", *PHASES)))
    if wrong.size:
        who, what = problem.session_id[wrong[0]], phases[wrong[0]]
        raise InputError(f"session {str(who)!r}, phases = {what}: must be one of {', '.join(PHASES)}, or blank")
    return np.stack([np.char.find(phases, letter) >= 0 for letter in _LETTERS], axis=1)


def _carried(problem: Problem) -> BoolArray:
    """Which phases each circuit carries, shape (N, 3); none where they are not known."""
    return np.array([[letter in circuit.phases for letter in _LETTERS] for circuit in problem.tree.circuits])


def _refuse_wrong(problem: Problem, phases: TextArray, known: BoolArray, carried: BoolArray) -> None:
    session, node = _below(problem, carried)
    wrong = np.flatnonzero((known[session] & ~carried[node]).any(axis=1))
    if wrong.size:
        i, circuit = session[wrong[0]], problem.tree.circuits[node[wrong[0]]]
        raise InputError(
            f"session {str(problem.session_id[i])!r}, phases = {phases[i]}: circuit {circuit.node} carries "
            f"{circuit.phases} only; correct one of them, or leave the cell blank"
        )


def _below(problem: Problem, carried: BoolArray) -> tuple[IntArray, IntArray]:
    """Pairs of a session and a circuit at or above it whose phases are known."""
    pairs, at = [], problem.node.copy()
    session = np.arange(problem.sessions)
    while session.size:
        there = carried[at].any(axis=1)
        pairs.append((session[there], at[there]))
        session, at = session[at > 0], problem.tree.parent[at[at > 0]]
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *(s for s, _ in pairs)]), np.concatenate([none, *(n for _, n in pairs)])


def _checked(one: GivenPhase, problem: Problem, carried: BoolArray) -> GivenPhase:
    """What is given, once it can be."""
    node = problem.tree.find([one.node])[0]
    if one.phase not in tuple(_LETTERS) or (carried[node].any() and not carried[node][_LETTERS.index(one.phase)]):
        has = problem.tree.circuits[node].phases or _LETTERS
        raise InputError(f"circuit {one.node} has no phase {one.phase!r}: it carries {has}")
    steps = problem.horizon.steps
    for name, lowest in (("limit_kw", 0.0), ("base_load_kw", -np.inf)):
        value = getattr(one, name)
        if value is None:
            continue
        kw = np.asarray(value, dtype=np.float64)
        if kw.shape not in {(), (steps,)} or np.isnan(kw).any() or (kw < lowest).any() or (kw == -np.inf).any():
            raise InputError(f"phase {one.phase} of circuit {one.node}: {name} needs one number of kW, or one a step")
    return one
