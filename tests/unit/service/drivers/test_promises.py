"""A wish that cannot be met is told at plug-in with the best that can (R46), and again when a plan says otherwise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.base.instants import Interval
from evenload.service.driver_rows import PromiseBasis, PromiseRow
from evenload.service.drivers import asking, promising, wishing
from evenload.service.drivers.promise import Ceiling, estimate_of, outlook_of_plan, sentence, told_time
from evenload.service.live_rows import NeedBasis, PlannedSession, PlanRow, SessionRow

pytestmark = pytest.mark.requirement("R46")

NOW = datetime(2026, 1, 8, 21, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BY = datetime(2026, 1, 9, 6, 0, tzinfo=UTC)
SESSION = SessionRow("t", "S", "d1", "home", NOW, BY, 50.0, NeedBasis.WISH, vehicle_id="leaf")
OSLO = "Europe/Oslo"


def test_a_time_too_short_is_said_with_what_can_be_and_when_all_will_be() -> None:
    # 9 h at 3.7 kW are 33.3 kWh of 50: the rest takes 4 h 31 min more
    session = replace(SESSION, soc=0.2, energy_kwh=60.0)
    found = estimate_of(session, 3.7, 90.0, NOW)
    assert found.energy_kwh == pytest.approx(33.3)
    assert found.soc == pytest.approx(0.2 + 33.3 * 0.9 / 90)
    assert found.soc_wanted == pytest.approx(0.8)
    assert found.ready_at is not None
    assert (found.ready_at - NOW) / HOUR == pytest.approx(60 / 3.7)
    assert sentence(found, OSLO, NOW) == (
        "Your car will have 53 % (33 kWh) by 07:00, not 80 %: even at full power the time is too short; 80 % by 14:12."
    )


def test_what_can_be_met_is_said_plainly() -> None:
    found = estimate_of(replace(SESSION, energy_kwh=30.0), 11.0, None, NOW)
    assert found.is_met
    assert sentence(found, OSLO, NOW) == "Your car will have charged 30 kWh by 07:00."
    assert found.ready_at == NOW + timedelta(hours=30 / 11)


def test_a_circuit_that_carries_less_is_named() -> None:
    ceiling = Ceiling(Interval(NOW, BY + 5 * HOUR), 2.0, "T7")
    found = estimate_of(SESSION, 11.0, None, NOW, [ceiling])
    assert (found.energy_kwh, found.is_met) == (pytest.approx(18.0), False)
    assert "T7 carries no more" in sentence(found, OSLO, NOW)
    short = estimate_of(SESSION, 1.0, None, NOW, [ceiling])
    assert short.reason == "even at full power the time is too short"
    posted = Ceiling(Interval(NOW + HOUR, NOW + 3 * HOUR), 0.0, "T7")
    assert estimate_of(SESSION, 11.0, None, NOW, [posted]).is_met  # 7 h at 11 kW are enough
    assert estimate_of(SESSION, 7.0, None, NOW, [posted]).energy_kwh == pytest.approx(49.0)


def test_no_power_at_all_has_no_end() -> None:
    found = estimate_of(SESSION, 0.0, None, NOW)
    assert sentence(found, OSLO, NOW) == (
        "Your car will have charged 0 kWh by 07:00, not 50 kWh: nothing can be charged until then."
    )


def test_what_was_delivered_before_counts() -> None:
    found = estimate_of(replace(SESSION, energy_kwh_delivered=45.0), 11.0, None, NOW)
    assert found.ready_at == NOW + timedelta(hours=5 / 11)
    done = estimate_of(replace(SESSION, energy_kwh_delivered=55.0), 11.0, None, NOW)
    assert (done.is_met, done.energy_kwh) == (True, 55.0)


def plan_of(powers: tuple[float, ...], why: str = "", plan_id: str = "P") -> PlanRow:
    return PlanRow("t", plan_id, NOW, "tick", NOW, 60.0, 12, "{}", (PlannedSession("S", 0, powers, why),))


def test_a_plan_says_how_much_and_why_not_all() -> None:
    plan = plan_of(
        (0.0, 4.0, 4.0), "waits 22:00-23:00: other times are cheaper; 42.0 kWh short: feeder F12 was at its limit"
    )
    found = outlook_of_plan(SESSION, plan, plan.sessions[0], 7.0, None)
    assert (found.energy_kwh, found.reason) == (8.0, "feeder F12 was at its limit")
    assert found.ready_at == BY + 6 * HOUR
    assert sentence(found, OSLO, NOW).endswith("not 50 kWh: feeder F12 was at its limit; 50 kWh by 13:00.")
    enough = outlook_of_plan(replace(SESSION, energy_kwh=6.0), plan, plan.sessions[0], 7.0, None)
    assert (enough.is_met, enough.ready_at) == (True, NOW + 2.5 * HOUR)


@pytest.mark.parametrize(
    ("hours", "expected"), [(3, "01:00"), (24, "Fri 22:00"), (24 * 8, "Fri 16 Jan 22:00"), (-1, "21:00")]
)
def test_times_say_their_day_where_it_is_not_clear(hours: float, expected: str) -> None:
    assert told_time(NOW + hours * HOUR, OSLO, NOW) == expected


def test_an_hour_that_there_is_twice_or_not_at_all() -> None:
    spring = datetime(2026, 3, 28, 22, tzinfo=UTC)
    found = estimate_of(replace(SESSION, plugged_at=spring, departs_at=spring + 7 * HOUR), 5.0, None, spring)
    assert found.energy_kwh == pytest.approx(35.0)  # 23:00 to 07:00 is 7 h that night
    assert "by 07:00" in sentence(found, OSLO, spring)


def told(home: Any) -> list[PromiseRow]:
    with home.store.reading() as unit:
        return list(unit.promises.after("t", 0, 99))


def test_an_estimate_at_once_and_the_first_plan_confirms_or_corrects_it(home: Any) -> None:
    wishing.put_wish(
        home.ann, home.store, home.wish(soc_target=0.8, ready_by=("07:00",) * 7), home.id(), home.now
    )  # fmt: skip
    home.plug_in()
    assert [(one.basis, one.is_met, one.soc) for one in told(home)] == [(PromiseBasis.ESTIMATE, True, None)]
    home.meter(soc=0.1)  # 70 % of 45 kWh are 35 kWh at the connector, 4.7 h at 7.4 kW
    assert [one.energy_kwh for one in told(home)] == pytest.approx([12.0, 35.0])
    assert told(home)[1].corrects
    session = home.session()
    home.later(seconds=3)
    planned = PlannedSession(session.session_id, 0, (2.0,) * 8, "27.0 kWh short: feeder F12 was at its limit")
    plan = PlanRow("t", "P1", home.now, "tick", home.now, 60.0, 24, "{}", (planned,))
    with home.store.writing() as unit:
        latest = unit.promises.latest("t", [session.session_id])
        rows = promising.confirm(unit, plan, latest, home.now)
        assert promising.confirm(unit, plan, unit.promises.latest("t", [session.session_id]), home.now) == []
    assert [(one.basis, one.is_met, one.corrects) for one in rows] == [(PromiseBasis.PLAN, False, True)]
    said = asking.forecast(home.ann, home.store, "ann", home.now)
    assert [one.sentence for one in said] == [
        "Your car will have 42 % (16 kWh) by 07:00, not 80 %: feeder F12 was at its limit; 80 % by 09:34."
    ]
    with home.store.writing() as unit:  # a plan that is a little better says nothing new; one that is enough does
        latest = unit.promises.latest("t", [session.session_id])
        better = replace(plan, plan_id="P2", sessions=(replace(planned, power_kw=(2.1,) * 8),))
        assert promising.confirm(unit, better, latest, home.now) == []
        enough = replace(plan, plan_id="P3", sessions=(replace(planned, power_kw=(5.0,) * 8, why=""),))
        assert [one.is_met for one in promising.confirm(unit, enough, latest, home.now)] == [True]


def test_a_car_of_nobody_is_promised_nothing(home: Any) -> None:
    with home.store.writing() as unit:
        unit.drivers.remove("t", "ann")
    home.plug_in()
    assert told(home) == []


def test_a_plan_of_before_a_wish_says_nothing_of_what_was_wished_since(home: Any) -> None:
    session = home.plug_in()
    planned = PlannedSession(session.session_id, 0, (2.0,) * 8, "")
    plan = PlanRow("t", "P1", home.now, "tick", home.now, 60.0, 24, "{}", (planned,))
    home.later(seconds=20)
    with home.store.writing() as unit:
        before = unit.promises.latest("t", [session.session_id])[session.session_id]
        since = {session.session_id: replace(before, at=home.now)}
        assert promising.confirm(unit, plan, since, home.now) == []
        assert promising.confirm(unit, replace(plan, made_at=home.now), since, home.now)
