from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenload.base.errors import CircuitError
from evenload.base.horizon import Horizon
from evenload.domain.circuit import CircuitTree
from evenload.files.limits import read_limits

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
