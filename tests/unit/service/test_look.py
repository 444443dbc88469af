from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service import look
from evenload.service.access_rows import Role
from evenload.service.live_rows import DecisionRow, DeviceRow, PlannedSession, PlanRow, SessionRow
from evenload.service.refusals import NotFoundError
from evenload.service.rows import ReadingRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
HOUR = Interval(NOON, NOON + timedelta(hours=1))
VIEWER = Scope("north", "user:ann", Role.VIEWER)
SESSION = SessionRow("north", "S", "D", "depot", NOON, NOON + timedelta(hours=8), 20.0)


def metered(powers: dict[int, float | None], evse_id: int = 1) -> MemoryStore:
    store = MemoryStore()
    station = StationId("north", "CP1")
    with store.writing() as unit:
        unit.devices.put([DeviceRow("north", "D", "depot", "CP1", evse_id)])
        unit.readings.put(
            ReadingRow(station, evse, Reading(at=NOON + timedelta(minutes=minute), kind=ReadingKind.INSTANT,
                                              power_kw=None if power is None else power * evse))
            for minute, power in powers.items() for evse in (1, 2)
        )  # fmt: skip
    return store


def test_readings_are_those_of_the_devices_own_evse() -> None:
    found = look.readings(VIEWER, metered({0: 1.0, 5: 2.0, 10: 3.0}), "D", HOUR, 2)
    assert [one.power_kw for one in found] == [2.0, 3.0]
    assert len(look.readings(VIEWER, metered({0: 1.0}, evse_id=0), "D", HOUR, 9)) == 2


def test_mean_powers_are_of_steps_from_midnight_and_gaps_stay_gaps() -> None:
    found = look.mean_powers(VIEWER, metered({0: 4.0, 10: 8.0, 15: 6.0, 20: None, 45: 1.0}), "D", HOUR, 15)
    assert [(one.at.minute, one.power_kw, one.samples) for one in found] == [(0, 6.0, 2), (15, 6.0, 1), (45, 1.0, 1)]
    with pytest.raises(InputError, match="more than 10000 steps"):
        look.mean_powers(VIEWER, metered({}), "D", Interval(NOON, NOON + timedelta(days=8)), 1)


def planned(why: str) -> MemoryStore:
    store = MemoryStore()
    with store.writing() as unit:
        unit.sessions.put([SESSION])
        unit.decisions.add([DecisionRow("north", NOON, "D", "S", "declared", "somebody says so")])
        part = PlannedSession("S", 2, (3.0, 0.0), why)
        unit.plans.add(PlanRow("north", "P", NOON, "tick", NOON, 15.0, 4, "{}", (part,)))
    return store


def test_an_explanation_is_what_the_plan_says_else_the_last_decision() -> None:
    told = look.explain(VIEWER, planned("paused: F12 at its limit"), "S")
    assert told.why == "paused: F12 at its limit"
    assert told.steps == [(NOON + timedelta(minutes=30), 3.0), (NOON + timedelta(minutes=45), 0.0)]
    assert look.explain(VIEWER, planned(""), "S").why == "somebody says so"


def test_the_latest_plan_has_a_name_of_its_own() -> None:
    store = planned("")
    assert look.plan(VIEWER, store, "latest") == look.plan(VIEWER, store, "P")
    with pytest.raises(NotFoundError, match="no plan yet"):
        look.plan(VIEWER, MemoryStore(), "latest")
    with pytest.raises(NotFoundError, match="no plan 'Q'"):
        look.plan(VIEWER, store, "Q")


def test_what_was_decided_since_the_plan_is_said_before_what_the_plan_says() -> None:
    store = planned("waits 13:00-15:00: other times are cheaper")
    boosted = DecisionRow("north", NOON + timedelta(seconds=3), "D", "S", "boosted", "ann lets it go before others")
    with store.writing() as unit:
        unit.decisions.add([boosted])
    assert look.explain(VIEWER, store, "S").why == (
        "ann lets it go before others; by the plan before that: waits 13:00-15:00: other times are cheaper"
    )
