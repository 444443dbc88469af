"""Circuit trees for planning: from a table of transformers or generated, with the homes that hang on them."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from evenload.base.errors import CircuitError
from evenload.base.units import FloatArray, IntArray, TextArray, kw_from_kva
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class HomeGrid:
    """A circuit tree and the homes on it; ``home_node[h]`` is the index of the circuit that home h hangs on."""

    tree: CircuitTree
    home_node: IntArray

    def __post_init__(self) -> None:
        for n in self.serving.tolist():
            if not self.tree.circuits[n].limit_kw > 0:
                raise CircuitError(f"circuit {self.tree.circuits[n].node}: a limit of 0 kW cannot serve homes")

    @property
    def homes(self) -> int:
        """Number of homes."""
        return int(self.home_node.size)

    @property
    def serving(self) -> IntArray:
        """Indices of the circuits that homes hang on, ascending: the transformers, or what stands in their place."""
        return np.unique(self.home_node)

    @classmethod
    def of(cls, tree: CircuitTree, homes_per_transformer: int) -> Self:
        """Hang the same number of homes on every transformer of a tree (on its leaves where it names none)."""
        nodes = tree.of_kind(CircuitKind.TRANSFORMER)
        if not nodes.size:
            nodes = np.setdiff1d(np.arange(len(tree)), tree.parent)
        return cls(tree, np.repeat(nodes, homes_per_transformer))


@dataclass(frozen=True, slots=True)
class GridShape:
    """A generated grid: one system, feeders below it, transformers below each feeder, homes below each transformer.

    ``transformer_kva`` may list several ratings; they are dealt out in turn. ``feeder_kva`` None = unlimited.
    """

    transformers: int
    homes_per_transformer: int
    transformer_kva: tuple[float, ...]
    transformers_per_feeder: int
    power_factor: float = 0.95
    feeder_kva: float | None = None

    def __post_init__(self) -> None:
        for name in ("transformers", "homes_per_transformer", "transformers_per_feeder"):
            if getattr(self, name) < 1:
                raise CircuitError(f"a generated grid needs {name} of 1 or more, not {getattr(self, name)}")
        if not self.transformer_kva or min(self.transformer_kva) <= 0:
            raise CircuitError("transformer_kva must list ratings above 0 kVA")

    def build(self) -> HomeGrid:
        """Build the tree and its homes."""
        ratings = np.resize(np.asarray(self.transformer_kva, dtype=np.float64), self.transformers)
        names = np.array([f"T{i + 1:0{len(str(self.transformers))}d}" for i in range(self.transformers)])
        customers = np.full(self.transformers, self.homes_per_transformer)
        return from_transformers(
            names, ratings, customers, power_factor=self.power_factor,
            transformers_per_feeder=self.transformers_per_feeder, feeder_kva=self.feeder_kva,
        )  # fmt: skip


def from_transformers(
    names: TextArray,
    rating_kva: FloatArray,
    customers: IntArray,
    *,
    power_factor: float,
    transformers_per_feeder: int,
    feeder_kva: float | None = None,
) -> HomeGrid:
    """Tree of one system, feeders of ``transformers_per_feeder`` and the listed transformers with their customers."""
    feeders = -(-len(names) // transformers_per_feeder)
    circuits = [Circuit(SYSTEM, "", CircuitKind.SYSTEM)]
    circuits += [_rated(f"F{i + 1}", SYSTEM, CircuitKind.FEEDER, feeder_kva, power_factor) for i in range(feeders)]
    circuits += [
        _rated(name, f"F{i // transformers_per_feeder + 1}", CircuitKind.TRANSFORMER, float(kva), power_factor)
        for i, (name, kva) in enumerate(zip(names.tolist(), rating_kva.tolist(), strict=True))
    ]
    tree = CircuitTree.of(circuits)
    return HomeGrid(tree, np.repeat(tree.find(names.tolist()), customers))


def _rated(node: str, parent: str, kind: CircuitKind, kva: float | None, power_factor: float) -> Circuit:
    if kva is None:
        return Circuit(node, parent, kind)
    limit_kw = kw_from_kva(kva, power_factor)
    return Circuit(node, parent, kind, limit_kw=limit_kw, rating_kva=kva, power_factor=power_factor)
