"""The signals of a signal file at the places of a grid: rows of a node hold at it and below it."""

import numpy as np

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.base.units import IntArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.signal import PlacedSignals, Signal, mean_signal
from evenload.files.naming import naming
from evenload.files.signal import signal_of
from evenload.files.table import Table

_EVERYWHERE = -1


def placed_signals_of(table: Table, horizon: Horizon, tree: CircuitTree, node: IntArray) -> PlacedSignals:
    """The signals that sessions at ``node`` (S,) have: of the nearest node with rows, itself or above, else everywhere.

    Raises ``SignalError``, naming the file, for rows of a node that is not in the grid, a session's node without a
    price, or places that differ in currency or kind of carbon; see ``signal_of`` for the rest.
    """
    nearest = _nearest_with_rows(table, tree)
    places, of_session = np.unique(nearest[node], return_inverse=True)
    paths = [_names(tree, place) for place in places.tolist()]
    with naming(table.path, SignalError):
        _refuse_without_price(table, tree, paths, node[np.unique(of_session, return_index=True)[1]])
    by_node = _rows_by_name(table)
    signals = tuple(signal_of(_part(table, by_node, path), horizon, path) for path in paths)
    names = tuple(path[0] if path else "" for path in paths)
    with naming(table.path, SignalError):
        _refuse_mixtures(names, signals)
    if not signals:
        everywhere = signal_of(table, horizon)
        return PlacedSignals(("",), (everywhere,), np.zeros(0, dtype=np.int64), everywhere)
    overall = signals[names.index("")] if "" in names else mean_signal(signals)
    return PlacedSignals(names, signals, of_session.astype(np.int64), overall)


def _nearest_with_rows(table: Table, tree: CircuitTree) -> IntArray:
    """Index of the nearest node with rows of its own, itself or above, of every node, -1 for none, shape (N,)."""
    names = np.unique(table["node"])
    with naming(table.path, SignalError):
        listed = tree.find(names[names != ""].tolist()) if (names != "").any() else np.zeros(0, dtype=np.int64)
    nearest = np.full(len(tree), _EVERYWHERE, dtype=np.int64)
    nearest[listed] = listed
    for n in range(1, len(tree)):
        if nearest[n] == _EVERYWHERE:
            nearest[n] = nearest[tree.parent[n]]
    return nearest


def _names(tree: CircuitTree, place: int) -> tuple[str, ...]:
    return () if place == _EVERYWHERE else tuple(tree.circuits[n].node for n in tree.path(place))


def _rows_by_name(table: Table) -> dict[str, IntArray]:
    names, inverse = np.unique(table["node"], return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    return dict(zip(names.tolist(), np.split(order, np.cumsum(np.bincount(inverse))[:-1]), strict=False))


def _part(table: Table, by_node: dict[str, IntArray], path: tuple[str, ...]) -> Table:
    """The rows that can matter on a path: a table of thousands of nodes is not searched again for each."""
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *(by_node[name] for name in (*path, "") if name in by_node)])
    return Table(table.path, {name: column[rows] for name, column in table.columns.items()})


def _refuse_without_price(table: Table, tree: CircuitTree, paths: list[tuple[str, ...]], example: IntArray) -> None:
    """Raise for the first place without a price; ``example`` is the node of a session of each."""
    priced = set(np.unique(table["node"][~np.isnan(table["price_per_kwh"])]).tolist())
    for path, n in zip(paths, example.tolist(), strict=True):
        if priced and not priced & {*path, ""}:
            raise SignalError(
                f"no row holds a price_per_kwh at {tree.circuits[n].node!r}, where sessions are, nor at a circuit "
                "above it; give rows of that node, or rows with a blank node for everywhere else"
            )


def _refuse_mixtures(names: tuple[str, ...], signals: tuple[Signal, ...]) -> None:
    for word in ("currency", "carbon_kind"):
        given = {
            getattr(signal, word): f"at {name}" if name else "elsewhere"
            for name, signal in zip(names, signals, strict=True)
        }
        given.pop("", None)
        if len(given) > 1:
            found = " and ".join(f"{value} {place}" for value, place in sorted(given.items()))
            raise SignalError(f"{word} is {found}; one plan has one {word}")
