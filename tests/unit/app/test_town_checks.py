"""What a town checks of visits that ended: at stations to the kWh, at outlets as far as cars can tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.app.town.checks import check, reached
from evenload.app.town.enrol import TENANT
from evenload.service.live_rows import SessionRow
from evenload.service.ports import Store
from evenload.simulate.town_drivers import Done
from evenload.simulate.town_parts import Visit
from evenload.store.memory import MemoryStore

BEGAN = datetime(2026, 1, 13, 18, tzinfo=UTC)
UNTIL = BEGAN + timedelta(days=1)
HOUR = timedelta(hours=1)


def visit(station: str, number: int = 0, energy_kwh: float = 10.0) -> Done:
    at = BEGAN + number * timedelta(minutes=1)
    token = station if station.startswith("car:") else "TAG"
    one = Visit(f"v{station}{number}", station, 1, token, at, at + 9 * HOUR, at + 9 * HOUR, energy_kwh, 7.4, False)
    return Done(one, energy_kwh)


def session(of: Done, energy_kwh: float) -> SessionRow:
    visit = of.visit
    row = SessionRow(
        tenant=TENANT, session_id=f"s{visit.visit_id}", device_id=visit.station, site_id="S",
        plugged_at=visit.plugged_at, departs_at=visit.departs_at, energy_kwh=visit.energy_kwh,
        token=visit.token.casefold(),
    )  # fmt: skip
    return replace(row, unplugged_at=of.visit.leaves_at, energy_kwh_delivered=energy_kwh)


def store_with(*rows: SessionRow) -> Store:
    store = MemoryStore()
    with store.writing() as unit:
        unit.sessions.put(rows)
    return store


def test_nothing_is_broken_where_all_is_kept() -> None:
    done = [visit("CS-1"), visit("car:EV1")]
    store = store_with(*(session(one, 10.0) for one in done))
    assert check(store, done, UNTIL) == []
    assert reached(store, done, UNTIL) == 1


@pytest.mark.parametrize(("station", "off", "is_broken"), [
    ("CS-1", 0.9, False), ("CS-1", 1.3, True), ("car:EV1", 1.9, False), ("car:EV1", -1.9, False),
    ("car:EV1", 2.1, True),
])  # fmt: skip
def test_energy_may_be_off_by_so_much(station: str, off: float, is_broken: bool) -> None:
    one = visit(station)
    assert bool(check(store_with(session(one, 10.0 + off)), [one], UNTIL)) is is_broken


def test_a_visit_at_a_station_without_a_session_is_broken() -> None:
    assert check(store_with(), [visit("CS-1")], UNTIL)[0].endswith("no session is kept of it")


@pytest.mark.parametrize(
    ("visits", "missed", "is_broken"), [(3, 1, False), (3, 2, True), (30, 3, False), (30, 4, True)]
)
def test_so_many_visits_at_outlets_may_stay_unknown(visits: int, missed: int, is_broken: bool) -> None:
    done = [visit(f"car:EV{number}", number) for number in range(visits)]
    store = store_with(*(session(one, 10.0) for one in done[missed:]))
    assert bool(check(store, done, UNTIL)) is is_broken
    assert reached(store, done, UNTIL) == visits - missed


def test_that_a_car_left_may_be_known_late() -> None:
    one = visit("car:EV1")
    store = store_with(replace(session(one, 10.0), unplugged_at=None))
    assert check(store, [one], UNTIL) == []
