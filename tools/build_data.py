"""Rebuild the packaged example data from the prepared reference data, byte for byte for one pyarrow version.

    python tools/build_data.py [SHARED_DATA] [OUT]

SHARED_DATA defaults to ``../shared/data`` beside the project, OUT to ``src/evenload/files/data``.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from evenload.base.instants import to_datetime64
from evenload.domain.history import History
from evenload.files.importers.households import read_households
from evenload.files.importers.opendss import read_feeder
from evenload.files.importers.shared_sessions import read_history, read_user_power, without_contradicted_power
from evenload.files.importers.signals import read_carbon, read_prices, read_pv

PROJECT = Path(__file__).resolve().parent.parent
DUNDEE_FROM = datetime(2018, 6, 1, tzinfo=UTC)
CARBON_REGIONS = ("AVERT_CA", "AVERT_NE")


def build(shared: Path, out: Path) -> None:
    """Write every packaged file."""
    out.mkdir(parents=True, exist_ok=True)
    write(out / "residential-norway.parquet", history_columns(norway(shared)))
    write(
        out / "workplace-asensio.parquet", history_columns(read_history(shared / "sessions/workplace_asensio.csv.gz"))
    )
    write(out / "public-dundee.parquet", history_columns(dundee(shared)))
    write(out / "day-ahead-nl.parquet", prices(shared))
    write(out / "carbon-avert.parquet", carbon(shared))
    write(out / "households-british.parquet", households(shared))
    write(out / "pv-san-diego.parquet", pv(shared))
    write(out / "feeder-epri-ckt5.parquet", dict(read_feeder(shared / "feeders/epri_ckt5.tar.gz").columns()))


def norway(shared: Path) -> History:
    """All sessions; power stays blank where a user has no estimate or the session contradicts it."""
    sessions = read_history(shared / "sessions/residential_norway12.csv.gz")
    power_kw = read_user_power(shared / "sessions/residential_norway12_users.csv.gz")
    joined = replace(sessions, power_kw_max=np.array([power_kw.get(str(user), np.nan) for user in sessions.user_id]))
    return without_contradicted_power(joined)


def dundee(shared: Path) -> History:
    """The months of 2018, whose rows carry user ids."""
    sessions = read_history(shared / "sessions/public_dundee.csv.gz")
    return without_contradicted_power(sessions.take(sessions.plugged_at >= to_datetime64(DUNDEE_FROM)))


def prices(shared: Path) -> dict[str, NDArray[Any]]:
    """Euro per kWh to the five digits that cents per MWh have."""
    series, currency = read_prices(shared / "prices/day_ahead_nl.csv.gz")
    return {
        "timestamp": series.timestamp,
        "price_per_kwh": np.round(series.value, 5),
        "currency": np.full(series.value.size, currency),
    }


def carbon(shared: Path) -> dict[str, NDArray[Any]]:
    """Both regions, one below the other."""
    parts = [read_carbon(shared / "carbon/marginal_avert_2023.csv.gz", region) for region in CARBON_REGIONS]
    sizes = [part.value.size for part in parts]
    return {
        "timestamp": np.concatenate([part.timestamp for part in parts]),
        "carbon_g_per_kwh": np.concatenate([part.value for part in parts]),
        "carbon_kind": np.full(sum(sizes), "marginal"),
        "node": np.repeat(CARBON_REGIONS, sizes),
    }


def households(shared: Path) -> dict[str, NDArray[Any]]:
    """A column a household, a row a minute from midnight."""
    profiles = read_households(shared / "loads/household_1min_day_european_lv.csv.gz")
    return {f"household_{number:02d}": profile for number, profile in enumerate(profiles, start=1)}


def pv(shared: Path) -> dict[str, NDArray[Any]]:
    """kW AC per kWp."""
    series = read_pv(shared / "pv/pv_1kwp_san_diego_tmy3.csv.gz")
    return {"timestamp": series.timestamp, series.name: series.value}


def history_columns(history: History) -> dict[str, NDArray[Any]]:
    """The columns that say anything: unknown ones are left out of the file."""
    return {name: values for name, values in history.columns().items() if not _blank(values).all()}


def _blank(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype.kind == "U":
        return np.asarray(values == "")
    return np.asarray(np.isnat(values) if values.dtype.kind == "M" else np.isnan(values))


def write(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write canonical columns as Parquet."""
    pa_parquet.write_table(
        pa.table({name: _arrow(values) for name, values in columns.items()}),
        path,
        compression="zstd",
        compression_level=19,
    )
    print(f"{path.name}: {len(next(iter(columns.values())))} rows, {path.stat().st_size / 1000:.0f} kB")


def _arrow(values: NDArray[Any]) -> pa.Array:
    if values.dtype.kind == "M":
        return pa.array(values, type=pa.timestamp("ms", tz="UTC"))
    if values.dtype.kind == "U":
        return pa.array([text or None for text in values.tolist()], type=pa.string())
    return pa.array(values, mask=np.isnan(values))


if __name__ == "__main__":
    arguments = [Path(argument) for argument in sys.argv[1:]]
    build(
        arguments[0] if arguments else PROJECT.parent / "shared/data",
        arguments[1] if len(arguments) > 1 else PROJECT / "src/evenload/files/data",
    )
