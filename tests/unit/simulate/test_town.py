"""The virtual town: the same for the same seed, and plausible."""

from collections import Counter
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.domain.circuit import CircuitKind
from evenload.simulate.population.calibrate import facts
from evenload.simulate.town import Town
from evenload.simulate.town_clock import TownClock
from evenload.simulate.town_grid import FEEDER, TownShape
from evenload.simulate.town_parts import SiteKind, Visit
from evenload.simulate.town_visits import BLOCK_DAYS, HABITS


@cache
def town(seed: int = 1) -> Town:
    return Town(seed)


def all_visits(of: Town, days: int) -> list[Visit]:
    return [visit for number in range(days) for visit in of.visits(number)]


@pytest.mark.requirement("R139")
def test_it_is_as_large_as_said() -> None:
    tree = town().circuits
    kinds = Counter(circuit.kind for circuit in tree.circuits)
    assert kinds[CircuitKind.TRANSFORMER] == 60
    assert kinds[CircuitKind.FEEDER] == kinds[CircuitKind.SUBSTATION] == kinds[CircuitKind.SYSTEM] == 1
    assert kinds[CircuitKind.SITE] == len(town().sites) == 402
    assert len(town().devices) == len({device.station for device in town().devices}) == 450
    assert set(Counter(device.subprotocol for device in town().devices).values()) == {225}
    for site in town().sites:
        depth = tree.path(tree.index[site.node])
        assert [tree.circuits[n].kind for n in depth] == [
            CircuitKind.SITE, CircuitKind.TRANSFORMER, CircuitKind.FEEDER, CircuitKind.SUBSTATION, CircuitKind.SYSTEM,
        ]  # fmt: skip
        assert tree.circuits[depth[1]].node == site.transformer
    powers = {round(device.power_kw_max, 2) for device in town().devices if device.kind is SiteKind.HOME}
    assert powers == {7.36, 11.04}


def test_a_seed_makes_one_town_and_another_seed_another() -> None:
    again, other = Town(1), town(2)
    horizon = Horizon.between(again.noon(2), again.noon(3), 15)
    # asked for in another order: the answers do not depend on what was asked before
    assert again.visits(30) == town().visits(30)
    assert again.visits(0) == town().visits(0) != other.visits(0)
    assert again.devices == town().devices != other.devices
    assert again.vehicles == town().vehicles
    assert (again.base_load_kw(horizon) == town().base_load_kw(horizon)).all()


def test_nobody_is_in_two_places_and_no_station_has_two_cars() -> None:
    visits = all_visits(town(), BLOCK_DAYS + 3)
    assert len({visit.visit_id for visit in visits}) == len(visits)
    for key in ("station", "token"):
        by_key: dict[str, list[Visit]] = {}
        for visit in visits:
            by_key.setdefault(getattr(visit, key), []).append(visit)
        for own in by_key.values():
            assert all(before.leaves_at <= after.plugged_at for before, after in pairwise(own))
    for number in (0, BLOCK_DAYS - 1, BLOCK_DAYS):
        assert all(visit.plugged_at in town().day(number) for visit in town().visits(number))
    plugged = [visit.plugged_at for visit in visits]
    assert plugged == sorted(plugged)


def test_needs_fit_the_stay_the_car_and_the_station() -> None:
    vehicles = {vehicle.token: vehicle for vehicle in town().vehicles}
    devices = {device.station: device for device in town().devices}
    for visit in all_visits(town(), 7):
        vehicle, device = vehicles[visit.token], devices[visit.station]
        hours = (visit.leaves_at - visit.plugged_at).total_seconds() / 3600
        assert 0 < visit.energy_kwh <= min(visit.power_kw_max * hours, vehicle.energy_kwh_most) + 1e-9
        assert visit.power_kw_max == vehicle.power_kw_at(device) <= device.power_kw_max
        assert visit.departs_at > visit.plugged_at
        assert vehicle.station in ("", visit.station)


