import numpy as np

from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.paths import heaviest, sum_down

TREE = CircuitTree.of(
    [
        Circuit("F", "", CircuitKind.FEEDER),
        Circuit("T1", "F", CircuitKind.TRANSFORMER),
        Circuit("T2", "F", CircuitKind.TRANSFORMER),
        Circuit("S", "T1", CircuitKind.SITE),
    ]
)


def test_the_heaviest_on_a_path_is_found_and_the_lowest_of_equals() -> None:
    weight = np.array([[2.0, 1.0], [3.0, 1.0], [1.0, 5.0], [0.0, 1.0]])  # F, T1, T2, S
    circuit, heavy = heaviest(TREE, weight)
    assert circuit.tolist() == [[0, 0], [1, 1], [0, 2], [1, 3]]
    assert heavy.tolist() == [[2.0, 1.0], [3.0, 1.0], [2.0, 5.0], [3.0, 1.0]]


def test_sums_go_down_every_path() -> None:
    assert sum_down(TREE, np.array([[1.0], [2.0], [4.0], [8.0]])).tolist() == [[1.0], [3.0], [5.0], [11.0]]


def test_a_tree_of_one_circuit_has_one_path() -> None:
    alone = CircuitTree.of([Circuit("F", "", CircuitKind.FEEDER)])
    assert heaviest(alone, np.array([[1.0]]))[0].tolist() == [[0]]
