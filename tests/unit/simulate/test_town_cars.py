"""Cars of a virtual town that are reached by clouds: who they are, and that every figure counts them."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from evenload.domain.circuit import CircuitKind
from evenload.domain.vehicle_state import Provider
from evenload.simulate.clouds.faults import CALM
from evenload.simulate.clouds.makers import Makers
from evenload.simulate.town import Town
from evenload.simulate.town_arrays import day_horizon, unmanaged_day, visits_ending
from evenload.simulate.town_cars import ParkedCar, count_all, parked_cars
from evenload.simulate.town_clock import TownClock
from evenload.simulate.town_drivers import Streets
from evenload.simulate.town_grid import TownShape
from evenload.simulate.town_measures import figures, metered_kw, unmanaged_figures

pytestmark = pytest.mark.requirement("R91", "R142")

SHAPE = TownShape(transformers=8, home_stations=40, workplace_stations=4, public_stations=2, cloud_cars=18)
TOWN, BEFORE = Town(5, SHAPE), Town(5, replace(SHAPE, cloud_cars=0))


async def no_sleep(_: float) -> None:
    raise AssertionError("nobody asks")


def cars_of(town: Town) -> list[ParkedCar]:
    makers = Makers(lambda: town.epoch, no_sleep, np.random.default_rng(3))
    return parked_cars(town, makers, CALM, np.random.default_rng(4))


def test_they_join_and_all_else_stays_as_it_was() -> None:
    assert TOWN.devices == BEFORE.devices
    assert TOWN.vehicles[: len(BEFORE.vehicles)] == BEFORE.vehicles
    ours = {one.station for one in TOWN.outlets}
    for day in range(3):
        assert [one for one in TOWN.visits(day) if one.station not in ours] == list(BEFORE.visits(day))


def test_each_is_at_a_home_without_a_station_and_a_third_of_them_at_each_cloud() -> None:
    stations = {one.node for one in TOWN.devices}
    homes = [one.node for one in TOWN.outlets]
    assert len(set(homes)) == len(homes) == 18
    assert not stations & set(homes)
    assert Counter(one.provider for one in TOWN.outlets) == dict.fromkeys(
        (Provider.SMARTCAR, Provider.ENODE, Provider.TESLA), 6
    )
    assert all(one.provider is None for one in TOWN.devices)
    tree = TOWN.circuits
    assert all(tree.circuits[tree.index[node]].kind is CircuitKind.SITE for node in homes)


def test_unmanaged_they_load_their_transformers_as_any_other_car() -> None:
    drawn, done = unmanaged_day(TOWN, 1)
    assert drawn.shape[0] == len(TOWN.points)
    rows = drawn[len(TOWN.devices) :]
    ends = [one for one in visits_ending(TOWN, 1) if one.station.startswith("car:")]
    assert rows.sum() > 0
    assert {one.visit.visit_id for one in done} >= {one.visit_id for one in ends}
    with_cars, without = unmanaged_figures(TOWN, 1), unmanaged_figures(BEFORE, 1)
    hours = day_horizon(TOWN, 1).hours_per_step
    assert with_cars.energy_kwh - without.energy_kwh == pytest.approx(rows.sum() * hours)
    assert with_cars.cars - without.cars == len(ends)


def test_left_alone_they_charge_as_the_array_world_says() -> None:
    parked = cars_of(TOWN)
    clock = TownClock(TOWN.epoch, lambda: 0.0)
    stations = TOWN.stations(clock)
    streets = Streets([*stations, *parked], TOWN.vehicles, TOWN.epoch, lambda _: None)
    cars_only = [one for one in (*TOWN.visits(0), *TOWN.visits(1)) if one.station.startswith("car:")]
    streets.expect(cars_only)
    for step in range(2 * 288 + 1):
        streets.act(step * 300.0)
        count_all(parked, step * 300.0)
    done = streets.take_done(TOWN.noon(2))
    assert len(done) > 5
    for one in done:
        stay_h = (one.visit.leaves_at - one.visit.plugged_at) / timedelta(hours=1)
        most_kwh = min(one.visit.energy_kwh, one.visit.power_kw_max * stay_h)
        # a car comes at the call after its time, of which there is one every five minutes here
        assert most_kwh - one.visit.power_kw_max / 12 - 0.01 <= one.energy_kwh <= one.visit.energy_kwh + 1e-6
    horizon = day_horizon(TOWN, 1)
    power_kw = metered_kw(TOWN, {one.device.station: one.meter() for one in parked}, horizon)
    alone, _ = unmanaged_day(TOWN, 1)
    ours = slice(len(TOWN.devices), None)
    assert power_kw[ours].sum() == pytest.approx(alone[ours].sum(), rel=0.02)
    counted = figures(TOWN, 1, power_kw, done, opt_outs=0)
    assert counted.energy_kwh == pytest.approx(power_kw.sum() * horizon.hours_per_step)


def test_a_car_that_is_gone_is_not_at_home_and_one_that_is_back_is() -> None:
    visit = next(one for one in TOWN.visits(0) if one.station.startswith("car:"))
    car = next(one for one in cars_of(TOWN) if one.spec.identity == visit.station)
    assert not car.car.is_home
    streets = Streets([car], TOWN.vehicles, TOWN.epoch, lambda _: None)
    streets.expect([visit])
    streets.act((visit.plugged_at - TOWN.epoch).total_seconds())
    assert car.car.is_home
    streets.act((visit.leaves_at - TOWN.epoch).total_seconds())
    assert not car.car.is_home
