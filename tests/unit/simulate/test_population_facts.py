"""The report's facts, and how well drivers left out of the fit are foretold."""

from datetime import UTC, datetime

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.local_clock import LocalClock
from evenload.files import packaged
from evenload.simulate.population import calibrate, facts, generate, held_out, preset
from evenload.simulate.population.goodness import distance_ks

YEAR = datetime(2019, 1, 7, tzinfo=UTC), datetime(2020, 1, 6, tzinfo=UTC)
NEXT_YEAR = datetime(2021, 1, 4, tzinfo=UTC), datetime(2022, 1, 3, tzinfo=UTC)
OSLO = LocalClock("Europe/Oslo")


def hours(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Share of plug-ins and of unplugs by local hour, connected hours and charging hours of 1,000 cars in a year."""
    made = preset(name).draw(1000, *YEAR, np.random.default_rng(1), OSLO)
    plug, unplug = (
        np.bincount(OSLO.minute_of_day(at) // 60, minlength=24) / len(made)
        for at in (made.plugged_at, made.unplugged_at)
    )
    return plug, unplug, made.connected_h, made.energy_kwh_metered / made.power_kw_max


@pytest.mark.requirement("R37")
def test_residential_2020_is_the_report_before_the_pandemic() -> None:
    plug, unplug, connected, charging = hours("residential-2020")
    assert 12 <= connected.mean() <= 14
    assert 6 <= unplug.argmax() < 9
    assert 2.5 <= charging.mean() <= 3.0
    assert plug[15:21].sum() > 0.5  # two hours earlier than the report's 17-21 h: as measured in Norway


@pytest.mark.requirement("R37")
def test_work_from_home_is_the_reports_pandemic_shift() -> None:
    plug, unplug, connected, charging = hours("residential-work-from-home")
    assert connected.mean() == pytest.approx(20, rel=0.03)
    assert 17 <= plug.argmax() < 23
    assert plug[17:23].sum() > 0.55
    assert unplug.argmax() in (14, 15)
    assert 2.5 <= charging.mean() <= 3.0


@pytest.mark.requirement("R49")
def test_workplace_arrives_in_the_morning_and_can_stay_8_hours() -> None:
    clock = LocalClock("America/Chicago")
    made = preset("workplace").draw(300, *YEAR, np.random.default_rng(1), clock)
    hour = clock.minute_of_day(made.plugged_at) // 60
    assert 7 <= np.bincount(hour).argmax() <= 9
    assert made.energy_kwh_metered.mean() == pytest.approx(6.04, rel=0.1)  # mean of the measured set
    assert facts(preset("workplace").calibrated(connected_h_mean=8.0).model(), seed=5).connected_h_mean == (
        pytest.approx(8, rel=0.02)
    )


def test_public_keeps_chargers_of_several_powers() -> None:
    made = preset("public").draw(300, datetime(2019, 6, 3, tzinfo=UTC), datetime(2019, 7, 1, tzinfo=UTC),
                                 np.random.default_rng(1), LocalClock("Europe/London"))  # fmt: skip
    assert set(np.unique(made.power_kw_max)) >= {7.0, 22.0, 50.0}
    fast, slow = (made.connected_h[made.power_kw_max == power] for power in (50.0, 7.0))
    assert np.median(fast) < 0.75 < np.median(slow)


@pytest.mark.slow
@pytest.mark.requirement("R37", "R102")
@pytest.mark.parametrize(
    "targets",
    [
        {"energy_kwh_per_day": 11.0},  # 25 million cars = 100 TWh a year
        {"energy_kwh_per_session": 7.6},
        {"energy_kwh_per_session": 15.0},
        {"energy_kwh_per_session": 22.0},
        {"connected_h_mean": 12.0},
        {"connected_h_mean": 14.0},
        {"energy_kwh_per_day": 11.0, "energy_kwh_per_session": 15.0, "connected_h_mean": 13.0},
    ],
    ids=str,
)
def test_calibration_reaches_the_reports_facts(targets: dict[str, float]) -> None:
    """Checked on cars drawn anew: 4,000 of them, over another year's span than the calibration's."""
    model = calibrate(preset("residential-2020").model(), **targets)
    made = generate(model, 4000, *NEXT_YEAR, np.random.default_rng(8))
    measured = {
        "energy_kwh_per_day": made.energy_kwh_metered.sum() / 4000 / 364,
        "energy_kwh_per_session": made.energy_kwh_metered.mean(),
        "connected_h_mean": made.connected_h.mean(),
    }
    for name, target in targets.items():
        assert measured[name] == pytest.approx(target, rel=0.02)


@pytest.mark.slow
def test_an_unreachable_fact_says_what_is_reachable() -> None:
    with pytest.raises(InputError, match=r"energy_kwh_per_session = 300 is out of reach.* reach 0\.\d+ to \d+"):
        calibrate(preset("residential-2020").model(), energy_kwh_per_session=300.0)
    with pytest.raises(InputError, match="above 0"):
        calibrate(preset("residential-2020").model(), energy_kwh_per_day=-1.0)


@pytest.mark.slow
def test_strangers_are_as_far_from_the_model_as_from_each_other() -> None:
    """Pooled over folds the chain repeats its drivers; a single fold is no further off than real drivers are apart."""
    report = held_out(packaged.history("residential-norway"), OSLO, folds=5, seed=0)
    assert report.drivers == 136
    assert report.pooled.ks_arrival <= 0.05
    assert report.pooled.ks_connected <= 0.05
    assert report.pooled.ks_energy <= 0.05
    assert report.pooled.share_points <= 3.0
    assert [row.cars for row in report.peaks] == [10, 50, 130]
    for row in report.peaks:
        assert abs(row.daily_error) <= 0.10
        assert abs(row.highest_error) <= 0.10
    assert report.fold_mean.ks_energy > report.pooled.ks_energy
    for name in ("ks_arrival", "ks_connected", "ks_energy"):
        assert getattr(report.fold_mean, name) <= getattr(report.real_mean, name) + 0.02
    assert report.fold_mean.share_points <= report.real_mean.share_points + 1.0
    assert "real against real" in report.text()


def test_distance_by_hand_and_refusal_of_too_many_folds() -> None:
    one = np.ones(2)
    assert distance_ks(np.array([1.0, 3]), one, np.array([2.0, 4]), one) == pytest.approx(0.5)
    assert distance_ks(np.array([1.0, 3]), np.array([3.0, 1]), np.array([2.0, 4]), one) == pytest.approx(0.75)
    with pytest.raises(InputError, match="136 drivers cannot be held out in 500 folds"):
        held_out(packaged.history("residential-norway"), OSLO, folds=500, seed=0)
