"""What was drawn, and when it proves that a station does not obey."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.ocpp.obedience import Drawn, Tolerance, Watch

pytestmark = pytest.mark.requirement("R15")

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def register(minutes: float, kwh: float) -> Reading:
    return Reading(at=at(minutes), kind=ReadingKind.REGISTER, energy_kwh_import=kwh)


def instant(minutes: float, power_kw: float | None = None, **rest: Any) -> Reading:
    return Reading(at=at(minutes), kind=ReadingKind.INSTANT, power_kw=power_kw, **rest)


def test_power_is_taken_from_what_tells_it_most_directly() -> None:
    interval = Reading(at=at(0), kind=ReadingKind.INTERVAL, duration_s=900.0, power_kw=5.0)
    watch = Watch()
    assert watch.drawn([register(0, 100.0), interval]) == Drawn(at(0), at(15), 5.0)
    assert watch.drawn([register(15, 102.0), interval, instant(15, 7.0)]) == Drawn(at(15), at(15), 7.0)
    assert watch.drawn([register(30, 103.0)]) == Drawn(at(15), at(30), pytest.approx(4.0))


@pytest.mark.parametrize("second", [register(30, 99.0), register(15, 101.0), register(0, 101.0)])
def test_a_register_that_falls_or_does_not_move_on_in_time_tells_no_power(second: Reading) -> None:
    watch = Watch()
    assert watch.drawn([register(15, 100.0)]) is None
    assert watch.drawn([second]) is None


def test_a_register_of_an_uncertain_time_tells_no_power() -> None:
    watch = Watch()
    doubtful = Reading(at=at(15), kind=ReadingKind.REGISTER, energy_kwh_import=101.0, quality=Quality.ESTIMATED)
    assert watch.drawn([register(0, 100.0)]) is None
    assert watch.drawn([doubtful]) is None


@pytest.mark.parametrize(
    ("amps", "highest"), [((32.0, 0.0, 0.0), 32.0), ((16.0, None, None), None), ((10.0, 12.0, None), 12.0)]
)
def test_the_highest_current_counts_where_phases_are_told_apart(amps: Any, highest: float | None) -> None:
    drawn = Watch().drawn([instant(0, 7.0, current_a=amps)])
    assert drawn is not None
    assert drawn.current_a == highest


def test_two_in_a_row_are_the_proof_and_one_that_obeys_starts_anew() -> None:
    watch = Watch()
    much = [True, False, True, True, True, False, True, True]
    found = [watch.judge(Drawn(at(i), at(i), 9.0), too_much=one) for i, one in enumerate(much)]
    assert found == [False, False, False, True, False, False, False, True]


def test_a_sample_told_twice_or_out_of_order_counts_once() -> None:
    watch = Watch()
    assert not watch.judge(Drawn(at(5), at(5), 9.0), too_much=True)
    assert not watch.judge(Drawn(at(5), at(5), 9.0), too_much=True)
    assert not watch.judge(Drawn(at(4), at(4), 9.0), too_much=True)
    assert watch.judge(Drawn(at(6), at(6), 9.0), too_much=True)


def test_the_tolerance_is_a_share_and_a_constant() -> None:
    tolerance = Tolerance(share=0.05, power_kw=0.2, current_a=0.6)
    assert not tolerance.exceeded(10.69, 10.0)
    assert tolerance.exceeded(10.71, 10.0)
    assert not tolerance.exceeded(0.19, 0.0)
    assert not tolerance.exceeded_a(17.39, 16.0)
    assert tolerance.exceeded_a(17.41, 16.0)
