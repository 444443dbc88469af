"""The signal file brought onto a horizon, and written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime
from evenload.base.units import FloatArray, IntArray
from evenload.domain.signal import Series, Signal
from evenload.files.naming import naming
from evenload.files.specs import SIGNAL
from evenload.files.table import Table, read_table, write_table


def read_signal(path: Path, horizon: Horizon, node: str = "", rejects: Path | None = None) -> Signal:
    """Read price, and what else is given, onto ``horizon``, as it holds at ``node``.

    Rows of that node, where it has any for a quantity, stand in place of all rows for everywhere (blank node). Raises
    ``SignalError``, naming the file, where there is no price, a gap or a short end, or where currencies or kinds of
    carbon are mixed.
    """
    return signal_of(read_table(path, SIGNAL, rejects=rejects), horizon, (node,) if node else ())


def signal_of(table: Table, horizon: Horizon, nodes: Sequence[str] = ()) -> Signal:
    """The signal of a table read with the signal spec, as it holds at a node: see ``read_signal``.

    ``nodes`` is the path from it upwards: the first one with rows for a quantity goes before the others and everywhere.
    """
    with naming(table.path, SignalError):
        price = _series(table, "price_per_kwh", nodes)
        if price is None:
            raise SignalError(f"no row holds a price_per_kwh {f'at {nodes[0]!r} or ' if nodes else ''}everywhere")
        carbon, export = _series(table, "carbon_g_per_kwh", nodes), _series(table, "export_price_per_kwh", nodes)
        return Signal(
            horizon,
            price.onto(horizon),
            _only_word(table, "currency", "price_per_kwh", nodes),
            None if carbon is None else carbon.onto(horizon),
            "" if carbon is None else _only_word(table, "carbon_kind", "carbon_g_per_kwh", nodes),
            None if export is None else export.onto(horizon),
        )


def read_signal_span(path: Path, step_minutes: int = 15, rejects: Path | None = None) -> Horizon:
    """The horizon a signal file spans: first timestamp to the end of the last interval."""
    return span_of(read_table(path, SIGNAL, rejects=rejects), step_minutes)


def span_of(table: Table, step_minutes: int = 15) -> Horizon:
    """The horizon of a table read with the signal spec; ``SignalError`` where it is empty or does not divide."""
    with naming(table.path, SignalError):
        timestamps = np.unique(table["timestamp"])
        if not timestamps.size:
            raise SignalError("the file has no rows, so it spans no time")
        last = Series(timestamps, np.zeros(timestamps.size), "timestamp").step_seconds
        end = timestamps[-1] + np.timedelta64(last, "s")
        return Horizon.between(to_datetime(timestamps[0]), to_datetime(end), step_minutes)


def write_signal(path: Path, signal: Signal, node: str = "") -> None:
    """Write a signal, one row a step, at ``node`` (blank is everywhere)."""
    steps = signal.horizon.steps
    columns: dict[str, NDArray[Any]] = {
        "timestamp": signal.horizon.starts(),
        "price_per_kwh": signal.price_per_kwh,
        "currency": np.full(steps, signal.currency),
    }
    if signal.carbon_g_per_kwh is not None:
        columns["carbon_g_per_kwh"] = signal.carbon_g_per_kwh
        columns["carbon_kind"] = np.full(steps, signal.carbon_kind)
    if signal.export_price_per_kwh is not None:
        columns["export_price_per_kwh"] = signal.export_price_per_kwh
    if node:
        columns["node"] = np.full(steps, node)
    write_table(path, SIGNAL, columns)


def _rows(table: Table, column: str, nodes: Sequence[str]) -> tuple[str, IntArray]:
    """The first of ``nodes``, else everywhere (""), that has rows with ``column``, and these rows."""
    given = ~np.isnan(table[column])
    for node in (*nodes, ""):
        rows = np.flatnonzero(given & (table["node"] == node))
        if rows.size:
            return node, rows
    return "", rows


def _series(table: Table, column: str, nodes: Sequence[str]) -> Series | None:
    node, rows = _rows(table, column, nodes)
    if not rows.size:
        return None
    rows = rows[np.argsort(table["timestamp"][rows])]
    values: FloatArray = table[column][rows]
    return Series(table["timestamp"][rows], values, f"{column} of {node}" if node else column)


def _only_word(table: Table, words: str, beside: str, nodes: Sequence[str]) -> str:
    """The one word given beside a quantity; a mixture is refused."""
    given = np.unique(table[words][_rows(table, beside, nodes)[1]])
    given = given[given != ""]
    if given.size > 1:
        raise SignalError(f"{words} is {' and '.join(given.tolist())}; one signal has one {words}")
    return str(given[0]) if given.size else ""
