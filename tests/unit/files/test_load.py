from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from evenload.base.errors import InputError, LoadError
from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.files.load import direct_load_of, read_load, write_load
from evenload.files.specs import LOAD
from evenload.files.table import Table, read_table

Write = Callable[[str, str], Path]
HORIZON = Horizon(datetime(2020, 1, 6, tzinfo=UTC), 30, 4)
HEAD = "node,timestamp,load_kw,kind\n"


def rows(node: str, kind: str, *hourly_kw: float) -> str:
    return "".join(f"{node},2020-01-06T0{hour}:00:00Z,{kw},{kind}\n" for hour, kw in enumerate(hourly_kw))


def test_direct_load_stays_where_it_is_connected(write: Write, tree: CircuitTree) -> None:
    load = read_load(write("load.csv", HEAD + rows("T1", "direct", 3, 4) + rows("S", "", -1, 2)), HORIZON, tree)
    by_name = dict(zip([circuit.node for circuit in tree.circuits], load.tolist(), strict=True))
    assert by_name == {"F": [0] * 4, "T1": [3, 3, 4, 4], "T2": [0] * 4, "S": [-1, -1, 2, 2]}


def test_totals_are_differenced_down_the_tree(write: Write, tree: CircuitTree) -> None:
    """By hand: F measures 10; T1 measures 6, of which S has 1, so 5 is its own; T2 has 3; that leaves 1 for F."""
    text = HEAD + rows("F", "total", 10, 10) + rows("T1", "total", 6, 6) + rows("S", "direct", 1, 1)
    load = read_load(write("load.csv", text + rows("T2", "direct", 3, 3)), HORIZON, tree)
    by_name = dict(zip([circuit.node for circuit in tree.circuits], load[:, 0].tolist(), strict=True))
    assert by_name == {"F": 1, "T1": 5, "T2": 3, "S": 1}


@given(
    parents=st.lists(st.integers(0, 6), min_size=1, max_size=7),
    direct=arrays.arrays(np.float64, (8, 2), elements=st.integers(-50, 50).map(float)),
    total=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_totals_summed_up_from_direct_loads_give_them_back(
    parents: list[int], direct: FloatArray, total: list[bool]
) -> None:
    """Any tree, any of its nodes measured in total: the direct loads behind the measurements are found again."""
    circuits = [Circuit("n0", "", CircuitKind.SYSTEM)]
    circuits += [Circuit(f"n{i}", f"n{min(p, i - 1)}", CircuitKind.SITE) for i, p in enumerate(parents, 1)]
    tree = CircuitTree.of(circuits)
    nodes = len(tree)
    listed = np.where(np.array(total[:nodes])[:, None], tree.sum_up(direct[:nodes]), direct[:nodes])
    horizon = Horizon(datetime(2020, 1, 6, tzinfo=UTC), 60, 2)
    names = np.array([circuit.node for circuit in tree.circuits])
    table = Table(
        Path("load.csv"),
        {
            "node": np.repeat(names, 2),
            "timestamp": np.tile(horizon.starts(), nodes),
            "load_kw": listed.ravel(),
            "kind": np.repeat(np.where(total[:nodes], "total", "direct"), 2),
        },
    )
    np.testing.assert_allclose(direct_load_of(table, horizon, tree), direct[:nodes], atol=1e-9)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "T1,2020-01-06T00:00:00Z,1,\nT1,2020-01-06T00:30:00Z,1,\nT1,2020-01-06T02:00:00Z,1,\n",
            "load_kw of T1 has a gap from 2020-01-06T00:30:00+00:00 to 2020-01-06T02:00:00+00:00",
        ),
        (rows("T1", "", 1), "load_kw of T1 runs from 2020-01-06T00:00:00+00:00 to 2020-01-06T01:00:00+00:00; the "),
        (rows("T11", "", 1, 2), "node 'T11' is not in the grid. Did you mean 'T1'?"),
        (
            "T1,2020-01-06T00:00:00Z,1,total\nT1,2020-01-06T01:00:00Z,1,\n",
            "node 'T1' has rows of kind direct and of kind total; keep one kind",
        ),
    ],
)
def test_a_hole_in_the_load_is_refused(write: Write, tree: CircuitTree, text: str, sentence: str) -> None:
    path = write("load.csv", HEAD + text)
    with pytest.raises(LoadError) as refused:
        read_load(path, HORIZON, tree)
    assert str(refused.value).startswith(f"{path}: ")
    assert sentence in str(refused.value)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_load_survives_writing_and_reading(tmp_path: Path, tree: CircuitTree, suffix: str) -> None:
    load = np.random.default_rng(3).normal(5, 4, (4, 4))
    load[2] = 0
    write_load(tmp_path / f"load{suffix}", HORIZON, tree, load)
    np.testing.assert_allclose(read_load(tmp_path / f"load{suffix}", HORIZON, tree), load, rtol=1e-12)


