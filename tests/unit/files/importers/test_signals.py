import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from evenload.base.errors import SignalError
from evenload.files.importers.signals import read_carbon, read_prices, read_pv


@pytest.fixture
def two_nodes(tmp_path: Path) -> Path:
    path = tmp_path / "prices.csv.gz"
    lines = [
        "timestamp,price_per_mwh,currency,market,node",
        "2025-01-01T00:00:00+01:00,50,EUR,day-ahead,NL",
        "2025-01-01T01:00:00+01:00,-500,EUR,day-ahead,NL",
        "2025-01-01T00:00:00+01:00,70,EUR,day-ahead,BE",
    ]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return path


def test_price_is_per_kwh_at_utc_of_the_chosen_node(two_nodes: Path) -> None:
    series, currency = read_prices(two_nodes, "NL")
    assert series.value.tolist() == [0.05, -0.5]
    assert series.timestamp.astype(str).tolist() == ["2024-12-31T23:00:00", "2025-01-01T00:00:00"]
    assert currency == "EUR"


def test_a_node_must_be_chosen_and_known(two_nodes: Path) -> None:
    with pytest.raises(SignalError, match="choose a node among NL, BE"):
        read_prices(two_nodes)
    with pytest.raises(SignalError, match="no node 'DE'"):
        read_prices(two_nodes, "DE")


def test_mixed_currencies_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(
        "timestamp,price_per_mwh,currency,market,node\n"
        "2025-01-01T00:00:00Z,50,EUR,x,\n2025-01-01T01:00:00Z,50,NOK,x,\n",
        encoding="utf-8",
    )
    with pytest.raises(SignalError, match="mixes currencies"):
        read_prices(path)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "node", "hours"),
    [
        ("day_ahead_nl", None, 17_519),
        ("day_ahead_eu_2025_smard", "DK1", 4_343),
        ("day_ahead_ercot_2022", "LZ_HOUSTON", 8_760),
        ("day_ahead_caiso_2020", None, None),
    ],
)
def test_every_prepared_price_file_is_read(name: str, node: str | None, hours: int | None, shared_data: Path) -> None:
    path = shared_data / f"prices/{name}.csv.gz"
    series, _ = read_prices(path, node)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        expected = [
            float(row["price_per_mwh"]) / 1000 for row in csv.DictReader(file) if row["node"] == (node or row["node"])
        ]
    np.testing.assert_allclose(series.value, expected)
    assert hours in (None, len(expected))


@pytest.mark.shared_data
def test_the_negative_afternoon_of_2_july_2023_is_there(shared_data: Path) -> None:
    """-500 EUR/MWh, the floor of the market, was cleared in the Netherlands from 13:00 local."""
    series, _ = read_prices(shared_data / "prices/day_ahead_nl.csv.gz")
    assert series.value.min() == -0.5
    assert str(series.timestamp[series.value.argmin()]).startswith("2023-07-02")


@pytest.mark.shared_data
def test_carbon_and_pv_are_read(shared_data: Path) -> None:
    carbon = read_carbon(shared_data / "carbon/marginal_avert_2023.csv.gz", "AVERT_NE")
    assert carbon.value.size == 8_760
    pv = read_pv(shared_data / "pv/pv_1kwp_san_diego_tmy3.csv.gz")
    assert round(float(pv.value.sum())) == 1_754
