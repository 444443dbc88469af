"""The load file as direct load per node and step, both ways."""

from pathlib import Path
from typing import Final

import numpy as np

from evenload.base.errors import LoadError
from evenload.base.horizon import Horizon
from evenload.base.units import BoolArray, FloatArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.signal import Series
from evenload.files.by_node import rows_by_node
from evenload.files.naming import naming
from evenload.files.specs import LOAD
from evenload.files.table import Table, read_table, write_table
from evenload.forecast.level import load_at_level

_TOTAL: Final = "total"

_QUANTILES: Final = {"load_kw_p10": 0.1, "load_kw_p50": 0.5, "load_kw_p90": 0.9}
"""Columns with load at a quantile, and which."""


def read_load(path: Path, horizon: Horizon, tree: CircuitTree, rejects: Path | None = None) -> FloatArray:
    """Direct load of every node, kW, shape (nodes, steps); ``tree.sum_up`` of it is the load through each node.

    A node that is not listed has none. Where a node's rows are totals, measured with all below it, its direct load is
    what the nodes below leave unexplained. Raises ``LoadError``, naming the file, for a gap or short end inside a
    listed node, an unknown node, or a node with both kinds of rows.
    """
    return direct_load_of(read_table(path, LOAD, rejects=rejects), horizon, tree)


def has_quantiles(table: Table) -> bool:
    """Whether a table read with the load spec knows load at any quantile."""
    return any(not np.isnan(table[name]).all() for name in _QUANTILES)


def load_kw_of(table: Table, quantile: float) -> FloatArray:
    """Load of each row at a quantile, kW, shape (rows,); between the quantiles that are known it is drawn as if errors
    were normal. Raises ``LoadError``, naming the file, where none is known, or not in all rows, and for a quantile
    outside them.
    """
    known = [name for name in _QUANTILES if not np.isnan(table[name]).all()]
    with naming(table.path, LoadError):
        if not known:
            raise LoadError(
                f"load at quantile {quantile:g} is read from the columns {', '.join(_QUANTILES)}, and none is known; "
                "give two of them or more, or plan with load_kw, without a quantile"
            )
        values = np.column_stack([table[name] for name in known])
        blank = np.isnan(values).any(axis=1)
        if blank.any():
            row = int(blank.argmax())
            raise LoadError(
                f"{known[int(np.isnan(values[row]).argmax())]} of {table['node'][row]} is blank at "
                f"{table['timestamp'][row]}Z, but known in other rows: give it in all rows, or in none"
            )
        return load_at_level(values[:, :, None], tuple(_QUANTILES[name] for name in known), quantile)[:, 0]


def direct_load_of(table: Table, horizon: Horizon, tree: CircuitTree, quantile: float | None = None) -> FloatArray:
    """Direct load of a table read with the load spec; see ``read_load``. ``quantile`` reads it at a quantile in place
    of ``load_kw`` (``load_kw_of``): a node's rows of kind total are then its own quantile; rows of kind direct add up.
    """
    load_kw = table["load_kw"] if quantile is None else load_kw_of(table, quantile)
    listed_kw = np.zeros((len(tree), horizon.steps))
    is_total = np.zeros(len(tree), dtype=np.bool_)
    with naming(table.path, LoadError):
        for node, rows in rows_by_node(table, tree):
            name = tree.circuits[node].node
            listed_kw[node] = Series(table["timestamp"][rows], load_kw[rows], f"load_kw of {name}").onto(horizon)
            total = table["kind"][rows] == _TOTAL
            if total.any() and not total.all():
                raise LoadError(f"node {name!r} has rows of kind direct and of kind total; keep one kind")
            is_total[node] = total.all()
    return _difference(listed_kw, is_total, tree)


def write_load(path: Path, horizon: Horizon, tree: CircuitTree, direct_kw: FloatArray) -> None:
    """Write direct load (kW, shape (nodes, steps)) of every node that has any."""
    nodes = np.flatnonzero(direct_kw.any(axis=1))
    names = np.array([tree.circuits[node].node for node in nodes.tolist()], dtype=np.str_)
    columns = {
        "node": np.repeat(names, horizon.steps),
        "timestamp": np.tile(horizon.starts(), nodes.size),
        "load_kw": direct_kw[nodes].ravel(),
    }
    write_table(path, LOAD, columns)


def _difference(listed_kw: FloatArray, is_total: BoolArray, tree: CircuitTree) -> FloatArray:
    """Totals less everything below them; from the leaves up, since a total below is itself part of the one above."""
    direct = listed_kw.copy()
    below = np.zeros_like(listed_kw)
    for node in range(len(tree) - 1, -1, -1):
        if is_total[node]:
            direct[node] -= below[node]
        if node:
            below[tree.parent[node]] += direct[node] + below[node]
    return direct
