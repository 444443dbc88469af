import importlib.util
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow.parquet as pa_parquet
import pytest

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import Interval
from evenload.files import packaged
from evenload.files.history import read_history

PROJECT = Path(__file__).resolve().parents[3]
DATA = PROJECT / "src/evenload/files/data"
NAMES = (
    "residential-norway",
    "workplace-asensio",
    "public-dundee",
    "day-ahead-nl",
    "carbon-avert",
    "households-british",
    "pv-san-diego",
    "feeder-epri-ckt5",
)
HISTORIES = {"residential-norway": "residential", "workplace-asensio": "workplace", "public-dundee": "public"}


def test_the_catalogue_and_the_folder_agree() -> None:
    assert packaged.names() == NAMES
    files = {packaged.dataset(name).file for name in NAMES}
    assert {path.name for path in DATA.iterdir() if path.is_file()} == files | {"datasets.toml"}
    assert sum(path.stat().st_size for path in DATA.iterdir() if path.is_file()) < 1_500_000


@pytest.mark.parametrize("name", NAMES)
def test_every_set_says_where_it_comes_from_and_holds_its_rows(name: str) -> None:
    dataset = packaged.dataset(name)
    assert all((dataset.title, dataset.licence, dataset.attribution, dataset.source, dataset.changes))
    assert pa_parquet.read_metadata(DATA / dataset.file).num_rows == dataset.rows


@pytest.mark.parametrize("name", NAMES)
def test_notice_and_the_reference_page_carry_each_attribution(name: str) -> None:
    dataset = packaged.dataset(name)
    page = (PROJECT / "docs/reference/data.md").read_text(encoding="utf-8")
    assert name in _flat((PROJECT / "NOTICE").read_text(encoding="utf-8"))
    assert _flat(dataset.attribution) in _flat(page)
    assert f"{dataset.rows:,}" in page


def test_licence_texts_named_in_notice_ship() -> None:
    named = set(re.findall(r"LICENSES/[\w.-]+\.txt", (PROJECT / "NOTICE").read_text(encoding="utf-8")))
    assert named == {f"LICENSES/{path.name}" for path in (PROJECT / "LICENSES").iterdir()}


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'residential-norway'"):
        packaged.dataset("residential-norwya")
    with pytest.raises(InputError, match="The packaged sets are residential-norway"):
        packaged.dataset("zzz")
    with pytest.raises(InputError, match="is of kind signal, not history"):
        packaged.history("day-ahead-nl")


@pytest.mark.parametrize(("name", "site_type"), HISTORIES.items())
def test_histories_are_read(name: str, site_type: str) -> None:
    history = packaged.history(name)
    assert len(history) == packaged.dataset(name).rows
    assert set(history.site_type.tolist()) == {site_type}
    assert np.unique(history.session_id).size == len(history)


@pytest.mark.parametrize("name", HISTORIES)
def test_packaged_histories_pass_the_checks_of_any_history_file(name: str) -> None:
    read = read_history(DATA / packaged.dataset(name).file)
    for column, values in packaged.history(name).columns().items():
        np.testing.assert_array_equal(getattr(read, column), values)


def test_norwegian_history_has_blank_power_only_where_unknown() -> None:
    history = packaged.history("residential-norway")
    assert np.count_nonzero(np.isnan(history.power_kw_max)) == 633 + 8
    assert np.unique(history.user_id).size == 136
    assert round(float(np.median(history.connected_h)), 1) == 11.7


def test_prices_reach_a_horizon_of_either_year() -> None:
    year = Interval(datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 12, 30, tzinfo=UTC))
    series = packaged.series("day-ahead-nl", "price_per_kwh", within=year)
    prices = series.onto(Horizon(datetime(2023, 7, 2, tzinfo=UTC), 15, 96))
    assert prices.min() == pytest.approx(-0.5)
    assert packaged.dataset("day-ahead-nl").currency == "EUR"


def test_series_is_chosen_by_value_and_node() -> None:
    california = packaged.series("carbon-avert", "carbon_g_per_kwh", node="AVERT_CA")
    assert (california.value[0], str(california.timestamp[0])) == (503.5, "2023-01-01T08:00:00")
    assert round(float(packaged.series("pv-san-diego", "kw_per_kwp").value.sum())) == 1_754
    with pytest.raises(InputError, match="choose among: AVERT_CA, AVERT_NE"):
        packaged.series("carbon-avert", "carbon_g_per_kwh")
    with pytest.raises(InputError, match="it has price_per_kwh"):
        packaged.series("day-ahead-nl", "price")
    with pytest.raises(InputError, match="has nothing from 2022"):
        packaged.series(
            "day-ahead-nl",
            "price_per_kwh",
            within=Interval(datetime(2022, 1, 1, tzinfo=UTC), datetime(2022, 12, 1, tzinfo=UTC)),
        )


def test_households_and_feeder_are_read() -> None:
    assert packaged.households().shape == (50, 1440)
    assert packaged.households(step_minutes=15).shape == (50, 96)
    feeder = packaged.feeder()
    assert (len(feeder), int(feeder.customers.sum())) == (592, 1_379)


@pytest.mark.shared_data
def test_rebuilding_gives_what_ships_and_twice_the_same_bytes(tmp_path: Path) -> None:
    tool = _build_tool()
    for run in ("first", "second"):
        tool.build(PROJECT.parent / "shared/data", tmp_path / run)
    for name in NAMES:
        file = packaged.dataset(name).file
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()
        assert pa_parquet.read_table(tmp_path / "first" / file).equals(pa_parquet.read_table(DATA / file))


def _build_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_data", PROJECT / "tools/build_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _flat(text: str) -> str:
    return " ".join(text.split())
