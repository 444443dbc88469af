"""Drivers of a virtual town at virtual stations in memory, with nobody at the other end of the line."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from evenload.simulate.station_fleet import MemoryFleet
from evenload.simulate.town import Town
from evenload.simulate.town_clock import TownClock
from evenload.simulate.town_drivers import PHONE_AFTER_S, Streets, car_of
from evenload.simulate.town_grid import TownShape
from evenload.simulate.town_parts import Visit

TOWN = Town(5, TownShape(transformers=5, home_stations=20, workplace_stations=3, public_stations=2))
DAY = timedelta(days=1)


class Phone:
    def __init__(self) -> None:
        self.declared: dict[str, tuple[datetime, datetime, float]] = {}
        self.opted_out: list[str] = []

    def declare(
        self, station: str, evse_id: int, token: str, *, at: datetime, departs_at: datetime, energy_kwh: float
    ) -> None:
        assert evse_id == 1
        assert station
        self.declared[token] = (at, departs_at, energy_kwh)

    def opt_out(self, station: str, evse_id: int, token: str, *, at: datetime) -> None:
        assert self.declared[token][0] == at
        assert (station, evse_id) in {(device.station, device.evse_id) for device in TOWN.devices}
        self.opted_out.append(token)


class Scene:
    """Stations offline: whoever comes is trusted and charges."""

    def __init__(self) -> None:
        self.phone = Phone()
        stations = TOWN.stations(TownClock(TOWN.epoch, lambda: 0.0))
        self.attended: list[str] = []
        self.fleet = MemoryFleet(stations, lambda *_: None, redial_s=1e6)
        self.streets = Streets(stations, TOWN.vehicles, TOWN.epoch, self._attend, self.phone)
        self.at = {station.spec.identity: station for station in stations}

    def _attend(self, station: Any) -> None:
        self.attended.append(station.spec.identity)
        self.fleet.attend(station.spec.identity)

    def run(self, until: datetime) -> None:
        end = (until - TOWN.epoch).total_seconds()
        while self.streets.next_due() <= end:
            self.fleet.run(self.streets.next_due())
            self.streets.act(self.fleet.now)
        self.fleet.run(end)


def visit(minutes: float, hours: float, energy_kwh: float = 5.0, **more: Any) -> Visit:
    vehicle = TOWN.vehicles[0]
    start = TOWN.epoch + timedelta(minutes=minutes)
    known: dict[str, Any] = {
        "visit_id": f"v{minutes}", "station": vehicle.station, "evse_id": 1, "token": vehicle.token,
        "plugged_at": start, "departs_at": start + timedelta(hours=hours), "leaves_at": start + timedelta(hours=hours),
        "energy_kwh": energy_kwh, "power_kw_max": 7.36, "opted_out": False,
    }  # fmt: skip
    return Visit(**(known | more))


def test_a_driver_comes_says_when_he_leaves_and_leaves() -> None:
    scene = Scene()
    one = visit(10, 6, opted_out=True)
    scene.streets.expect([one])
    scene.run(one.plugged_at + timedelta(seconds=PHONE_AFTER_S - 1))
    assert scene.streets.here == (one,)
    assert scene.phone.declared == {}
    scene.run(one.plugged_at + timedelta(hours=5))
    at, departs_at, energy_kwh = scene.phone.declared[one.token]
    assert at == one.plugged_at + timedelta(seconds=PHONE_AFTER_S)
    assert (departs_at, energy_kwh) == (one.departs_at, 5.0)
    assert scene.phone.opted_out == [one.token]
    assert scene.at[one.station].outlets[1].car is not None
    scene.run(one.leaves_at)
    assert scene.at[one.station].outlets[1].car is None
    assert list(scene.streets.here) == []
    assert scene.streets.take_done(one.leaves_at) == []  # not before it ended
    [done] = scene.streets.take_done(one.leaves_at + DAY)
    assert done.energy_kwh == pytest.approx(5.0)
    assert scene.streets.take_done(one.leaves_at + DAY) == []
    assert set(scene.attended) == {one.station}


def test_who_leaves_before_the_car_is_full_has_what_flowed() -> None:
    scene = Scene()
    vehicle = TOWN.vehicles[0]
    device = next(one for one in TOWN.devices if one.station == vehicle.station)
    power_kw = vehicle.power_kw_at(device)
    one = visit(0, 0.5, energy_kwh=20.0, departs_at=TOWN.epoch + timedelta(hours=8))
    scene.streets.expect([one])
    scene.run(TOWN.epoch + DAY)
    [done] = scene.streets.take_done(TOWN.epoch + DAY)
    assert done.energy_kwh == pytest.approx(power_kw / 2)


def test_a_driver_waits_for_the_car_before_and_not_longer_than_he_stays() -> None:
    scene = Scene()
    first, second, third = visit(0, 3), visit(60, 4), visit(90, 0.5)
    scene.streets.expect([first, second, third])
    scene.run(TOWN.epoch + DAY)
    done = scene.streets.take_done(TOWN.epoch + DAY)
    assert [one.visit for one in done] == [first, second]


def test_what_is_past_happens_at_once_and_late_is_told() -> None:
    scene = Scene()
    scene.streets.expect([visit(1, 3)])
    scene.fleet.run(600.0)
    scene.streets.act(600.0)
    assert scene.streets.late_s == 540
    scene.streets.act(601.0)
    assert scene.streets.late_s == 0


def test_cars_bring_the_need_and_no_more() -> None:
    vehicle = TOWN.vehicles[0]
    car = car_of(visit(0, 5, energy_kwh=12.0), vehicle)
    assert (car.soc_target - car.soc) * car.battery_kwh / car.efficiency == pytest.approx(12.0)
    assert car.current_a(32.0, 7.36, 230.0) == min(32.0, vehicle.current_a_max)  # no taper below the target


def test_a_town_lives_day_by_day() -> None:
    scene = Scene()
    for number in (0, 1):
        scene.streets.expect(TOWN.visits(number))
        scene.run(TOWN.noon(number + 1))
    came = [one for number in (0, 1) for one in TOWN.visits(number)]
    done = scene.streets.take_done(TOWN.noon(2))
    assert {one.visit.visit_id for one in done} == {one.visit_id for one in came if one.leaves_at < TOWN.noon(2)}
    assert all(one.energy_kwh == pytest.approx(one.visit.energy_kwh, abs=0.01) for one in done)
