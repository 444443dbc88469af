"""The benchmark's site is what its description says and what others measured on; every tool can read its files."""

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of the bench folder, for one test."""
    monkeypatch.syspath_prepend(str(BENCH))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if name.split(".")[0] in {"peers", "site_instance"}:
            del sys.modules[name]


def columns(site: Any) -> list[list[Any]]:
    arrays = (site.arrival_step, site.departure_step, site.energy_kwh, site.power_kw_max, site.price_per_kwh)
    return [*(array.tolist() for array in arrays), [site.limit_kw]]


def test_what_is_written_is_what_is_read(bench: Any, tmp_path: Path) -> None:
    site = bench("site_instance").SiteInstance.draw(40)
    site.write(tmp_path)
    assert columns(type(site).read(tmp_path)) == columns(site)


@pytest.mark.parametrize(("cars", "published"), [(50, 206.70), (200, 785.25), (1000, 3950.86)])
def test_its_least_cost_is_the_published_one(bench: Any, cars: int, published: float) -> None:
    site = bench("site_instance").SiteInstance.draw(cars)
    found = site.measures(bench("peers.run_highs").solve(site).power_kw)
    assert found["cost"] == pytest.approx(published, abs=0.005)
    assert found["excess_kw"] == pytest.approx(0.0, abs=1e-6)
    assert found["unmet_kwh"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("cars", "published"), [(50, 206.70), (200, 785.25), pytest.param(1000, 3950.86, marks=pytest.mark.slow)]
)
def test_the_optimiser_finds_the_published_least_cost(bench: Any, cars: int, published: float) -> None:
    site = bench("site_instance").SiteInstance.draw(cars)
    found = site.measures(bench("peers.run_evenload").optimising(1e-4)(site).power_kw)
    assert found["cost"] == pytest.approx(published, abs=0.005 + 1e-4 * published)
    assert found["excess_kw"] == pytest.approx(0.0, abs=1e-6)
    assert found["unmet_kwh"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.shared_data
@pytest.mark.parametrize("cars", [50, 1000])
def test_it_is_the_site_that_the_reference_measurements_used(
    bench: Any, monkeypatch: pytest.MonkeyPatch, shared_data: Path, cars: int
) -> None:
    monkeypatch.syspath_prepend(str(shared_data.parent / "bench"))
    theirs = bench("tree").make("site", cars)
    site = bench("site_instance").SiteInstance.draw(cars)
    expected = [theirs[name].tolist() for name in ("arr", "dep", "need", "pmax", "price")]
    assert columns(site) == [*expected, [theirs["nodes"][0][3]]]


def two_cars(bench: Any) -> Any:
    """7 kW for 2 kWh from step 0, 4 kW for 1 kWh from step 20 (17:00, the dearest); both leave at step 40."""
    module = bench("site_instance")
    return module.SiteInstance(
        np.array([0, 20]), np.array([40, 40]), np.array([2.0, 1.0]), np.array([7.0, 4.0]), module.time_of_use(), 6.0
    )


def test_a_plan_is_measured_as_by_hand(bench: Any) -> None:
    power_kw = np.zeros((2, 96))
    power_kw[0, 20], power_kw[1, 20] = 6.0, 2.0
    found = two_cars(bench).measures(power_kw)
    assert found == {
        "delivered_kwh": pytest.approx(2.0),
        "unmet_kwh": pytest.approx(1.0),  # 3 kWh wanted, 8 kW of a quarter hour delivered
        "peak_kw": pytest.approx(8.0),
        "excess_kw": pytest.approx(2.0),
        "cost": pytest.approx(0.9),  # 2 kWh at 0.45
    }


@pytest.mark.parametrize(("car", "step", "kw"), [(1, 19, 1.0), (0, 40, 1.0), (0, 3, 7.1), (0, 3, -1.0)])
def test_an_impossible_plan_is_refused(bench: Any, car: int, step: int, kw: float) -> None:
    power_kw = np.zeros((2, 96))
    power_kw[car, step] = kw
    with pytest.raises(ValueError, match="outside a car's window or above its most"):
        two_cars(bench).measures(power_kw)


def test_a_plan_that_delivers_too_much_is_refused(bench: Any) -> None:
    power_kw = np.zeros((2, 96))
    power_kw[1, 20:25] = 1.0
    with pytest.raises(ValueError, match="more than a car needs"):
        two_cars(bench).measures(power_kw)


def test_a_plan_file_is_read_by_session_and_instant(bench: Any, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text("session_id,timestamp,power_kw\ncar1,2025-01-13T17:00:00Z,1.5\ncar0,2025-01-14T01:00:00+01:00,2\n")
    power_kw = two_cars(bench).read_plan(plan)
    assert {(int(i), int(t)): float(power_kw[i, t]) for i, t in np.argwhere(power_kw)} == {(1, 20): 1.5, (0, 48): 2.0}