def test_drivers_are_wrong_and_opt_out_as_often_as_said() -> None:
    visits = all_visits(town(), BLOCK_DAYS)
    wrong = np.mean([visit.departs_at != visit.leaves_at for visit in visits])
    early = np.mean([visit.leaves_at < visit.departs_at - timedelta(minutes=15) for visit in visits])
    assert wrong == pytest.approx(0.25, abs=0.02)
    assert 0.04 < early < 0.12
    assert np.mean([visit.opted_out for visit in visits]) == pytest.approx(0.02, abs=0.01)


@pytest.mark.slow
def test_habits_give_the_energy_they_promise() -> None:
    home = facts(HABITS[SiteKind.HOME].model(town().clock))
    work = facts(HABITS[SiteKind.WORKPLACE].model(town().clock))
    assert home.energy_kwh_per_day == pytest.approx(9.0, rel=0.03)
    assert work.energy_kwh_per_session == pytest.approx(14.0, rel=0.03)
    assert work.connected_h_mean == pytest.approx(8.0, rel=0.03)


@pytest.mark.parametrize(("number", "hours"), [(0, 24), (74, 23), (75, 24), (284, 25), (285, 24)])
def test_days_run_from_noon_to_noon_on_the_wall_clock(number: int, hours: int) -> None:
    # from 13 January 2026: the nights before 29 March and 25 October
    day = town().day(number)
    assert day.hours == hours
    local = town().clock.local(np.array([day.start.replace(tzinfo=None)], dtype="datetime64[s]"))[0]
    assert str(local).endswith("T12:00:00")


def test_base_load_and_signal_are_the_same_whatever_horizon_they_are_asked_on() -> None:
    start = town().noon(0)
    fine, coarse = (Horizon.between(start, start + timedelta(days=2), minutes) for minutes in (5, 15))
    later = Horizon.between(start + timedelta(hours=30), start + timedelta(days=2), 5)
    by_five = town().base_load_kw(fine)
    assert by_five.shape == (len(town().circuits), fine.steps)
    assert town().base_load_kw(coarse) == pytest.approx(by_five.reshape(len(by_five), -1, 3).mean(axis=2))
    assert (town().base_load_kw(later) == by_five[:, -later.steps :]).all()
    transformers = town().circuits.of_kind(CircuitKind.TRANSFORMER)
    assert by_five[town().circuits.index[FEEDER]] == pytest.approx(by_five[transformers].sum(axis=0))
    assert (by_five[transformers] <= town().circuits.limit_kw[transformers][:, None]).all()
    signal = town().signal(coarse)
    assert signal.currency == "EUR"
    assert signal.carbon_g_per_kwh is not None
    assert (signal.price_per_kwh.reshape(-1, 4).std(axis=1) < 1e-12).all()  # an hour has one price


def test_base_load_over_a_change_of_clocks() -> None:
    spring = Horizon.between(town().noon(74), town().noon(75), 15)
    assert spring.steps == 92
    assert np.isfinite(town().base_load_kw(spring)).all()
    assert town().signal(spring).price_per_kwh.shape == (92,)


def test_stations_read_their_meters_at_different_times() -> None:
    stations = town().stations(TownClock(town().epoch, lambda: 0.0))
    assert [station.spec.identity for station in stations] == [device.station for device in town().devices]
    offsets = {station.spec.meter_offset_s for station in stations}
    assert len(offsets) == 450
    assert max(offsets) < 300 == stations[0].spec.meter_s


def test_a_shape_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="581"):
        TownShape(home_stations=581)
    with pytest.raises(InputError, match="at work"):
        TownShape(workplace_stations=0)


def test_another_start_and_a_small_town() -> None:
    small = Town(
        3, TownShape(transformers=4, home_stations=10, workplace_stations=2, public_stations=2), date(2026, 7, 1)
    )
    assert small.epoch.isoformat() == "2026-07-01T10:00:00+00:00"
    assert len(small.devices) == 14
    assert all_visits(small, 3)
