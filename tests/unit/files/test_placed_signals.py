from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.domain.circuit import CircuitTree
from evenload.domain.signal import PlacedSignals
from evenload.files.placed_signals import placed_signals_of
from evenload.files.specs import SIGNAL
from evenload.files.table import read_table

Write = Callable[[str, str], Path]
HORIZON = Horizon(datetime(2020, 1, 6, tzinfo=UTC), 60, 2)
HEAD = "timestamp,price_per_kwh,currency,carbon_g_per_kwh,carbon_kind,export_price_per_kwh,node\n"


def rows(price: str, node: str = "", rest: str = "EUR,,,") -> str:
    """Two hours of one price at a node."""
    return "".join(f"2020-01-06T0{hour}:00:00Z,{price},{rest},{node}\n" for hour in (0, 1))


def placed(write: Write, tree: CircuitTree, text: str, *nodes: str) -> PlacedSignals:
    """What sessions at these nodes have of a file."""
    table = read_table(write("signal.csv", HEAD + text), SIGNAL)
    return placed_signals_of(table, HORIZON, tree, np.array([tree.index[node] for node in nodes], dtype=np.int64))


def prices(found: PlacedSignals) -> list[float]:
    """Each session's price in the first hour."""
    return [float(found.signals[place].price_per_kwh[0]) for place in found.of_session]


@pytest.mark.requirement("R31", "R127")
def test_rows_of_a_node_hold_at_it_and_below_it(write: Write, tree: CircuitTree) -> None:
    found = placed(write, tree, rows("0.1") + rows("0.2", "T1"), "S", "T2", "T1", "F")
    assert prices(found) == [0.2, 0.1, 0.2, 0.1]
    assert found.places == ("", "T1")
    assert found.overall.price_per_kwh.tolist() == [0.1, 0.1]


def test_the_nearest_node_goes_first(write: Write, tree: CircuitTree) -> None:
    found = placed(write, tree, rows("0.1", "F") + rows("0.2", "T1") + rows("0.3", "S"), "S", "T2", "T1")
    assert prices(found) == [0.3, 0.1, 0.2]


def test_every_quantity_is_looked_up_by_itself(write: Write, tree: CircuitTree) -> None:
    """Carbon of a transformer, the price of the feeder above it, export the same everywhere."""
    text = rows("0.1", "F") + rows("", "T1", ",300,average,") + rows("0.9", "", "EUR,100,average,0.05")
    found = placed(write, tree, text, "S", "T2")
    assert prices(found) == [0.1, 0.1]
    carbon = [found.signals[place].carbon_g_per_kwh for place in found.of_session]
    export = [found.signals[place].export_price_per_kwh for place in found.of_session]
    assert [float(values[0]) for values in carbon if values is not None] == [300, 100]
    assert [float(values[0]) for values in export if values is not None] == [0.05, 0.05]


def test_without_a_price_everywhere_the_overall_one_is_the_mean(write: Write, tree: CircuitTree) -> None:
    found = placed(write, tree, rows("0.1", "T1") + rows("0.3", "T2"), "S", "T2")
    assert found.overall.price_per_kwh == pytest.approx([0.2, 0.2])
    assert (found.overall.currency, found.overall.carbon_g_per_kwh) == ("EUR", None)
    assert "" not in found.places


def test_one_price_for_all_is_one_place(write: Write, tree: CircuitTree) -> None:
    found = placed(write, tree, rows("0.1"), "S", "T2", "F")
    assert (found.places, found.of_session.tolist()) == (("",), [0, 0, 0])


def test_without_sessions_the_price_of_everywhere_is_needed(write: Write, tree: CircuitTree) -> None:
    found = placed(write, tree, rows("0.1") + rows("0.3", "T2"))
    assert (found.places, found.of_session.size) == (("",), 0)
    with pytest.raises(SignalError, match="no row holds a price_per_kwh everywhere"):
        placed(write, tree, rows("0.3", "T2"))


def test_rows_of_a_node_stand_alone_and_must_cover_the_horizon(write: Write, tree: CircuitTree) -> None:
    half = rows("0.2", "T1").splitlines()[0]
    with pytest.raises(SignalError, match=r"price_per_kwh of T1 runs from .*T00:00:00\+00:00 to .*T01:00:00\+00:00"):
        placed(write, tree, rows("0.1") + half, "T1")
    assert prices(placed(write, tree, rows("0.1") + half, "T2")) == [0.1]  # nobody there: no matter


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            rows("0.1", "T2"),
            "no row holds a price_per_kwh at 'S', where sessions are, nor at a circuit above it; give rows of that "
            "node, or rows with a blank node for everywhere else",
        ),
        (rows("0.1", "T11") + rows("0.1"), "node 'T11' is not in the grid. Did you mean 'T1'?"),
        (rows("0.1", "T1") + rows("1", "", "NOK,,,"), "currency is EUR at T1 and NOK elsewhere"),
        (
            rows("0.1", "T1", "EUR,300,marginal,") + rows("0.1", "", "EUR,300,average,"),
            "carbon_kind is average elsewhere and marginal at T1; one plan has one carbon_kind",
        ),
        (HEAD.partition("\n")[2], "no row holds a price_per_kwh everywhere"),
        (rows("", "T1", ",300,average,"), "no row holds a price_per_kwh everywhere"),
    ],
)
def test_what_leaves_a_session_without_one_price_is_refused(
    write: Write, tree: CircuitTree, text: str, sentence: str
) -> None:
    with pytest.raises(SignalError) as refused:
        placed(write, tree, text, "S", "T2")
    assert sentence in str(refused.value)
    assert str(refused.value).count("signal.csv: ") == 1
