from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import CircuitError
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree


def circuit(node: str, parent: str, limit_kw: float = inf) -> Circuit:
    return Circuit(node, parent, CircuitKind.SITE, limit_kw)


@st.composite
def shuffled_trees(draw: st.DrawFn) -> list[Circuit]:
    """Circuits of a valid tree in any order: node i hangs on one with a lower number."""
    size = draw(st.integers(1, 25))
    parents = [draw(st.integers(0, i - 1)) for i in range(1, size)]
    nodes = [circuit("n0", "")] + [circuit(f"n{i}", f"n{parent}") for i, parent in enumerate(parents, start=1)]
    return draw(st.permutations(nodes))


FEEDER = [
    Circuit("T2", "F1", CircuitKind.TRANSFORMER, 45.0),
    Circuit("system", "", CircuitKind.SYSTEM),
    Circuit("F1", "system", CircuitKind.FEEDER, 400.0),
    Circuit("T1", "F1", CircuitKind.TRANSFORMER, 50.0),
]


@given(shuffled_trees())
def test_parents_stand_before_children_whatever_the_order_given(circuits: list[Circuit]) -> None:
    tree = CircuitTree.of(circuits)
    assert sorted(c.node for c in tree.circuits) == sorted(c.node for c in circuits)
    assert tree.parent[0] == -1
    for i, node in enumerate(tree.circuits[1:], start=1):
        assert tree.parent[i] < i
        assert tree.circuits[tree.parent[i]].node == node.parent


@given(shuffled_trees(), st.randoms(use_true_random=False))
@pytest.mark.requirement("R41")
def test_sum_up_is_what_walking_every_path_gives(circuits: list[Circuit], random: object) -> None:
    tree = CircuitTree.of(circuits)
    direct = np.array([[random.uniform(-5, 5) for _ in range(3)] for _ in circuits])  # type: ignore[attr-defined]
    before = direct.copy()
    parent_of = {c.node: c.parent for c in circuits}
    naive = {c.node: np.zeros(3) for c in circuits}
    for i, node in enumerate(tree.circuits):
        above = node.node
        while above:
            naive[above] = naive[above] + direct[i]
            above = parent_of[above]
    summed = tree.sum_up(direct)
    for i, node in enumerate(tree.circuits):
        np.testing.assert_allclose(summed[i], naive[node.node], atol=1e-12)
    np.testing.assert_array_equal(direct, before)


@given(shuffled_trees())
def test_a_path_climbs_to_the_root_in_as_many_steps_as_the_depth(circuits: list[Circuit]) -> None:
    tree = CircuitTree.of(circuits)
    parent_of = {c.node: c.parent for c in circuits}
    for i, node in enumerate(tree.circuits):
        names = [tree.circuits[step].node for step in tree.path(i)]
        assert names[0] == node.node
        assert [parent_of[name] for name in names] == [*names[1:], ""]
        assert tree.depths()[i] == len(names) - 1


@pytest.mark.requirement("R41")
def test_a_small_feeder_by_hand() -> None:
    tree = CircuitTree.of(FEEDER)
    assert [c.node for c in tree.circuits] == ["system", "F1", "T2", "T1"]
    assert tree.limit_kw.tolist() == [inf, 400.0, 45.0, 50.0]
    assert tree.of_kind(CircuitKind.TRANSFORMER).tolist() == [2, 3]
    assert tree.find(["T1", "system", "T1"]).tolist() == [3, 0, 3]
    assert tree.find([]).tolist() == []
    assert tree.sum_up(np.array([[0.0], [1.0], [10.0], [20.0]])).tolist() == [[31.0], [31.0], [10.0], [20.0]]


def test_an_unknown_node_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(CircuitError, match="node 'feeder' is not in the grid"):
        CircuitTree.of(FEEDER).find(["T1", "feeder"])
    with pytest.raises(CircuitError, match=r"node 'sistem' is not in the grid\. Did you mean 'system'\?"):
        CircuitTree.of(FEEDER).find(["sistem"])


@pytest.mark.parametrize(
    ("circuits", "sentence"),
    [
        ([], "the grid has no circuits"),
        ([circuit("a", ""), circuit("b", "")], r"the grid has 2 roots \(a, b\); exactly one node has an empty parent"),
        ([circuit("a", ""), circuit("b", "a"), circuit("b", "a")], "circuit 'b' is listed twice"),
        (
            [circuit("system", ""), circuit("b", "sytem")],
            r"circuit 'b' hangs on 'sytem', which is not in the grid\. Did you mean 'system'\?",
        ),
        ([circuit("a", ""), circuit("b", "c"), circuit("c", "b")], "circuit 'b' hangs in a cycle: b -> c -> b"),
        ([circuit("a", ""), circuit("x", "x")], "circuit 'x' hangs in a cycle: x -> x"),
        ([circuit("b", "c"), circuit("c", "b")], "circuit 'b' hangs in a cycle: b -> c -> b"),
    ],
    ids=["empty", "two roots", "twice", "orphan", "cycle", "itself", "no root"],
)
def test_what_is_no_tree_is_refused_with_the_node_and_the_reason(circuits: list[Circuit], sentence: str) -> None:
    with pytest.raises(CircuitError, match=sentence):
        CircuitTree.of(circuits)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"node": ""}, "has no name"),
        ({"limit_kw": -1.0}, "limit_kw -1.0 must be 0 or more"),
        ({"limit_kw": nan}, "limit_kw nan must be 0 or more"),
        ({"limit_kw": 50.0, "emergency_limit_kw": 49.0}, "emergency_limit_kw 49.0 is below limit_kw 50.0"),
        ({"export_limit_kw": -1.0}, "export_limit_kw -1.0 must be 0 or more"),
    ],
)
def test_an_impossible_limit_is_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(CircuitError, match=sentence):
        Circuit(**{"node": "T1", "parent": "", "kind": CircuitKind.TRANSFORMER, **fields})  # type: ignore[arg-type]


def test_the_emergency_limit_is_the_normal_one_unless_given() -> None:
    assert circuit("T1", "", 50.0).emergency_limit_kw == 50.0
    assert circuit("T1", "").emergency_limit_kw == inf
    given_above = Circuit("T1", "", CircuitKind.TRANSFORMER, 50.0, emergency_limit_kw=60.0)
    assert given_above.emergency_limit_kw == 60.0


def test_the_arrays_of_a_tree_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        CircuitTree.of(FEEDER).parent[0] = 1
