"""The worker of cables: what it looks at, what it tells on, and that a defect costs one look only."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.service.cable.conftest import Ends, T, at

from evenload.app.cables import Cables, Standing
from evenload.app.metrics import of_cables
from evenload.base.instants import Interval
from evenload.domain.station_events import MeterSampled
from evenload.domain.station_limits import Limits
from evenload.domain.vehicle_state import CarId, PlugState
from evenload.service.cable_rows import ConflictKind, ConflictRow
from evenload.service.dispatch import Given


@pytest.fixture
def home() -> Ends:
    ends = Ends()
    ends.site("home", "box")
    ends.car("leaf", "home")
    ends.tell("leaf", -20, PlugState.UNPLUGGED)
    ends.session("box", 0, power_kw=7.2, energy_kwh_delivered=4.8, metered_at=at(40), heard_at=at(40))
    ends.meter("box", *((one, 7.2, 100 + 0.12 * one) for one in (1, 10, 20, 30, 40)))
    for one in (1, 20, 40):
        ends.tell("leaf", one, PlugState.CHARGING, power_kw=7.2, energy_kwh_added=0.12 * one)
    return ends


class Worker:
    def __init__(self, ends: Ends) -> None:
        self.minutes = 41.0
        self.given: dict[str, Given] = {}
        self.cables = Cables(
            ends.store, [T], lambda: at(self.minutes), lambda _tenant: self.given, lambda _: None, lambda: None
        )

    def look(self, minutes: float) -> frozenset[str]:
        self.minutes = minutes
        return self.cables.look()


def test_a_match_is_news_once_and_counted(home: Ends) -> None:
    worker = Worker(home)
    assert worker.look(41) == {T}
    assert worker.look(41.5) == frozenset()
    assert worker.cables.counts["matched"] == 1
    assert worker.cables.standing[T] == Standing({"matched": 1}, {})


def test_what_is_wrong_now_is_counted_by_kind_for_metrics(home: Ends) -> None:
    worker = Worker(home)
    told = ConflictRow(T, "box@0", ConflictKind.CAR_TIMER, at(1), "it waits", "end it", "leaf", "box", told_at=at(2))
    with home.store.writing() as unit:
        unit.cables.put_conflicts([told, replace(told, kind=ConflictKind.CAR_WAITS, told_at=None)])
        standing = Standing.of(unit, T)
    assert standing == Standing({}, {"car_timer": 1})
    worker.cables.standing[T] = standing
    samples = {(one.name, *one.labels.values()): one.value for told in of_cables(worker.cables) for one in told.samples}
    assert samples["evenload_cable_conflicts", T, "car_timer"] == 1
    assert samples["evenload_cable_conflicts", T, "soc_stuck"] == samples["evenload_cable_pairs", T, "matched"] == 0


def test_between_looks_at_all_only_cars_that_told_something_are_looked_at(home: Ends) -> None:
    worker = Worker(home)
    worker.look(-15)  # nothing is plugged in yet, as far as this clock goes
    home.car("zoe", "home")
    home.tell("zoe", -20, PlugState.UNPLUGGED)
    worker.look(41)
    event = MeterSampled(station=CarId(T, "leaf").station, at=at(41), received_at=at(41), evse_id=1, readings=())
    worker.cables.heed([event])
    worker.look(42)
    assert home.find("box@0").vehicle_id == "leaf"


def test_what_devices_were_told_decides_whether_a_car_that_waits_is_in_conflict(home: Ends) -> None:
    worker = Worker(home)
    worker.look(41)
    home.session("box", 0, power_kw=0.0, metered_at=at(60), heard_at=at(60))
    home.tell("leaf", 60, PlugState.WAITING, timer_start=at(420))
    car = MeterSampled(station=CarId(T, "leaf").station, at=at(60), received_at=at(60), evse_id=1, readings=())
    for minutes in (61.0, 62.0):
        worker.cables.heed([car])
        worker.look(minutes)
    assert worker.cables.counts["conflicts"] == 0  # nobody told the charger anything
    worker.given["box"] = Given(Limits.constant(7.2, Interval(at(0), at(720))), "o")
    for minutes in (62.5, 65.0, 68.0):
        worker.cables.heed([car])
        worker.look(minutes)
    assert worker.cables.counts["conflicts"] == 1


def test_a_defect_costs_one_look(home: Ends, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(home)
    looks = iter([ValueError("no"), frozenset([T])])
    told: list[frozenset[str]] = []

    def look() -> frozenset[str]:
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    async def run() -> None:
        cables = Cables(home.store, [T], lambda: at(41), lambda _: {}, told.append, lambda: None, every_s=0.01)
        cables.look = look  # type: ignore[method-assign]
        task = asyncio.get_running_loop().create_task(cables.run())
        while not told:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(asyncio.wait_for(run(), timedelta(seconds=10).total_seconds()))
    assert told == [frozenset([T])]
    assert "cables_defect" in caplog.text
    assert worker.cables.counts.total() == 0
