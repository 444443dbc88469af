"""Every answer to "why is my car (not) charging?", one row a case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.service.cable_rows import ConflictKind, ConflictRow
from evenload.service.driver_rows import ChoiceKind, ChoiceRow
from evenload.service.drivers import asking
from evenload.service.drivers.why import Around, WhyCode, clause_at, why
from evenload.service.live_rows import LimitRow, NeedBasis, PlannedSession, PlanRow, SessionRow
from evenload.service.snapshot import Trust

pytestmark = pytest.mark.requirement("R132")

NOW = datetime(2026, 1, 8, 20, 7, tzinfo=UTC)
"""21:07 in Oslo, a Thursday."""
HOUR = timedelta(hours=1)
START = datetime(2026, 1, 8, 20, 0, tzinfo=UTC)
SESSION = SessionRow(
    "t", "S", "d1", "home", NOW - 2 * HOUR, datetime(2026, 1, 9, 6, 0, tzinfo=UTC), 20.0, NeedBasis.WISH,
    vehicle_id="leaf", transaction_id="x", energy_kwh_delivered=2.0, power_kw=0.0,
)  # fmt: skip
FLOWS = replace(SESSION, power_kw=7.36)


def planned(powers: tuple[float, ...], told: str) -> dict[str, Any]:
    row = PlannedSession("S", 0, powers, told)
    return {"plan": PlanRow("t", "P", START, "tick", START, 60.0, 36, "{}", (row,)), "planned": row}


WAITS = planned(
    (0, 0, 0, 9, 9),
    "waits Thu 21:00-Fri 00:00: other times are cheaper; charges Fri 00:00-02:00 at full power; ready by "
    "Fri 02:00, 5 h before departure",
)
CHARGES = planned((9, 9, 9), "charges Thu 21:00-Fri 00:00 at full power; ready by Thu 23:00, 8 h before departure")
LIMIT = planned((0, 9, 9), "paused Thu 21:00-22:00: feeder F12 at its limit; charges Thu 22:00-Fri 00:00 at full power")
SHORT = planned(
    (0, 0, 5),
    "paused Thu 21:00-23:00: feeder F12 at its limit; charges Thu 23:00-Fri 00:00 at full power; 12.0 kWh "
    "short: feeder F12 was at its limit",
)
TURN = planned(
    (0, 9, 9),
    "off until its turn comes, since it cannot charge at less than 4.1 kW; slowed Thu 21:00-23:00: feeder "
    "F12 at its limit",
)
MINIMUM = planned(
    (9, 0, 0, 9),
    "charges Thu 21:00-22:00 at once: the minimum asked for; waits Thu 22:00-Fri 00:00: other times are cheaper",
)
EVENT = planned((0, 9, 9), "paused Thu 21:00-22:00: group G asks for less; charges Thu 22:00-Fri 00:00 at full power")
SLOWED = planned(
    (3, 9, 9), "slowed Thu 21:00-22:00: feeder F12 at its limit; charges Thu 22:00-Fri 00:00 at full power"
)
POSTED = (LimitRow("t", "peak", "F12", NOW - HOUR, NOW + HOUR, 10.0, "evening peak"),)


SUN = planned((0, 9, 9), "waits Thu 21:00-22:00 for own generation of home; charges Thu 22:00-Fri 00:00 at full power")
FEW = planned(
    (0, 9, 9), "waits Thu 21:00-22:00 as told before: no command to spare; charges Thu 22:00-Fri 00:00 at full power"
)


def conflict(kind: ConflictKind, told_at: datetime | None = NOW) -> ConflictRow:
    why = "leaf stops at 50% by its own charge limit"
    return ConflictRow("t", "S", kind, NOW, why, "raise it in the car", told_at=told_at)


def chosen(kind: ChoiceKind, hours: float = 14) -> dict[str, Any]:
    return {"choices": [ChoiceRow("t", "c", "ann", kind, NOW - HOUR, NOW + hours * HOUR)]}


CASES: list[tuple[str, Around, WhyCode, str]] = [
    ("nothing known", Around(NOW), WhyCode.NOT_PLUGGED_IN, "Your car is not plugged in, as far as we know."),
    ("left", Around(NOW, "Europe/Oslo", ended_at=NOW - 13 * HOUR, ended_kwh=21.4), WhyCode.NOT_PLUGGED_IN,
     "Your car is not plugged in: it was unplugged at 08:07 after 21 kWh."),
    ("left long ago", Around(NOW, ended_at=NOW - 999 * HOUR), WhyCode.NOT_PLUGGED_IN,
     "Your car is not plugged in, as far as we know."),
    ("away, no car", Around(NOW, "Europe/Oslo", **chosen(ChoiceKind.VACATION, 100)), WhyCode.ON_VACATION,
     "You are away until Tue 01:07; your car is not plugged in."),
    ("cloud silent, no car", Around(NOW, cloud_fault="consent was withdrawn"), WhyCode.CLOUD_LOST,
     "Your car's maker tells us nothing now (consent was withdrawn), so we do not know."),
    ("not shared", Around(NOW, is_shared=False, ended_at=NOW - HOUR), WhyCode.NOT_SHARED,
     "You do not share what your car tells any more, so we neither see nor manage it; it charges as it is set itself."),
    ("link lost", Around(NOW, session=SESSION, trust=Trust.OFFLINE, fallback_kw=4.2, **WAITS), WhyCode.LINK_LOST,
     "Your charger is not connected to us; it goes on at up to 4.2 kW by itself until it is back."),
    ("link lost, no fallback", Around(NOW, session=SESSION, trust=Trust.OFFLINE), WhyCode.LINK_LOST,
     "Your charger is not connected to us; it goes on as it likes until it is back."),
    ("cloud lost", Around(NOW, session=SESSION, cloud_fault="its cloud cannot be reached"), WhyCode.CLOUD_LOST,
     "We cannot reach your car through its maker (its cloud cannot be reached), so it charges as it is set itself."),
    ("unmanaged", Around(NOW, session=FLOWS, trust=Trust.UNMANAGED), WhyCode.UNMANAGED,
     "This charger is not managed: your car decides alone when it charges."),
    ("disobeys", Around(NOW, session=FLOWS, trust=Trust.DISOBEDIENT, **WAITS), WhyCode.DISOBEYS,
     "Your charger charges anyway: it does not keep to what it is told. It is being looked at."),
    ("refuses", Around(NOW, session=SESSION, trust=Trust.REFUSES, **CHARGES), WhyCode.DISOBEYS,
     "Your charger does not do what it is told: it does not take what it is told. It is being looked at."),
    ("silent", Around(NOW, session=SESSION, trust=Trust.STALE, **WAITS), WhyCode.SILENT,
     "Your charger has told us nothing for a while, so we do not know what your car does."),
    ("maker's app", Around(NOW, session=FLOWS, is_overridden=True, **WAITS), WhyCode.TAKEN_IN_HAND,
     "Your car is charging as you set it in its maker's app; we leave it alone."),
    ("full", Around(NOW, session=replace(SESSION, suspended_by_vehicle=True, soc=1.0), **CHARGES), WhyCode.FULL,
     "Your car is full."),
    ("own timer", Around(NOW, "Europe/Oslo", session=SESSION, car_timer=NOW + 2 * HOUR, **CHARGES), WhyCode.CAR_TIMER,
     "Your car waits for its own timer, which starts it at 23:07: switch it off in the car."),
    ("timer of before", Around(NOW, "Europe/Oslo", session=FLOWS, car_timer=NOW + 2 * HOUR, **CHARGES), WhyCode.CHARGES,
     "Your car is charging at 7.4 kW and will be ready by 23:07."),
    ("own limit", Around(NOW, session=SESSION, conflicts=[conflict(ConflictKind.CHARGE_LIMIT)], **CHARGES),
     WhyCode.CAR_LIMIT, "Leaf stops at 50% by its own charge limit: raise it in the car."),
    ("own limit, not told yet", Around(NOW, session=FLOWS, conflicts=[conflict(ConflictKind.CHARGE_LIMIT, None)]),
     WhyCode.CHARGES, "Your car is charging at 7.4 kW."),
    ("sun", Around(NOW, "Europe/Oslo", session=SESSION, **SUN), WhyCode.WAITS_GENERATION,
     "Your car waits for own generation of home; it starts at 22:00 and will be ready by 00:00."),
    ("few commands", Around(NOW, "Europe/Oslo", session=SESSION, **FEW), WhyCode.WAITS_COMMAND,
     "Your car stays off for now: it can be told something only now and then; it starts at 22:00 and will be ready by "
     "00:00."),
    ("has it", Around(NOW, session=replace(SESSION, energy_kwh_delivered=20.0, soc=0.8), **CHARGES),
     WhyCode.HAS_WHAT_WAS_WISHED, "Your car has the 20 kWh it was to have (80 %)."),
    ("takes nothing", Around(NOW, session=replace(SESSION, suspended_by_vehicle=True, soc=0.9), **CHARGES),
     WhyCode.CAR_TAKES_NOTHING, "Your car may charge but takes nothing (90 %): it is full or at its own charge limit, "
     "or waits for its own timer."),
    ("waits and says so", Around(NOW, "Europe/Oslo", session=replace(SESSION, suspended_by_vehicle=True), **WAITS),
     WhyCode.WAITS_CHEAPER, "Your car waits for cheaper hours; it starts at 00:00 and will be ready by 02:00."),
    ("skipped", Around(NOW, "Europe/Oslo", session=replace(SESSION, energy_kwh=2.0),
     **chosen(ChoiceKind.SKIP), **CHARGES),
     WhyCode.SKIPPED, "You skip this night: it charges again from 11:07."),
    ("skipped, below minimum", Around(NOW, "Europe/Oslo", session=replace(FLOWS, energy_kwh=4.0),
     **chosen(ChoiceKind.SKIP)),
     WhyCode.SKIPPED, "You skip this night: it charges no more after the 4 kWh of its minimum until 11:07."),
    ("away", Around(NOW, "Europe/Oslo", session=replace(SESSION, energy_kwh=2.0), **chosen(ChoiceKind.VACATION, 100)),
     WhyCode.ON_VACATION, "You are away until Tue 01:07: your car keeps its minimum and charges again after that."),
    ("opted out", Around(NOW, "Europe/Oslo", session=replace(FLOWS, opted_out=True), **CHARGES), WhyCode.OPTED_OUT,
     "You took your car out, so it is charging at 7.4 kW and will be ready by 23:07."),
    ("boosted, held", Around(NOW, "Europe/Oslo", session=replace(SESSION, boosted=True), **LIMIT), WhyCode.BOOSTED,
     "You let your car go first, so it charges as soon as the limits allow and will be ready by 00:00."),
    ("overdue", Around(NOW, session=replace(FLOWS, departs_at=NOW - HOUR), **CHARGES), WhyCode.OVERDUE,
     "The time you wanted to leave has passed, so your car is charging at 7.4 kW."),
    ("no plan", Around(NOW, session=SESSION), WhyCode.NO_PLAN, "Your car was just plugged in: its plan is being made."),
    ("minimum", Around(NOW, "Europe/Oslo", session=FLOWS, **MINIMUM), WhyCode.MINIMUM,
     "Your car is charging at 7.4 kW up to its minimum, which it gets at once."),
    ("event", Around(NOW, "Europe/Oslo", session=SESSION, **EVENT), WhyCode.EVENT,
     "Your car is paused by an event (group G); it starts at 22:00 and will be ready by 00:00."),
    ("posted limit", Around(NOW, "Europe/Oslo", session=SESSION, limits=POSTED, **LIMIT), WhyCode.EVENT,
     "Your car is paused by an event (evening peak) that ends at 22:07; it starts at 22:00 and will be "
     "ready by 00:00."),
    ("slowed by an event", Around(NOW, "Europe/Oslo", session=FLOWS, limits=POSTED, **SLOWED), WhyCode.EVENT,
     "Your car is charging at 7.4 kW, slowed by an event (evening peak) that ends at 22:07 and will be "
     "ready by 23:42."),
    ("circuit", Around(NOW, "Europe/Oslo", session=SESSION, **LIMIT), WhyCode.CIRCUIT_LIMIT,
     "Your car waits since its circuit (feeder F12) is at its limit; it starts at 22:00 and will be ready by 00:00."),
    ("slowed", Around(NOW, "Europe/Oslo", session=FLOWS, **SLOWED), WhyCode.CIRCUIT_LIMIT,
     "Your car is charging at 7.4 kW, slowed since its circuit (feeder F12) is at its limit and will be "
     "ready by 23:42."),
    ("short", Around(NOW, "Europe/Oslo", session=SESSION, **SHORT), WhyCode.CIRCUIT_LIMIT,
     "Your car waits since its circuit (feeder F12) is at its limit; it starts at 23:00 and will not have "
     "everything by "
     "07:00 (feeder F12 was at its limit)."),
    ("turn", Around(NOW, "Europe/Oslo", session=SESSION, **TURN), WhyCode.WAITS_TURN,
     "Your car waits for its turn: there is not enough room for all at once; it starts at 22:00 and will be "
     "ready by 00:00."),
    ("cheaper", Around(NOW, "Europe/Oslo", session=SESSION, **WAITS), WhyCode.WAITS_CHEAPER,
     "Your car waits for cheaper hours; it starts at 00:00 and will be ready by 02:00."),
    ("about to", Around(NOW, "Europe/Oslo", session=SESSION, **CHARGES), WhyCode.WAITS,
     "Your car may charge now, should begin within minutes and will be ready by 23:07."),
    ("charges", Around(NOW, "Europe/Oslo", session=FLOWS, **CHARGES), WhyCode.CHARGES,
     "Your car is charging at 7.4 kW and will be ready by 23:07."),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "code", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_one_sentence_for_each_case(seen: Around, code: WhyCode, expected: str) -> None:
    found = why(seen)
    assert (found.sentence, found.code) == (expected, code)
    assert found.is_charging == ((seen.session.power_kw or 0) > 0 if seen.session else False)


def test_every_code_has_a_case() -> None:
    assert {case[2] for case in CASES} | {WhyCode.NO_VEHICLE} == set(WhyCode)


@pytest.mark.parametrize(
    ("hours", "expected"), [(0, "waits"), (2.9, "waits"), (3.1, "charges"), (4.9, "charges"), (6, "")]
)
def test_what_a_plan_says_of_an_instant(hours: float, expected: str) -> None:
    told = WAITS["planned"].why
    assert clause_at(told, START + hours * HOUR, START, "Europe/Oslo").partition(" ")[0] == expected


def test_clauses_on_a_night_with_an_hour_twice() -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)  # 00:00, clocks go back at 03:00
    told = "waits Sun 00:00-04:00: other times are cheaper; charges Sun 04:00-06:00 at full power"
    assert clause_at(told, start + 4.9 * HOUR, start, "Europe/Oslo").startswith("waits")
    assert clause_at(told, start + 5.1 * HOUR, start, "Europe/Oslo").startswith("charges")


def test_it_is_gathered_from_what_is_kept(home: Any) -> None:
    assert [one.why.code for one in asking.ask(home.ann, home.store, "ann", home.now)] == [WhyCode.NOT_PLUGGED_IN]
    session = home.plug_in()
    assert asking.ask(home.ann, home.store, "ann", home.now)[0].why.code is WhyCode.NO_PLAN
    row = replace(WAITS["planned"], session_id=session.session_id)
    with home.store.writing() as unit:
        unit.plans.add(replace(WAITS["plan"], start=home.now, sessions=(row,)))
    (told,) = asking.ask(home.ann, home.store, "ann", home.now)
    assert (told.why.code, told.plan_id, told.vehicle_id) == (WhyCode.WAITS_CHEAPER, "P", "leaf")
    assert told.why.starts_at == home.now + 3 * HOUR
    with home.store.writing() as unit:
        unit.drivers.put([replace(unit.drivers.of("t")[0], vehicles=())])
    assert asking.ask(home.ann, home.store, "ann", home.now)[0].why.code is WhyCode.NO_VEHICLE
