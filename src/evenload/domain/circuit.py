"""Circuits: the grid as a tree from the system down to transformers and sites."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, nan

import numpy as np

from evenload.base.errors import CircuitError, did_you_mean
from evenload.base.units import BoolArray, FloatArray, IntArray


class CircuitKind(StrEnum):
    """What a node of the tree is, from the top down."""

    SYSTEM = "system"
    SUBSTATION = "substation"
    FEEDER = "feeder"
    TRANSFORMER = "transformer"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Circuit:
    """One node of the grid tree. Limits are real power (kW); ``inf`` is unlimited; the root has parent ``""``."""

    node: str
    parent: str
    kind: CircuitKind
    limit_kw: float = inf
    emergency_limit_kw: float = nan
    export_limit_kw: float = 0.0
    rating_kva: float = nan
    power_factor: float = nan
    phases: str = ""
    timezone: str = ""

    def __post_init__(self) -> None:
        if not self.node:
            raise CircuitError("a circuit has no name")
        if not self.limit_kw >= 0:
            raise CircuitError(f"circuit {self.node}: limit_kw {self.limit_kw} must be 0 or more")
        if np.isnan(self.emergency_limit_kw):
            object.__setattr__(self, "emergency_limit_kw", self.limit_kw)
        if not self.emergency_limit_kw >= self.limit_kw:
            raise CircuitError(
                f"circuit {self.node}: emergency_limit_kw {self.emergency_limit_kw} is below limit_kw {self.limit_kw}"
            )
        if not self.export_limit_kw >= 0:
            raise CircuitError(f"circuit {self.node}: export_limit_kw {self.export_limit_kw} must be 0 or more")


@dataclass(frozen=True, slots=True)
class CircuitTree:
    """A checked tree of circuits, parents before children, with the arrays that computing needs.

    ``parent[n]`` is the index of node n's parent, -1 at the root (index 0); ``limit_kw`` has shape (nodes,).
    """

    circuits: tuple[Circuit, ...]
    parent: IntArray
    index: dict[str, int] = field(repr=False)

    @classmethod
    def of(cls, circuits: Iterable[Circuit]) -> "CircuitTree":
        """Check names, one root, no orphan and no cycle, and put parents before children."""
        given = list(circuits)
        by_name = _by_name(given)
        _one_root(given)
        _no_orphan(given, by_name)
        ordered = _parents_first(given)
        index = {circuit.node: i for i, circuit in enumerate(ordered)}
        parent = np.array([index.get(circuit.parent, -1) for circuit in ordered], dtype=np.int64)
        parent.flags.writeable = False
        return cls(tuple(ordered), parent, index)

    def __len__(self) -> int:
        return len(self.circuits)

    @property
    def limit_kw(self) -> FloatArray:
        """Normal limit of each node, kW, shape (nodes,)."""
        return np.array([circuit.limit_kw for circuit in self.circuits])

    @property
    def emergency_limit_kw(self) -> FloatArray:
        """Limit of each node in an emergency, kW, shape (nodes,); the normal one where nothing else is given."""
        return np.array([circuit.emergency_limit_kw for circuit in self.circuits])

    @property
    def export_limit_kw(self) -> FloatArray:
        """Limit of power flowing up through each node, kW, 0 or more, shape (nodes,)."""
        return np.array([circuit.export_limit_kw for circuit in self.circuits])

    def of_kind(self, kind: CircuitKind) -> IntArray:
        """Indices of the nodes of one kind."""
        return np.array([i for i, circuit in enumerate(self.circuits) if circuit.kind is kind], dtype=np.int64)

    def find(self, names: Sequence[str]) -> IntArray:
        """Indices of nodes by name; an unknown name is refused with the nearest known one."""
        known = np.unique(np.asarray(names), return_inverse=True)
        found = np.empty(known[0].size, dtype=np.int64)
        for i, name in enumerate(known[0].tolist()):
            if name not in self.index:
                raise CircuitError(f"node {name!r} is not in the grid.{did_you_mean(name, self.index)}")
            found[i] = self.index[name]
        return found[known[1]]

    def below(self, node: int) -> BoolArray:
        """Whether each circuit is ``node`` or below it, shape (N,)."""
        under = np.zeros(len(self), dtype=np.bool_)
        under[node] = True
        for n in range(node + 1, len(self)):
            under[n] = under[self.parent[n]]
        return under

    def path(self, node: int) -> tuple[int, ...]:
        """Indices from a node up to the root, both included."""
        steps = [node]
        while self.parent[steps[-1]] >= 0:
            steps.append(int(self.parent[steps[-1]]))
        return tuple(steps)

    def depths(self) -> IntArray:
        """Distance of each node from the root, 0 at the root."""
        depth = np.zeros(len(self), dtype=np.int64)
        for i in range(1, len(self)):
            depth[i] = depth[self.parent[i]] + 1
        return depth

    def sum_up(self, direct_kw: FloatArray) -> FloatArray:
        """Load through each node with everything below it; ``direct_kw`` and the result have shape (nodes, steps)."""
        total = np.array(direct_kw, dtype=np.float64)
        for i in range(len(self) - 1, 0, -1):
            total[self.parent[i]] += total[i]
        return total


def _by_name(circuits: Sequence[Circuit]) -> dict[str, Circuit]:
    named: dict[str, Circuit] = {}
    for circuit in circuits:
        if circuit.node in named:
            raise CircuitError(f"circuit {circuit.node!r} is listed twice")
        named[circuit.node] = circuit
    return named


def _one_root(circuits: Sequence[Circuit]) -> None:
    roots = [circuit.node for circuit in circuits if not circuit.parent]
    if not circuits:
        raise CircuitError("the grid has no circuits")
    if len(roots) > 1:
        raise CircuitError(
            f"the grid has {len(roots)} roots ({', '.join(roots[:3])}); exactly one node has an empty parent"
        )


def _no_orphan(circuits: Sequence[Circuit], by_name: dict[str, Circuit]) -> None:
    for circuit in circuits:
        if circuit.parent and circuit.parent not in by_name:
            raise CircuitError(
                f"circuit {circuit.node!r} hangs on {circuit.parent!r}, which is not in the grid."
                f"{did_you_mean(circuit.parent, by_name)}"
            )


def _parents_first(circuits: Sequence[Circuit]) -> list[Circuit]:
    children: dict[str, list[Circuit]] = {}
    for circuit in circuits:
        children.setdefault(circuit.parent, []).append(circuit)
    ordered = list(children.get("", []))
    for circuit in ordered:
        ordered.extend(children.get(circuit.node, []))
    if len(ordered) < len(circuits):
        reached = {circuit.node for circuit in ordered}
        lost = next(circuit for circuit in circuits if circuit.node not in reached)
        raise CircuitError(f"circuit {lost.node!r} hangs in a cycle: {_cycle_text(lost, circuits)}")
    return ordered


def _cycle_text(start: Circuit, circuits: Sequence[Circuit]) -> str:
    parent = {circuit.node: circuit.parent for circuit in circuits}
    walk = [start.node]
    while parent[walk[-1]] not in walk:
        walk.append(parent[walk[-1]])
    return " -> ".join([*walk, parent[walk[-1]]])
