from collections.abc import Callable
from math import inf, isnan
from pathlib import Path

import pytest

from evenload.base.errors import CircuitError
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.files.grid import read_grid, write_grid

Write = Callable[[str, str], Path]
HEAD = "node,parent,kind,limit_kw,rating_kva,power_factor\n"


@pytest.mark.requirement("R41")
def test_a_grid_file_is_a_tree_with_limits(write: Write) -> None:
    text = HEAD + "T1,F1,transformer,,50,0.9\nT2,F1,transformer,20,50,0.9\nF1,S1,feeder,900,,\nS1,,substation,,,\n"
    tree = read_grid(write("grid.csv", text))
    assert [circuit.node for circuit in tree.circuits] == ["S1", "F1", "T1", "T2"]
    assert tree.limit_kw.tolist() == [inf, 900.0, 45.0, 20.0]
    assert [circuit.emergency_limit_kw for circuit in tree.circuits] == [inf, 900.0, 45.0, 20.0]
    assert tree.circuits[1].kind is CircuitKind.FEEDER
    assert isnan(tree.circuits[1].rating_kva)


@pytest.mark.requirement("R41")
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_tree_survives_writing_and_reading(tmp_path: Path, suffix: str) -> None:
    tree = CircuitTree.of(
        [
            Circuit("S1", "", CircuitKind.SUBSTATION, timezone="America/Los_Angeles"),
            Circuit("F1", "S1", CircuitKind.FEEDER, 900.0, 1000.0, 250.0, phases="ABC"),
            Circuit("T1", "F1", CircuitKind.TRANSFORMER, 45.0, inf, rating_kva=50.0, power_factor=0.9, phases="A"),
        ]
    )
    write_grid(tmp_path / f"grid{suffix}", tree)
    again = read_grid(tmp_path / f"grid{suffix}")
    assert repr(again.circuits[:2]) == repr(tree.circuits[:2])
    assert again.parent.tolist() == tree.parent.tolist()
    assert again.circuits[2].limit_kw == 45.0


@pytest.mark.requirement("R41")
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            "F1,,feeder,9,,\nT1,F11,transformer,9,,\n",
            "circuit 'T1' hangs on 'F11', which is not in the grid. Did you mean 'F1'?",
        ),
        ("F1,,feeder,9,,\nA,B,site,9,,\nB,A,site,9,,\n", "circuit 'A' hangs in a cycle: A -> B -> A"),
        ("F1,,feeder,9,,\nF2,,feeder,9,,\n", "the grid has 2 roots (F1, F2); exactly one node has an empty parent"),
        ("", "the grid has no circuits"),
    ],
)  # fmt: skip
def test_what_is_no_tree_is_refused_with_the_name_of_the_file(write: Write, rows: str, sentence: str) -> None:
    path = write("grid.csv", HEAD + rows)
    with pytest.raises(CircuitError) as refused:
        read_grid(path)
    assert str(refused.value) == f"{path}: {sentence}"
