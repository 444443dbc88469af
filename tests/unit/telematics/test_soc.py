import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.vehicle_state import SocBasis
from evenload.telematics.soc import Told, energy_kwh_needed, soc_of


@pytest.mark.requirement("R90")
@pytest.mark.parametrize(
    ("told", "value", "basis"),
    [
        (Told(percent=62.0), 0.62, SocBasis.PERCENT),
        (Told(energy_kwh=30.0, battery_kwh=75.0), 0.4, SocBasis.ENERGY),
        (Told(range_km=100.0, range_km_full=400.0), 0.25, SocBasis.RANGE),
        (Told(percent=62.0, energy_kwh=45.0, battery_kwh=75.0), 0.62, SocBasis.PERCENT),
        (Told(percent=102.0), 1.0, SocBasis.PERCENT),
    ],
)
def test_r90_percent_energy_and_range_become_a_share(told: Told, value: float, basis: SocBasis) -> None:
    soc, problems = soc_of(told)
    assert soc is not None
    assert soc.value == pytest.approx(value)
    assert (soc.basis, problems) == (basis, ())


def test_a_range_is_trusted_less_than_a_percentage() -> None:
    by_percent, _ = soc_of(Told(percent=50.0))
    by_range, _ = soc_of(Told(range_km=200.0, range_km_full=400.0))
    assert by_percent is not None
    assert by_range is not None
    assert by_range.confidence < by_percent.confidence


def test_sources_that_contradict_are_said_and_trusted_less() -> None:
    agreed, _ = soc_of(Told(percent=80.0, energy_kwh=60.0, battery_kwh=75.0))
    apart, problems = soc_of(Told(percent=80.0, energy_kwh=15.0, battery_kwh=75.0))
    assert agreed is not None
    assert apart is not None
    assert apart.confidence < agreed.confidence
    assert problems == ("by its percent the battery is at 80%, by its energy at 20%",)


@pytest.mark.parametrize("told", [Told(percent=140.0), Told(percent=-1.0), Told(energy_kwh=90.0, battery_kwh=75.0)])
def test_what_cannot_be_is_not_believed(told: Told) -> None:
    soc, problems = soc_of(told)
    assert soc is None
    assert len(problems) == 1


def test_without_the_battery_energy_says_nothing() -> None:
    assert soc_of(Told(energy_kwh=30.0)) == (None, ())


@pytest.mark.requirement("R94")
def test_energy_needed_is_at_the_connector() -> None:
    # 30 % of 75 kWh are 22.5 kWh in the battery; at 90 % efficiency 25 kWh have to be drawn.
    assert energy_kwh_needed(0.5, 0.8, 75.0, 0.9) == pytest.approx(25.0)
    assert energy_kwh_needed(0.9, 0.8, 75.0) == 0.0


@given(st.floats(0, 1), st.floats(10, 120), st.floats(100, 700))
def test_all_ways_of_telling_the_same_agree(share: float, battery_kwh: float, range_km_full: float) -> None:
    told = Told(
        percent=share * 100, energy_kwh=share * battery_kwh, range_km=share * range_km_full, battery_kwh=battery_kwh,
        range_km_full=range_km_full,
    )  # fmt: skip
    soc, problems = soc_of(told)
    assert soc is not None
    assert soc.value == pytest.approx(share, abs=1e-9)
    assert problems == ()
