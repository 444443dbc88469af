"""Example data that comes with evenload, each set with its licence and the attribution it needs."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from evenload.base.errors import InputError, did_you_mean
from evenload.base.instants import Interval, to_datetime64
from evenload.base.units import FloatArray
from evenload.domain.history import History
from evenload.domain.signal import Series
from evenload.files.importers.households import step_means
from evenload.files.importers.opendss import FeederTable

_FOLDER: Final = resources.files("evenload.files") / "data"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One packaged set. ``kind`` is history, signal, households or feeder; ``attribution`` must go where it is used."""

    name: str
    title: str
    kind: str
    file: str
    rows: int
    licence: str
    attribution: str
    source: str
    changes: str
    currency: str = ""


def names() -> tuple[str, ...]:
    """Names of the packaged sets."""
    return tuple(_catalogue())


def dataset(name: str) -> Dataset:
    """The set of that name; an unknown one raises ``InputError`` with the nearest name."""
    try:
        return _catalogue()[name]
    except KeyError as error:
        hint = did_you_mean(name, names()) or f" The packaged sets are {', '.join(names())}."
        raise InputError(f"evenload has no packaged data set {name!r}.{hint}") from error


def history(name: str) -> History:
    """Past sessions of a set of kind history."""
    table = _table(name, "history")
    return History.of(**{column: _numpy(table[column]) for column in table.column_names})


def series(name: str, value: str, node: str = "", within: Interval | None = None) -> Series:
    """One column of a set of kind signal, such as ``price_per_kwh``, ``carbon_g_per_kwh`` or ``kw_per_kwp``.

    ``node`` chooses among several (``AVERT_CA`` and ``AVERT_NE`` of ``carbon-avert``). ``within`` keeps the timestamps
    in that interval: needed for ``day-ahead-nl``, whose two years do not touch.
    """
    table = _table(name, "signal")
    values = sorted(set(table.column_names) - {"timestamp", "node", "currency", "carbon_kind"})
    if value not in values:
        raise InputError(f"{name} has no {value!r}; it has {', '.join(values)}.{did_you_mean(value, values)}")
    timestamp = _numpy(table["timestamp"])
    kept = _at_node(name, table, node)
    if within is not None:
        kept = kept & (timestamp >= to_datetime64(within.start)) & (timestamp < to_datetime64(within.end))
        if not kept.any():
            raise InputError(f"{name} has nothing from {within.start.isoformat()} to {within.end.isoformat()}")
    return Series(timestamp[kept], _numpy(table[value])[kept], value)


def households(name: str = "households-british", step_minutes: int = 1) -> FloatArray:
    """Load of every household (kW, mean over the step) from midnight, shape (households, 1440 / step_minutes)."""
    table = _table(name, "households")
    return step_means(np.array([_numpy(table[column]) for column in table.column_names]), step_minutes)


def feeder(name: str = "feeder-epri-ckt5") -> FeederTable:
    """Distribution transformers of a feeder, with their ratings and customers."""
    table = _table(name, "feeder")
    return FeederTable(**{column: _numpy(table[column]) for column in FeederTable.names()})


def _at_node(name: str, table: pa.Table, node: str) -> NDArray[np.bool_]:
    known = sorted(set(table["node"].to_pylist())) if "node" in table.column_names else []
    if not node and len(known) <= 1:
        return np.ones(len(table), dtype=np.bool_)
    if node not in known:
        listed = ", ".join(known) or "none"
        raise InputError(f"{name} has no node {node!r}; choose among: {listed}.{did_you_mean(node, known)}")
    return np.asarray(_numpy(table["node"]) == node)


@cache
def _catalogue() -> dict[str, Dataset]:
    tables = tomllib.loads((_FOLDER / "datasets.toml").read_text(encoding="utf-8"))
    return {name: Dataset(name=name, **entries) for name, entries in tables.items()}


def _table(name: str, kind: str) -> pa.Table:
    chosen = dataset(name)
    if chosen.kind != kind:
        raise InputError(f"{name} is of kind {chosen.kind}, not {kind}")
    return pa_parquet.read_table(BytesIO((_FOLDER / chosen.file).read_bytes()))


def _numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.to_numpy().astype("datetime64[s]"))
    if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
        return np.array([text or "" for text in column.to_pylist()], dtype=np.str_)
    return np.asarray(column.to_numpy())
