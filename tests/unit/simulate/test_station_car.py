from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.simulate.station_car import Car, Flow, Outlet

pytestmark = pytest.mark.requirement("R77")


def outlet(car: Car | None, **more: float) -> Outlet:
    made = Outlet(1, **more)  # type: ignore[arg-type]
    made.car, made.is_on = car, True
    return made


@pytest.mark.parametrize(
    ("limit_a", "phases", "current_a", "power_kw", "flow"),
    [
        (inf, None, 16.0, 11.04, Flow.CHARGING),
        (10.0, None, 10.0, 6.9, Flow.CHARGING),
        (10.0, 1, 10.0, 2.3, Flow.CHARGING),
        (6.0, None, 6.0, 4.14, Flow.CHARGING),
        (5.9, None, 0.0, 0.0, Flow.LIMITED_TO_NOTHING),
        (0.0, None, 0.0, 0.0, Flow.LIMITED_TO_NOTHING),
    ],
)
def test_what_flows_under_a_limit(
    limit_a: float, phases: int | None, current_a: float, power_kw: float, flow: Flow
) -> None:
    there = outlet(Car(current_a_max=16, phases=3))
    there.offer(limit_a, phases)
    assert (there.current_a, there.power_kw, there.flow) == (current_a, pytest.approx(power_kw), flow)


def test_the_weakest_of_cable_car_and_battery_decides() -> None:
    weak_outlet = outlet(Car(current_a_max=32), current_a_max=20.0)
    weak_outlet.offer(inf, None)
    assert weak_outlet.current_a == 20.0
    # Half way between the knee at 0.8 and full, 5 % of full power being left at full: 52.5 %.
    tapering = outlet(Car(soc=0.9, knee_soc=0.8, current_a_max=16))
    tapering.offer(inf, None)
    assert tapering.current_a == pytest.approx(16 * 0.525)


def test_no_car_and_no_transaction_take_nothing() -> None:
    empty, idle = outlet(None), outlet(Car())
    idle.is_on = False
    for there, flow in ((empty, Flow.EMPTY), (idle, Flow.WAITING)):
        there.run(3600, inf, None)
        assert (there.power_kw, there.register_kwh, there.flow) == (0.0, 0.0, flow)


@given(
    st.floats(0, 1), st.floats(0.5, 1), st.floats(0.1, 0.99), st.lists(st.tuples(st.floats(0, 7200), st.floats(0, 40)))
)
def test_energy_is_conserved_and_no_limit_broken(
    soc: float, target: float, knee: float, hours: list[tuple[float, float]]
) -> None:
    car = Car(battery_kwh=50, soc=soc, soc_target=target, knee_soc=knee, efficiency=0.9)
    there = outlet(car)
    for seconds, limit_a in hours:
        before = there.register_kwh
        there.run(seconds, limit_a, None)
        most_kw = min(limit_a, 16.0) * 3 * 0.23 if limit_a >= 6 else 0.0
        assert there.register_kwh - before <= most_kw * seconds / 3600 + 1e-9
        assert there.power_kw <= most_kw + 1e-9
    assert (car.soc - soc) * car.battery_kwh == pytest.approx(there.register_kwh * 0.9, abs=1e-9)
    assert car.soc <= max(soc, target) + 1e-9
