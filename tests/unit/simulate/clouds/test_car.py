"""Cars behind clouds: what they draw, when they sleep, and what they upload."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.simulate.clouds.car import CarSpec, CloudCar, Did, Drawing
from evenload.simulate.station_car import Car

BEGAN = datetime(2026, 1, 13, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def a_car(**spec: object) -> CloudCar:
    return CloudCar(CarSpec("id", "VIN", "user", can_set_amps=True, **spec), BEGAN)  # type: ignore[arg-type]


def empty(soc: float = 0.3) -> Car:
    return Car(battery_kwh=60.0, soc=soc, soc_target=0.9, current_a_max=32.0, phases=1, knee_soc=0.9)


def test_it_charges_at_once_at_what_the_outlet_gives() -> None:
    car = a_car()
    car.plug_in(empty(), BEGAN)
    report = car.look(BEGAN + 60 * MINUTE)
    assert report.drawing is Drawing.CHARGING
    assert report.power_kw == pytest.approx(32 * 230 / 1000)
    assert report.energy_kwh_added == pytest.approx(7.36, abs=1e-6)
    assert report.soc == pytest.approx(0.3 + 7.36 * 0.9 / 60)


def test_it_stops_at_its_limit_by_itself() -> None:
    car = a_car()
    car.plug_in(empty(0.8), BEGAN)
    report = car.look(BEGAN + 600 * MINUTE)
    assert report.drawing is Drawing.COMPLETE
    assert report.energy_kwh_added == pytest.approx(0.1 * 60 / 0.9, abs=1e-6)
    assert car.unplug(BEGAN + 601 * MINUTE) == pytest.approx(0.1 * 60 / 0.9, abs=1e-6)
    assert car.soc == pytest.approx(0.9)


def test_its_own_timer_holds_it_back_until_then() -> None:
    car = a_car()
    car.plug_in(empty(), BEGAN, timer_at=BEGAN + 120 * MINUTE)
    assert car.look(BEGAN + 119 * MINUTE).drawing is Drawing.WAITS_FOR_TIMER
    # asked only long after: what flowed meanwhile flowed from the timer on
    assert car.look(BEGAN + 180 * MINUTE).energy_kwh_added == pytest.approx(7.36, abs=1e-6)


def test_a_start_passes_its_timer_over_and_a_stop_does_not_touch_it() -> None:
    car = a_car()
    car.plug_in(empty(), BEGAN, timer_at=BEGAN + 120 * MINUTE)
    assert car.stop(BEGAN) is Did.NOT_CHARGING
    assert car.look(BEGAN + 121 * MINUTE).drawing is Drawing.CHARGING
    other = a_car()
    other.plug_in(empty(), BEGAN, timer_at=BEGAN + 120 * MINUTE)
    assert other.start(BEGAN + MINUTE) is Did.DONE
    assert other.look(BEGAN + 2 * MINUTE).drawing is Drawing.CHARGING


def test_it_falls_asleep_when_nothing_happens_and_tells_nothing_then() -> None:
    car = a_car()
    car.plug_in(empty(), BEGAN)
    assert not car.is_asleep(BEGAN + 60 * MINUTE), "what charges is awake"
    assert car.stop(BEGAN + 60 * MINUTE) is Did.DONE
    assert not car.is_asleep(BEGAN + 70 * MINUTE)
    last = car.see(BEGAN + 74 * MINUTE)
    assert car.is_asleep(BEGAN + 90 * MINUTE)
    assert car.see(BEGAN + 200 * MINUTE) is last
    car.wake(BEGAN + 201 * MINUTE)
    assert car.see(BEGAN + 202 * MINUTE).at > last.at


def test_what_it_does_while_out_of_reach_is_told_when_it_is_back() -> None:
    car = a_car()
    car.plug_in(empty(), BEGAN)
    known = car.see(BEGAN + 10 * MINUTE)
    car.is_reachable = False
    car.unplug(BEGAN + 20 * MINUTE)
    assert car.see(BEGAN + 30 * MINUTE) is known
    car.is_reachable = True
    assert car.see(BEGAN + 31 * MINUTE).drawing is Drawing.UNPLUGGED


@pytest.mark.parametrize(("current_a", "drawn_a"), [(16.0, 16.0), (6.0, 6.0), (3.0, 6.0), (80.0, 32.0)])
def test_amps_are_those_of_the_car_the_outlet_and_the_standard(current_a: float, drawn_a: float) -> None:
    car = a_car()
    car.plug_in(empty(), BEGAN)
    assert car.set_amps(current_a, BEGAN) is Did.DONE
    assert car.look(BEGAN + MINUTE).current_a == pytest.approx(drawn_a)


def test_a_driver_who_takes_it_in_hand_is_seen_and_the_next_command_ends_that() -> None:
    car = a_car()
    car.plug_in(empty(), BEGAN)
    car.take_in_hand(BEGAN + MINUTE, charge=False)
    assert (car.see(BEGAN + 3 * MINUTE).drawing, car.see(BEGAN + 3 * MINUTE).by_driver) == (Drawing.STOPPED, True)
    car.start(BEGAN + 4 * MINUTE)
    assert not car.look(BEGAN + 5 * MINUTE).by_driver


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["start", "stop", "amps", "limit", "look"]), st.integers(1, 240)), max_size=12),
    st.floats(0.05, 0.85),
)
def test_whatever_it_is_told_energy_in_the_battery_is_what_its_meter_counts(
    acts: list[tuple[str, int]], soc: float
) -> None:
    car, now = a_car(), BEGAN
    car.plug_in(empty(soc), now)
    for act, minutes in acts:
        now += minutes * MINUTE
        if act == "start":
            car.start(now)
        elif act == "stop":
            car.stop(now)
        elif act == "amps":
            car.set_amps(6.0 + minutes % 20, now)
        elif act == "limit":
            car.set_limit(0.5 + minutes % 50 / 100, now)
        else:
            car.look(now)
    battery = car.outlet.car
    assert battery is not None
    report = car.look(now)
    assert (battery.soc - soc) * 60 / 0.9 == pytest.approx(report.energy_kwh_added, abs=1e-6)
    assert report.energy_kwh_added <= 7.36 * (now - BEGAN).total_seconds() / 3600 + 1e-6
    assert battery.soc <= 1.0 + 1e-9
