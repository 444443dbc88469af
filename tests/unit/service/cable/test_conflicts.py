"""What is found wrong between a car, its charger and the plan, when it is told, and what is not."""

from datetime import timedelta

import pytest
from tests.unit.service.cable.conftest import Ends, T, at

from evenload.domain.vehicle_state import PlugState
from evenload.service.cable_rows import ConflictKind
from evenload.service.live_rows import NeedBasis


@pytest.fixture
def matched(home: Ends) -> Ends:
    """The leaf at the box since 18:00, matched at 18:41, both drawing 7.2 kW."""
    home.session("box", 0, power_kw=7.2, energy_kwh_delivered=4.8, metered_at=at(40), heard_at=at(40))
    home.meter("box", *((one, 7.2, 100 + 0.12 * one) for one in (1, 10, 20, 30, 40)))
    for one in (1, 20, 40):
        home.tell("leaf", one, PlugState.CHARGING, power_kw=7.2, energy_kwh_added=0.12 * one)
    assert home.join(41).matched
    return home


def told(ends: Ends, *minutes: float, allowed_kw: float | None = 7.2) -> set[ConflictKind]:
    for one in minutes[:-1]:
        ends.watch(one, allowed_kw)
    return {one.kind for one in ends.watch(minutes[-1], allowed_kw).told}


def test_where_all_is_well_nothing_is_told(matched: Ends) -> None:
    assert not told(matched, 42, 50, 70)


def test_a_timer_of_the_car_is_told_once_with_its_time_and_ends(matched: Ends) -> None:
    matched.session("box", 0, power_kw=0.0, metered_at=at(60), heard_at=at(60))
    matched.tell("leaf", 60, PlugState.WAITING, timer_start=at(420))
    assert not told(matched, 61)  # cars take a while
    found = matched.watch(67, 7.2).told
    assert [one.kind for one in found] == [ConflictKind.CAR_TIMER]
    assert "01:00" in found[0].why
    assert "switch the timer off" in found[0].to_do
    assert not matched.watch(80, 7.2).told
    with matched.store.reading() as unit:
        (decision,) = [one for one in unit.decisions.last(T, 9, session_id="box@0") if one.kind == "conflict"]
    assert decision.why == f"{found[0].why}: {found[0].to_do}"
    matched.session("box", 0, power_kw=7.2)
    matched.tell("leaf", 90, PlugState.CHARGING, power_kw=7.2)
    assert [one.kind for one in matched.watch(91, 7.2).ended] == [ConflictKind.CAR_TIMER]


def test_one_that_takes_nothing_and_names_no_timer_is_told_after_twenty_minutes(matched: Ends) -> None:
    matched.session("box", 0, power_kw=0.0, metered_at=at(60), heard_at=at(60))
    matched.tell("leaf", 60, PlugState.WAITING)
    assert not told(matched, 61, 80)
    assert told(matched, 82) == {ConflictKind.CAR_WAITS}


@pytest.mark.parametrize(
    ("plug", "soc", "allowed_kw"),
    [
        (PlugState.WAITING, 0.5, 0.0),  # it may not
        (PlugState.COMPLETE, 0.8, 7.2),  # it is as full as it wants to be
        (PlugState.WAITING, 1.0, 7.2),
        (PlugState.WAITING, 0.5, None),  # nobody told its charger anything
    ],
)
def test_one_that_has_a_reason_to_take_nothing_is_no_conflict(
    matched: Ends, plug: PlugState, soc: float, allowed_kw: float | None
) -> None:
    matched.session("box", 0, power_kw=0.0, metered_at=at(60), heard_at=at(60))
    matched.tell("leaf", 60, plug, soc=soc)
    assert not told(matched, 61, 70, 85, allowed_kw=allowed_kw)


def test_a_charger_that_gives_less_than_it_may_has_a_limit_of_its_own(matched: Ends) -> None:
    matched.session("box", 0, power_kw=3.6, power_kw_max=7.2, metered_at=at(60), heard_at=at(60))
    matched.tell("leaf", 60, PlugState.CHARGING, power_kw=3.6)
    assert told(matched, 61, 82) == {ConflictKind.CHARGER_LIMIT}


def test_a_car_that_slows_down_when_nearly_full_is_no_charger_limit(matched: Ends) -> None:
    matched.session("box", 0, power_kw=3.6, power_kw_max=7.2, metered_at=at(60), heard_at=at(60))
    matched.tell("leaf", 60, PlugState.CHARGING, power_kw=3.6, soc=0.9)
    assert not told(matched, 61, 82)


def test_a_charge_limit_below_what_is_wished_for(matched: Ends) -> None:
    matched.session("box", 0, energy_kwh=40.0, basis=NeedBasis.DRIVER)
    matched.tell("leaf", 60, PlugState.CHARGING, power_kw=7.2, charge_limit_soc=0.8)
    (found,) = matched.watch(61, 7.2).told
    assert found.kind is ConflictKind.CHARGE_LIMIT
    assert "stops at 80%" in found.why  # 35.2 kWh more at the connector are 53 % of 60 kWh: to full
    assert "100%" in found.why


def test_a_car_that_says_it_is_unplugged_while_its_charger_meters_power(matched: Ends) -> None:
    matched.tell("leaf", 60, PlugState.UNPLUGGED)
    matched.session("box", 0, power_kw=7.2, metered_at=at(75), heard_at=at(75))
    assert told(matched, 62, 75) == {ConflictKind.UNPLUGGED_BUT_METERED}


def test_a_car_that_reports_nothing_for_ever_is_not_believed(home: Ends) -> None:
    home.session("box", 0, power_kw=7.2, metered_at=at(200), heard_at=at(200))
    home.meter("box", *((one, 7.2, 100 + 0.12 * one) for one in range(1, 200, 10)))
    for one in (1, 60, 120, 180):
        home.tell("leaf", one, PlugState.CHARGING, power_kw=7.2, soc=0.0)
        home.session("box", 0, energy_kwh_delivered=0.12 * one)
        home.join(one + 1)
    assert home.find("box@0").soc == 0.0
    (found,) = home.watch(182, 7.2).told
    assert found.kind is ConflictKind.SOC_STUCK
    session = home.find("box@0")
    assert (session.soc, session.basis, session.energy_kwh) == (None, NeedBasis.SITE, 20.0)
    home.tell("leaf", 200, PlugState.CHARGING, power_kw=7.2, soc=0.0)
    home.join(201)
    assert home.find("box@0").soc is None


def test_powers_that_are_far_apart_for_long(matched: Ends) -> None:
    for one in range(60, 121, 20):
        matched.session("box", 0, power_kw=3.0, metered_at=at(one), heard_at=at(one))
        matched.tell("leaf", one, PlugState.CHARGING, power_kw=7.2)
        found = matched.watch(one + 1, None).told
    assert {one.kind for one in found} == {ConflictKind.POWER_APART}


def test_a_timer_counts_for_a_car_alone_too(home: Ends) -> None:
    home.tell("leaf", 1, PlugState.WAITING, timer_start=at(420))
    home.session("car:leaf", 1, vehicle_id="leaf", power_kw=0.0)
    home.watch(2, 7.2)
    home.tell("leaf", 8, PlugState.WAITING, timer_start=at(420))
    (found,) = home.watch(8, 7.2).told
    assert (found.kind, found.device_id) == (ConflictKind.CAR_TIMER, "car:leaf")
    assert timedelta(minutes=6) == found.told_at - found.since if found.told_at else False
