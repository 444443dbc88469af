"""The limits file: limits over time in place of the grid's static ones."""

from pathlib import Path

import numpy as np

from evenload.base.errors import CircuitError
from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.circuit import CircuitTree
from evenload.files.by_node import rows_by_node
from evenload.files.naming import naming
from evenload.files.specs import LIMITS
from evenload.files.table import Table, read_table


def read_limits(path: Path, horizon: Horizon, tree: CircuitTree, rejects: Path | None = None) -> FloatArray:
    """Limit of every node and step, kW, shape (nodes, steps).

    A row's limit holds from its timestamp to the node's next row; before the first row the grid's limit holds. A step
    in which the limit changes gets the lowest in force during it. ``CircuitError``, naming the file, for a node that
    is not in the grid.
    """
    return limits_of(read_table(path, LIMITS, rejects=rejects), horizon, tree)


def limits_of(table: Table, horizon: Horizon, tree: CircuitTree) -> FloatArray:
    """Limits of a table read with the limits spec; see ``read_limits``."""
    return _over_time(table, "limit_kw", horizon, tree, tree.limit_kw)


def export_limits_of(table: Table, horizon: Horizon, tree: CircuitTree) -> FloatArray:
    """Limits of power flowing up, kW, shape (nodes, steps); a blank leaves in force what was before."""
    return _over_time(table, "export_limit_kw", horizon, tree, tree.export_limit_kw)


def emergency_limits_of(tree: CircuitTree, limit_kw: FloatArray) -> FloatArray | None:
    """Emergency limits beside normal ones ``limit_kw`` (nodes, steps) or (nodes, 1), kW, of the same shape.

    Where the grid gives one above its normal limit, that or the normal one of the step if it is higher; elsewhere the
    normal one. None where no circuit has one of its own.
    """
    own = tree.emergency_limit_kw > tree.limit_kw
    if not own.any():
        return None
    return np.where(own[:, None], np.maximum(tree.emergency_limit_kw[:, None], limit_kw), limit_kw)


def _over_time(table: Table, column: str, horizon: Horizon, tree: CircuitTree, static_kw: FloatArray) -> FloatArray:
    limit_kw = np.repeat(static_kw[:, None], horizon.steps, axis=1)
    steps = np.arange(horizon.steps)
    with naming(table.path, CircuitError):
        for node, every_row in rows_by_node(table, tree):
            rows = every_row[~np.isnan(table[column][every_row])]
            position = horizon.position(table["timestamp"][rows])
            held = np.append(limit_kw[node, 0], table[column][rows])
            limit_kw[node] = held[np.searchsorted(position, steps, side="right")]
            inside = (position > 0) & (position < horizon.steps) & (position % 1 > 0)
            np.minimum.at(limit_kw[node], position[inside].astype(np.int64), held[1:][inside])
    return limit_kw
