from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from evenload.base.errors import CircuitError
from evenload.base.horizon import Horizon
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.files.limits import emergency_limits_of, export_limits_of, read_limits
from evenload.files.specs import LIMITS
from evenload.files.table import read_table

Write = Callable[[str, str], Path]
HORIZON = Horizon(datetime(2020, 1, 6, 12, tzinfo=UTC), 60, 4)
HEAD = "node,timestamp,limit_kw\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", [50, 50, 50, 50]),
        ("T1,2020-01-06T13:00:00Z,30\n", [50, 30, 30, 30]),
        ("T1,2020-01-06T14:00:00Z,70\nT1,2020-01-06T13:00:00Z,30\n", [50, 30, 70, 70]),
        ("T1,2020-01-05T00:00:00Z,30\n", [30, 30, 30, 30]),
        ("T1,2020-01-06T16:00:00Z,30\n", [50, 50, 50, 50]),
        ("T1,2020-01-06T13:45:00Z,30\n", [50, 30, 30, 30]),  # lower from a quarter to: the whole step is kept lower
        ("T1,2020-01-06T13:45:00Z,70\n", [50, 50, 70, 70]),  # higher from a quarter to: only from the next step on
        ("T1,2020-01-06T13:15:00Z,20\nT1,2020-01-06T13:45:00Z,70\n", [50, 20, 70, 70]),
    ],
)
def test_a_limit_holds_until_the_next_one(write: Write, tree: CircuitTree, rows: str, expected: list[float]) -> None:
    limit = read_limits(write("limits.csv", HEAD + rows), HORIZON, tree)
    assert limit[tree.index["T1"]].tolist() == expected
    assert limit[tree.index["T2"]].tolist() == [25] * 4


def test_a_limit_of_an_unknown_node_is_refused(write: Write, tree: CircuitTree) -> None:
    path = write("limits.csv", HEAD + "T3,2020-01-06T13:00:00Z,30\n")
    with pytest.raises(CircuitError, match=r"limits.csv: node 'T3' is not in the grid"):
        read_limits(path, HORIZON, tree)


OF_ITS_OWN = CircuitTree.of(
    [
        Circuit("F", "", CircuitKind.FEEDER, 500.0),
        Circuit("T1", "F", CircuitKind.TRANSFORMER, 50.0, 65.0, export_limit_kw=7.0),
    ]
)
EXPORT_HEAD = "node,timestamp,limit_kw,export_limit_kw\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", [7, 7, 7, 7]),
        ("T1,2020-01-06T13:00:00Z,30,0\n", [7, 0, 0, 0]),
        ("T1,2020-01-06T13:00:00Z,30,\n", [7, 7, 7, 7]),  # a blank leaves in force what was before
        ("T1,2020-01-06T13:00:00Z,30,2\nT1,2020-01-06T14:00:00Z,40,\n", [7, 2, 2, 2]),
        ("T1,2020-01-06T13:30:00Z,30,2\nT1,2020-01-06T15:00:00Z,30,9\n", [7, 2, 2, 9]),
    ],
)
def test_a_limit_of_export_holds_until_the_next_one(write: Write, rows: str, expected: list[float]) -> None:
    table = read_table(write("limits.csv", EXPORT_HEAD + rows), LIMITS)
    limit = export_limits_of(table, HORIZON, OF_ITS_OWN)
    assert limit[OF_ITS_OWN.index["T1"]].tolist() == expected
    assert limit[OF_ITS_OWN.index["F"]].tolist() == [0] * 4


def test_emergency_limits_are_the_grids_and_never_below_the_normal_one() -> None:
    """Where the grid gives none, the emergency limit is the normal one of the step, however low."""
    normal = np.array([[500.0, 400, 300, 200], [50, 30, 60, 80]])
    emergency = emergency_limits_of(OF_ITS_OWN, normal)
    assert emergency is not None
    assert emergency.tolist() == [[500, 400, 300, 200], [65, 65, 65, 80]]
    static = emergency_limits_of(OF_ITS_OWN, OF_ITS_OWN.limit_kw[:, None])
    assert static is not None
    assert static.tolist() == [[500], [65]]


def test_without_emergency_limits_there_are_none_beside_the_normal(tree: CircuitTree) -> None:
    assert emergency_limits_of(tree, tree.limit_kw[:, None]) is None
