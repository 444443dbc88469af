"""The grid file as a tree of circuits, both ways."""

from math import isinf, nan
from pathlib import Path
from typing import Any

import numpy as np

from evenload.base.errors import CircuitError
from evenload.base.units import kw_from_kva
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.files.naming import naming
from evenload.files.specs import GRID
from evenload.files.table import Table, read_table, write_table


def read_grid(path: Path, rejects: Path | None = None) -> CircuitTree:
    """Read a grid file. Raises ``CircuitError``, naming the file, for an orphan, a cycle or other than one root."""
    return tree_of(read_table(path, GRID, rejects=rejects))


def tree_of(table: Table) -> CircuitTree:
    """The tree of a table read with the grid spec; a blank limit is rating x power factor, else unlimited."""
    rows = zip(*(table[name].tolist() for name in GRID.names), strict=True)
    with naming(table.path, CircuitError):
        return CircuitTree.of(_circuit(dict(zip(GRID.names, row, strict=True))) for row in rows)


def write_grid(path: Path, tree: CircuitTree) -> None:
    """Write a grid file, parents before children."""
    columns = {}
    for column in GRID.columns:
        values = [getattr(circuit, column.name) for circuit in tree.circuits]
        columns[column.name] = np.array(values, dtype=column.kind.dtype)
    unlimited = np.isinf(columns["emergency_limit_kw"])
    columns["emergency_limit_kw"][unlimited] = nan
    write_table(path, GRID, columns)


def _circuit(cells: dict[str, Any]) -> Circuit:
    limit_kw = kw_from_kva(cells["rating_kva"], cells["power_factor"])
    if not isinf(cells["limit_kw"]) or np.isnan(limit_kw):
        limit_kw = cells["limit_kw"]
    return Circuit(**(cells | {"kind": CircuitKind(cells["kind"]), "limit_kw": limit_kw}))