def test_a_file_without_rows_is_no_load(tmp_path: Path, tree: CircuitTree) -> None:
    write_load(tmp_path / "load.csv", HORIZON, tree, np.zeros((4, 4)))
    assert not read_load(tmp_path / "load.csv", HORIZON, tree).any()


QUANTILES = "node,timestamp,load_kw,load_kw_p10,load_kw_p50,load_kw_p90,kind\n"


def quantile_load(write: Write, tree: CircuitTree, text: str, quantile: float) -> FloatArray:
    path = write("load.csv", QUANTILES + text)
    return direct_load_of(read_table(path, LOAD), HORIZON, tree, quantile)


def test_load_is_read_at_a_quantile_and_drawn_between_those_known(write: Write, tree: CircuitTree) -> None:
    text = "T1,2020-01-06T00:00:00Z,3,1,2,5,\nT1,2020-01-06T01:00:00Z,3,1,2,5,\n"
    row = tree.index["T1"]
    for quantile, kw in ((0.1, 1.0), (0.5, 2.0), (0.9, 5.0)):
        assert quantile_load(write, tree, text, quantile)[row].tolist() == [kw] * 4
    share = NormalDist().inv_cdf(0.8) / NormalDist().inv_cdf(0.9)
    assert quantile_load(write, tree, text, 0.8)[row, 0] == pytest.approx(2 + share * 3)


def test_totals_are_each_their_own_quantile(write: Write, tree: CircuitTree) -> None:
    """F and T1 are measured with all below them: through each flows its own 90 %, not a sum of those below."""
    text = "".join(f"F,2020-01-06T0{h}:00:00Z,9,7,9,11,total\n" for h in (0, 1))
    text += "".join(f"T1,2020-01-06T0{h}:00:00Z,5,3,5,8,total\n" for h in (0, 1))
    through = tree.sum_up(quantile_load(write, tree, text, 0.9))
    assert through[tree.index["F"]].tolist() == [11.0] * 4
    assert through[tree.index["T1"]].tolist() == [8.0] * 4


@pytest.mark.parametrize(
    ("cells", "quantile", "words"),
    [
        ("3,,,", 0.9, r"load at quantile 0.9 is read from the columns load_kw_p10, .* and none is known; give two"),
        ("3,1,2,5", 0.95, r"quantile = 0.95: give one between 0.1 and 0.9"),
        ("3,1,2,", 0.9, r"quantile = 0.9: give one between 0.1 and 0.5"),
        ("3,1,2,1.5", 0.9, r"load_kw_p50 = '2': is more than load_kw_p90 1.5"),
    ],
)
def test_a_quantile_that_is_not_known_is_refused(
    write: Write, tree: CircuitTree, cells: str, quantile: float, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        quantile_load(write, tree, f"T1,2020-01-06T00:00:00Z,{cells},\n", quantile)


def test_a_quantile_that_stands_in_some_rows_only_is_refused(write: Write, tree: CircuitTree) -> None:
    text = "T1,2020-01-06T00:00:00Z,3,1,2,5,\nT1,2020-01-06T01:00:00Z,3,1,2,,\n"
    with pytest.raises(LoadError, match=r"load_kw_p90 of T1 is blank at 2020-01-06T01:00:00Z, but known in other rows"):
        quantile_load(write, tree, text, 0.5)
