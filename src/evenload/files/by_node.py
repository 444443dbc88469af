"""Rows of a file of time series, node by node."""

from collections.abc import Iterator

import numpy as np

from evenload.base.units import IntArray
from evenload.domain.circuit import CircuitTree
from evenload.files.cells import text_array
from evenload.files.table import Table


def rows_by_node(table: Table, tree: CircuitTree) -> Iterator[tuple[int, IntArray]]:
    """Each listed node's index in ``tree`` with its rows in order of time; ``CircuitError`` for an unknown node."""
    names = text_array(table["node"]).dictionary_encode()
    node = tree.find(names.dictionary.to_pylist())[names.indices.to_numpy()]
    order = np.lexsort((table["timestamp"], node))
    listed, first = np.unique(node[order], return_index=True)
    yield from zip(listed.tolist(), np.split(order, first[1:]), strict=False)
