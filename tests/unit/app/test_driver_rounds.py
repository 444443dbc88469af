"""What drivers chose begins and ends by the clock, and plans confirm what they were told."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.app.driver_rounds import DriverRounds
from evenload.service.access_rows import Role
from evenload.service.driver_rows import ChoiceKind, ChoiceRow, DriverRow, PromiseBasis
from evenload.service.drivers import choosing, promising
from evenload.service.live_rows import DeviceRow, PlannedSession, PlanRow, SessionRow, SiteRow, VehicleRow
from evenload.service.ports import StoreError
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOW = datetime(2026, 1, 8, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Scope("t", "link:x", Role.DRIVER, "ann")
SESSION = SessionRow("t", "S", "d1", "home", NOW, NOW + 10 * HOUR, 20.0, vehicle_id="leaf")


class World:
    """A store with a car plugged in, and a clock that tests move."""

    def __init__(self) -> None:
        self.now, self.store, self.woken = NOW, MemoryStore(), list[frozenset[str]]()
        with self.store.writing() as unit:
            unit.sites.put([SiteRow("t", "home", timezone="Europe/Oslo")])
            unit.devices.put([DeviceRow("t", "d1", "home", "CP1", power_kw_max=4.0)])
            unit.vehicles.put([VehicleRow("t", "leaf", battery_kwh=45.0)])
            unit.drivers.put([DriverRow("t", "ann", vehicles=("leaf",), site_id="home")])
            unit.sessions.put([SESSION])
        self.rounds = DriverRounds(self.store, ("t", "u"), lambda: self.now, self.woken.append, 0.001)

    def choose(self, kind: ChoiceKind, end: datetime) -> None:
        choosing.opt_out(ANN, self.store, ChoiceRow("t", "c1", "ann", kind, self.now + HOUR, end), self.now)

    def session(self) -> SessionRow:
        with self.store.reading() as unit:
            return unit.sessions.going_on("t")[0]


def test_an_opt_out_begins_and_ends_by_the_clock() -> None:
    world = World()
    world.choose(ChoiceKind.OPT_OUT, NOW + 2 * HOUR)
    assert world.rounds.look() == frozenset()
    world.now += HOUR
    assert world.rounds.look() == {"t"}
    assert world.session().opted_out
    assert world.rounds.look() == frozenset()
    world.now += HOUR
    assert world.rounds.look() == {"t"}
    assert not world.session().opted_out
    world.now += HOUR
    assert world.rounds.look() == frozenset()


@pytest.mark.requirement("R46")
def test_the_first_plan_after_a_promise_says_it_again() -> None:
    world = World()
    with world.store.writing() as unit:
        promising.estimate(unit, unit.drivers.of("t")[0], SESSION, NOW)
    world.rounds.look()
    plan = PlanRow("t", "P1", NOW, "tick", NOW, 60.0, 12, "{}", (PlannedSession("S", 0, (2.0,) * 12, ""),))
    with world.store.writing() as unit:
        unit.plans.add(plan)
        unit.plans.add(replace(plan, plan_id="P2"))
    for _ in range(3):
        world.rounds.look()
    with world.store.reading() as unit:
        told = unit.promises.after("t", 0, 9)
    assert [(one.basis, one.plan_id) for one in told] == [(PromiseBasis.ESTIMATE, ""), (PromiseBasis.PLAN, "P2")]
    again = DriverRounds(world.store, ("t",), lambda: world.now, world.woken.append)  # after a restart
    again.look()
    with world.store.reading() as unit:
        assert len(unit.promises.after("t", 0, 9)) == 2


def test_what_breaks_is_tried_again_and_who_plans_is_woken(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.choose(ChoiceKind.OPT_OUT, NOW + 3 * HOUR)
    world.now += HOUR
    faults = [StoreError("the disk is full"), ZeroDivisionError()]
    look = world.rounds.look

    def looking() -> frozenset[str]:
        if faults:
            raise faults.pop(0)
        return look()

    world.rounds.look = looking  # type: ignore[method-assign]

    async def some_rounds() -> None:
        running = asyncio.create_task(world.rounds.run())
        while not world.woken:
            await asyncio.sleep(0.001)
        running.cancel()

    asyncio.run(asyncio.wait_for(some_rounds(), 5))
    assert world.woken == [frozenset(["t"])]
    assert "the disk is full" in caplog.text
    assert "event=driver_rounds_defect" in caplog.text
