import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from evenload.base.errors import ColumnsError
from evenload.domain.history import History
from evenload.files.importers.norway import with_power
from evenload.files.importers.shared_sessions import (
    read_history,
    read_user_power,
    sessions_of,
    without_contradicted_power,
)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "rows", "site_type", "with_user"),
    [
        ("residential_norway12", 18_249, "residential", 18_249),
        ("workplace_acn", 13_511, "workplace", 0),
        ("workplace_asensio", 2_161, "workplace", 2_161),
        ("public_boulder", 14_960, "public", 0),
        ("public_perth_kinross", 32_871, "public", 0),
        ("public_dundee", 32_919, "public", 18_340),
    ],
)
def test_every_prepared_set_is_read_whole(
    name: str, rows: int, site_type: str, with_user: int, shared_data: Path
) -> None:
    history = read_history(shared_data / f"sessions/{name}.csv.gz")
    assert len(history) == rows
    assert set(history.site_type.tolist()) == {site_type}
    assert np.count_nonzero(history.user_id != "") == with_user


@pytest.mark.shared_data
def test_norwegian_medians_are_the_published_ones(shared_data: Path) -> None:
    history = read_history(shared_data / "sessions/residential_norway12.csv.gz")
    assert round(float(np.median(history.connected_h)), 1) == 11.7
    assert round(float(np.median(history.energy_kwh_metered)), 1) == 9.2


@pytest.mark.shared_data
def test_norwegian_power_is_joined_per_user(shared_data: Path) -> None:
    power_kw = read_user_power(shared_data / "sessions/residential_norway12_users.csv.gz")
    assert len(power_kw) == 133
    history, stood_in = with_power(read_history(shared_data / "sessions/residential_norway12.csv.gz"), power_kw)
    assert len(stood_in) == 633
    assert history.power_kw_max[history.user_id == "ASK_Plass15"][0] == 3.556


@pytest.mark.shared_data
def test_acn_declarations_count_only_where_a_driver_made_them(shared_data: Path) -> None:
    """92.4 % are claimed; a claimed driver left 0.54 h (median) after the declared time."""
    path = shared_data / "sessions/workplace_acn.csv.gz"
    history = read_history(path)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        claimed = np.array([row["claimed"] == "True" for row in csv.DictReader(file)])
    assert np.array_equal(~np.isnan(history.energy_kwh_declared), claimed)
    assert np.array_equal(~np.isnat(history.departs_at_declared), claimed)
    assert round(100 * claimed.mean(), 1) == 92.4
    late = (history.unplugged_at - history.departs_at_declared)[claimed].astype(np.int64) / 3600
    assert round(float(np.median(late)), 2) == 0.54


def one_session(power_kw_max: float) -> History:
    return History.of(
        session_id=np.array(["s"]),
        plugged_at=np.array(["2020-01-01T18:00:00"], dtype="datetime64[s]"),
        unplugged_at=np.array(["2020-01-02T06:00:00"], dtype="datetime64[s]"),
        energy_kwh_metered=np.array([10.0]),
        power_kw_max=np.array([power_kw_max]),
        user_id=np.array(["u"]),
    )


def test_need_is_metered_energy_times_efficiency() -> None:
    """10 kWh at the connector through 0.9 is 9 kWh in the battery, and 10 kWh at the wall again."""
    sessions = sessions_of(one_session(7.0), efficiency=0.9)
    assert sessions.energy_kwh.tolist() == [9.0]
    assert (sessions.energy_kwh / sessions.efficiency).tolist() == [10.0]
    assert sessions.departs_at.tolist() == one_session(7.0).unplugged_at.tolist()
    assert sessions.user_id.tolist() == ["u"]


@pytest.mark.parametrize(("power_kw", "kept"), [(0.8, True), (0.78, False), (np.nan, False)])
def test_power_below_the_average_is_no_maximum(power_kw: float, kept: bool) -> None:
    """10 kWh in 12 h is 0.833 kW on average, over 1.05 x 0.78 = 0.819 and under 1.05 x 0.8 = 0.84."""
    power = without_contradicted_power(one_session(power_kw)).power_kw_max[0]
    assert power == power_kw if kept else np.isnan(power)


def test_unknown_power_is_refused_unless_something_stands_in() -> None:
    with pytest.raises(ColumnsError, match="power_kw_max of 1 sessions is unknown, the first is s"):
        sessions_of(one_session(np.nan))
    assert sessions_of(one_session(np.nan), power_kw_unknown=3.7).power_kw_max.tolist() == [3.7]
