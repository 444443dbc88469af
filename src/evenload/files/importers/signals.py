"""Prepared price, carbon and PV files: one row an interval start, several nodes or regions in one file."""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from evenload.base.errors import SignalError, did_you_mean
from evenload.domain.signal import Series
from evenload.files.importers.shared_sessions import instants

_KWH_PER_MWH: Final = 1000.0


def read_prices(path: Path, node: str | None = None) -> tuple[Series, str]:
    """Energy price per kWh of one node, and its currency, of a file with ``price_per_mwh``.

    ``node`` may be left out where the file holds one.

    Raises:
        SignalError: for a node the file does not hold, or none chosen among several.
    """
    table = _chosen(path, "node", node)
    currencies = table["currency"].unique().tolist()
    if len(currencies) != 1:
        raise SignalError(f"{path.name} mixes currencies: {', '.join(currencies)}")
    return _series(table, "price_per_mwh", "price_per_kwh", 1 / _KWH_PER_MWH), str(currencies[0])


def read_carbon(path: Path, region: str | None = None) -> Series:
    """Marginal carbon intensity (g/kWh) of one region; chosen as in ``read_prices``."""
    return _series(_chosen(path, "region", region), "g_per_kwh", "carbon_g_per_kwh")


def read_pv(path: Path) -> Series:
    """PV output, kW AC per kWp installed."""
    return _series(pd.read_csv(path), "ac_kw_per_kwp", "kw_per_kwp")


def _chosen(path: Path, column: str, wanted: str | None) -> pd.DataFrame:
    table = pd.read_csv(path, keep_default_na=False)
    known = [str(name) for name in table[column].unique()]
    if wanted is None and len(known) > 1:
        raise SignalError(f"{path.name} holds several: choose a {column} among {', '.join(known)}")
    if wanted is not None and wanted not in known:
        hint = did_you_mean(wanted, known)
        raise SignalError(f"{path.name} has no {column} {wanted!r}; it has {', '.join(known)}.{hint}")
    return table if wanted is None else table[table[column] == wanted]


def _series(table: pd.DataFrame, column: str, name: str, factor: float = 1.0) -> Series:
    values = np.asarray(pd.to_numeric(table[column]), dtype=np.float64) * factor
    return Series(instants(table["timestamp"]), values, name)
