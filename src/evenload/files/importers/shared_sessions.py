"""Prepared session files of one layout (``*.csv.gz``), and what makes planning needs of past sessions.

Columns: ``session_id, site_type, plugged_at, unplugged_at, energy_kwh, max_kw, user_id, port_id, site_id``, then what
one set alone has: ``access`` (Norway), ``charging_minutes`` (Boulder), ``model`` (Scotland), ``facility`` and
``paid_usd`` (Asensio), ``requested_kwh``, ``declared_departure`` and ``claimed`` (ACN).
"""

from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import numpy as np
import pandas as pd

from evenload.base.errors import ColumnsError
from evenload.base.instants import InstantArray
from evenload.base.units import BoolArray, FloatArray, TextArray
from evenload.domain.history import History
from evenload.domain.session import Sessions
from evenload.files.importers.outcome import POWER_SLACK

_TEXTS: Final = ("user_id", "port_id", "site_id", "site_type")


def read_history(path: Path) -> History:
    """Read a prepared session file.

    What ACN drivers declared (departure, kWh) is kept only where ``claimed``: in its other rows the file repeats
    what happened, which no planner could have known.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    known = {name: _text(table, name) for name in _TEXTS}
    return History.of(
        session_id=_text(table, "session_id"),
        plugged_at=instants(table["plugged_at"]),
        unplugged_at=instants(table["unplugged_at"]),
        energy_kwh_metered=_numbers(table["energy_kwh"]),
        power_kw_max=_numbers(table["max_kw"]),
        **known,
        **_declared(table),
    )


def read_user_power(path: Path) -> dict[str, float]:
    """Charging power by user (kW, the publisher's estimate) of the Norwegian users file; blank ones are left out."""
    table = pd.read_csv(path, dtype={"user_id": str})
    known = table.dropna(subset=["est_charging_power_kw"])
    return dict(zip(known["user_id"].tolist(), known["est_charging_power_kw"].tolist(), strict=True))


def without_contradicted_power(history: History) -> History:
    """Blank ``power_kw_max`` where the car took more on average than it says: it cannot be what the car drew at most.

    Ratings are rounded (a "7 kW" outlet gives 7.4) and estimates can miss; ``POWER_SLACK`` allows for the first.
    """
    contradicted = history.energy_kwh_metered > POWER_SLACK * history.power_kw_max * history.connected_h
    return replace(history, power_kw_max=np.where(contradicted, np.nan, history.power_kw_max))


def sessions_of(history: History, efficiency: float = 1.0, power_kw_unknown: float = np.nan) -> Sessions:
    """Planning needs of past sessions: each car wants what it took, by when it left.

    ``energy_kwh = energy_kwh_metered x efficiency`` (battery side) and ``departs_at = unplugged_at``.
    ``power_kw_unknown`` (kW) is used where the history does not know ``power_kw_max``.

    Raises:
        ColumnsError: where a power is unknown and nothing stands in.
    """
    power_kw_max = np.where(np.isnan(history.power_kw_max), power_kw_unknown, history.power_kw_max)
    unknown = np.isnan(power_kw_max)
    if unknown.any():
        raise ColumnsError(
            f"power_kw_max of {int(unknown.sum())} sessions is unknown, the first is "
            f"{history.session_id[int(np.argmax(unknown))]}; say with power_kw_unknown what stands in"
        )
    return Sessions.of(
        session_id=history.session_id,
        plugged_at=history.plugged_at,
        departs_at=history.unplugged_at,
        energy_kwh=history.energy_kwh_metered * efficiency,
        power_kw_max=power_kw_max,
        node=history.node,
        efficiency=np.full(len(history), efficiency),
        user_id=history.user_id,
        site_type=history.site_type,
    )


def instants(column: "pd.Series[str]") -> InstantArray:
    """ISO 8601 timestamps with offsets as ``datetime64[s]`` in UTC; a blank one is NaT."""
    utc = pd.to_datetime(column, utc=True, format="ISO8601").dt.tz_localize(None)
    return cast(InstantArray, utc.to_numpy().astype("datetime64[s]"))


def _declared(table: pd.DataFrame) -> dict[str, InstantArray | FloatArray]:
    if "claimed" not in table:
        return {}
    claimed: BoolArray = (table["claimed"] == "True").to_numpy()
    departs = instants(table["declared_departure"].where(claimed, ""))
    return {
        "departs_at_declared": departs,
        "energy_kwh_declared": np.where(claimed, _numbers(table["requested_kwh"]), np.nan),
    }


def _text(table: pd.DataFrame, name: str) -> TextArray:
    return np.asarray(table[name].to_numpy(), dtype=np.str_)


def _numbers(column: "pd.Series[str]") -> FloatArray:
    return np.asarray(pd.to_numeric(column), dtype=np.float64)
