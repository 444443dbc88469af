"""Grids as planners build them."""

import numpy as np
import pytest

from evenload.base.errors import CircuitError
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.grid.build import GridShape, HomeGrid, from_transformers


@pytest.mark.requirement("R41")
def test_generated_grid_has_the_branches_asked_for() -> None:
    grid = GridShape(5, 10, (50.0, 25.0), transformers_per_feeder=2, power_factor=0.9, feeder_kva=120.0).build()
    kinds = [circuit.kind for circuit in grid.tree.circuits]
    assert (kinds.count(CircuitKind.FEEDER), kinds.count(CircuitKind.TRANSFORMER)) == (3, 5)
    assert grid.homes == 50
    named = {circuit.node: circuit for circuit in grid.tree.circuits}
    assert named["T1"].limit_kw == pytest.approx(45.0)
    assert named["T2"].limit_kw == pytest.approx(22.5)
    assert (named["T2"].parent, named["T3"].parent, named["F1"].limit_kw) == ("F1", "F2", pytest.approx(108.0))
    assert named["system"].limit_kw == np.inf


def test_customers_of_a_table_become_homes_on_its_transformers() -> None:
    names, kva, customers = np.array(["a", "b"]), np.array([25.0, 37.5]), np.array([3, 1])
    grid = from_transformers(names, kva, customers, power_factor=1.0, transformers_per_feeder=2)
    on = [grid.tree.circuits[n].node for n in grid.home_node]
    assert on == ["a", "a", "a", "b"]


def test_homes_hang_on_leaves_where_a_tree_has_no_transformers() -> None:
    tree = CircuitTree.of(
        [
            Circuit("s", "", CircuitKind.SUBSTATION),
            Circuit("x", "s", CircuitKind.SITE),
            Circuit("y", "s", CircuitKind.SITE),
        ]
    )
    assert sorted(HomeGrid.of(tree, 2).home_node.tolist()) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("change", "words"), [({"transformers": 0}, "transformers of 1"), ({"kva": ()}, "above 0 kVA")]
)
def test_impossible_shapes_are_refused(change: dict[str, object], words: str) -> None:
    shape: dict[str, object] = {"transformers": 1, "kva": (50.0,)} | change
    with pytest.raises(CircuitError, match=words):
        GridShape(shape["transformers"], 10, shape["kva"], transformers_per_feeder=1)  # type: ignore[arg-type]
