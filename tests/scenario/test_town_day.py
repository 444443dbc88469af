"""A day of a small town as `evenload demo` lives it: everything in one process over real sockets, then looked at."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evenload.app.town.enrol import TENANT
from evenload.app.town.shape import shape_of
from evenload.base.instants import Interval
from evenload.domain.station_readings import ReadingKind
from evenload.service.live_rows import SessionRow
from evenload.simulate.town import Town
from evenload.simulate.town_arrays import day_horizon, visits_ending
from evenload.store.sql.store import opened

pytestmark = [pytest.mark.slow, pytest.mark.requirement("R139", "R145")]

STATIONS, CLOUD_CARS, SEED, SPEED = 24, 12, 1, 2000
MOST = 100_000


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What the command told in the end, and the database it leaves."""
    folder = tmp_path_factory.mktemp("town")
    command = [sys.executable, "-m", "evenload", "demo", "--days", "1", "--headless", "--json", "--stations",
               str(STATIONS), "--cloud-cars", str(CLOUD_CARS),
               "--seed", str(SEED), "--speed", str(SPEED), "--out", str(folder)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout), folder / "town.db"


@pytest.fixture(scope="module")
def town() -> Town:
    return Town(SEED, shape_of(STATIONS, CLOUD_CARS))


def sessions_of(database: Path, town: Town) -> list[SessionRow]:
    window = Interval(town.epoch - timedelta(hours=1), town.epoch + timedelta(days=2))
    with opened(database) as store, store.reading() as unit:
        return list(unit.sessions.within(TENANT, window))


def test_nothing_broke_and_the_day_is_told(day: tuple[dict[str, Any], Path], town: Town) -> None:
    told, _ = day
    assert (told["broken"], told["interrupted"], len(told["days"])) == ([], False, 1)
    managed, unmanaged = told["days"][0]["managed"], told["days"][0]["unmanaged"]
    assert managed["cars"] == unmanaged["cars"] == len(visits_ending(town, 0))
    assert managed["energy_kwh"] > 0.5 * unmanaged["energy_kwh"]
    assert managed["cars_ready"] + managed["cars_short"] + managed["cars_left_early_short"] == managed["cars"]


@pytest.mark.requirement("R91", "R142")
def test_cars_at_outlets_are_reached_by_their_makers_clouds(day: tuple[dict[str, Any], Path], town: Town) -> None:
    managed, unmanaged = day[0]["days"][0]["managed"], day[0]["days"][0]["unmanaged"]
    ours = [one for one in visits_ending(town, 0) if one.station.startswith("car:")]
    assert managed["cloud_cars"] == unmanaged["cloud_cars"] == len(ours) > 1
    assert (
        managed["cloud_cars_reached"] >= len(ours) - 1
    )  # a webhook may be lost, and the car be gone before it is read
    with opened(day[1]) as store, store.reading() as unit:
        linked = unit.cars.links_live(TENANT)
        states = {one.vehicle_id: one for one in unit.cars.states(TENANT)}
        acts = unit.cars.acts_last(TENANT, MOST)
    assert {one.device_id for one in linked} == {one.station for one in town.outlets}
    assert len({one.provider for one in linked}) == 3
    assert len({one.station.removeprefix("car:") for one in ours} - states.keys()) <= 1
    # whatever a car was asked is accounted for: it ended with a reason, or the day ended before it did
    assert all(one.reason is not None for one in acts if one.ended_at is not None)
    assert sum(one.ended_at is None for one in acts) <= len(linked)


def test_every_visit_that_ended_is_one_session(day: tuple[dict[str, Any], Path], town: Town) -> None:
    ended = [
        one for one in sessions_of(day[1], town)
        if one.unplugged_at is not None and not one.device_id.startswith("car:")
    ]  # fmt: skip
    wanted = sorted(
        (one.station, one.token.casefold()) for one in visits_ending(town, 0) if not one.station.startswith("car:")
    )
    until = town.noon(1)
    kept = sorted((one.device_id, one.token) for one in ended if one.unplugged_at and one.unplugged_at < until)
    assert kept == wanted


def test_sessions_are_given_what_the_registers_of_their_stations_count(
    day: tuple[dict[str, Any], Path], town: Town
) -> None:
    sessions = sessions_of(day[1], town)
    window = Interval(town.epoch - timedelta(hours=1), town.epoch + timedelta(days=2))
    with opened(day[1]) as store, store.reading() as unit:
        ended = unit.transactions.last(TENANT, MOST)
        for device in unit.devices.of(TENANT):
            rows = [one.reading for one in unit.readings.within(device.station, window, MOST)]
            counted = [one.energy_kwh_import or 0.0 for one in rows if one.kind is ReadingKind.REGISTER]
            counted += [one.register_kwh_end or 0.0 for one in ended if one.station == device.station]
            given = sum(one.energy_kwh_delivered for one in sessions if one.device_id == device.device_id)
            assert given == pytest.approx(max(counted, default=0.0), abs=0.01), device.device_id


def test_cars_take_no_transformer_over_its_limit(day: tuple[dict[str, Any], Path], town: Town) -> None:
    base_kw = town.base_load_kw(day_horizon(town, 0))
    by_base = {
        one.node for node, one in enumerate(town.circuits.circuits) if base_kw[node].max() > one.limit_kw
    }  # fmt: skip
    over = [one for one in day[0]["days"][0]["managed"]["overloads"] if one["kind"] == "transformer"]
    assert [one for one in over if one["node"] not in by_base] == []
