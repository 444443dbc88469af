"""One session of both ends: nothing is counted twice, whenever it is found out and when it is taken back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.service.cable.conftest import Ends, T, at

from evenload.base.instants import Interval
from evenload.domain.vehicle_state import CarId, PlugState
from evenload.service.access_rows import Role
from evenload.service.cable.said import ends_of, say
from evenload.service.cable_rows import PairState
from evenload.service.live_rows import NeedBasis, VehicleRow
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope

LEAFS_TAG, ZOES_TAG = "tag-leaf", "tag-zoe"
ME = Scope(T, "user:me", Role.OPERATOR)

pytestmark = pytest.mark.requirement("R138")


def charging(ends: Ends, name: str = "leaf", device: str = "box", start: float = 0.0, kw: float = 7.2) -> None:
    """A car that charges for 40 minutes, told by both ends."""
    ends.session(device, start, power_kw=kw, energy_kwh_delivered=kw * 40 / 60, metered_at=at(start + 40))
    ends.meter(device, *((start + one, kw, 100 + kw * one / 60) for one in (1, 10, 20, 30, 40)))
    for one in (1, 20, 40):
        ends.tell(
            name, start + one, PlugState.CHARGING, power_kw=kw, energy_kwh_added=kw * one / 60, soc=0.5 + 0.001 * one
        )


def counted_kwh(ends: Ends) -> float:
    with ends.store.reading() as unit:
        return sum(one.energy_kwh_delivered for one in unit.sessions.within(T, Interval(at(-600), at(1200))))


def test_a_car_that_charges_when_its_charger_gives_power_is_found(home: Ends) -> None:
    charging(home)
    own = home.session("car:leaf", 1, vehicle_id="leaf", energy_kwh_delivered=4.8)
    assert home.going_on() == ["box@0", own.session_id]
    (pair,) = home.join(41).matched
    assert (pair.session_id, pair.vehicle_id) == ("box@0", "leaf")
    assert pair.confidence > 0.95
    assert home.going_on() == ["box@0"]
    assert home.find(own.session_id).absorbed_by == "box@0"
    assert counted_kwh(home) == pytest.approx(4.8)
    session = home.find("box@0")
    assert (session.vehicle_id, session.basis, session.soc) == ("leaf", NeedBasis.VEHICLE, 0.54)
    # 46 % of 60 kWh are missing, at 0.9 into the battery, beside what was delivered
    assert session.energy_kwh == pytest.approx(4.8 + 0.46 * 60 / 0.9, abs=0.2)
    assert not home.join(42).news


def test_what_the_car_was_told_itself_is_lifted(home: Ends) -> None:
    charging(home)
    home.session("car:leaf", 1, vehicle_id="leaf")
    home.join(41)
    home.join(42)
    with home.store.reading() as unit:
        (order,) = unit.orders.standing(CarId(T, "leaf").station)
    assert order.kind == "SetProfile"
    assert '"power_kw":11.0' in order.body


def test_a_session_that_is_over_is_found_out_late(home: Ends) -> None:
    charging(home)
    home.session("box", 0, unplugged_at=at(50))
    own = home.session("car:leaf", 1, vehicle_id="leaf", energy_kwh_delivered=4.8, unplugged_at=at(60))
    home.tell("leaf", 60, PlugState.UNPLUGGED)
    assert home.join(70).matched
    assert home.find(own.session_id).absorbed_by == "box@0"
    assert counted_kwh(home) == pytest.approx(4.8)
    assert not home.join(71).matched


def test_what_was_found_wrong_is_taken_back_and_nothing_is_lost(home: Ends) -> None:
    charging(home)
    own = home.session("car:leaf", 1, vehicle_id="leaf", energy_kwh_delivered=4.8, power_kw=7.2)
    home.join(41)
    before = home.find(own.session_id)
    home.meter("box", *((one, 0.0, 104.8) for one in (45, 60, 75, 90, 120)))  # the charger is off since
    home.session("box", 0, power_kw=0.0, metered_at=at(120))
    for one in (60, 75, 90, 120):
        home.tell("leaf", one, PlugState.CHARGING, power_kw=7.2, energy_kwh_added=7.2 * one / 60)
        home.join(one + 1)
    with home.store.reading() as unit:
        (pair,) = unit.cables.pairs(T, ["box@0"])
        kinds = [one.kind for one in unit.decisions.last(T, 10)]
    assert pair.state is PairState.UNDONE
    assert home.find(own.session_id) == replace(before, absorbed_by="")
    session = home.find("box@0")
    assert (session.vehicle_id, session.soc, session.basis) == ("", None, NeedBasis.SITE)
    assert sorted(kinds) == ["matched", "unmatched"]
    assert home.going_on() == ["box@0", own.session_id]


def test_a_stranger_at_the_charger_is_not_the_car(home: Ends) -> None:
    """The car stands at a plug nobody sees and comes an hour before somebody else plugs in."""
    home.tell("leaf", 0, PlugState.CHARGING, power_kw=2.3)
    home.session("box", 60, power_kw=11.0)
    home.meter("box", (61, 11.0, 50.0), (70, 11.0, 51.6))
    home.tell("leaf", 70, PlugState.CHARGING, power_kw=2.3)
    assert not home.join(75).matched
    assert home.find("box@60").vehicle_id == ""


def test_two_cars_alike_are_not_certain_until_what_they_tell_differs(ends: Ends) -> None:
    ends.site("home", "box", "bay")
    for name in ("leaf", "zoe"):
        ends.car(name, "home")
        ends.tell(name, -20, PlugState.UNPLUGGED)
        ends.tell(name, 5, PlugState.CHARGING, power_kw=7.2)
    for device in ("box", "bay"):
        ends.session(device, 0, power_kw=7.2)
        ends.meter(device, (1, 7.2, 10.0), (6, 7.2, 10.6))
    assert not ends.join(7).matched
    with ends.store.reading() as unit:
        assert {one.state for one in unit.cables.pairs_going_on(T)} <= {PairState.POSSIBLE}
    ends.meter("box", (20, 7.2, 12.3), (40, 0.0, 14.0), (60, 0.0, 14.0), (90, 0.0, 14.0))
    ends.meter("bay", (20, 3.6, 11.4), (40, 3.6, 12.6), (60, 3.6, 13.8), (90, 3.6, 15.6))
    for one in (20, 60, 90):
        ends.tell(
            "leaf", one, PlugState.CHARGING, power_kw=7.2 if one == 20 else 3.6, energy_kwh_added=0.04 * one + 1.4
        )
        ends.tell(
            "zoe", one, PlugState.CHARGING if one == 20 else PlugState.WAITING, power_kw=7.2, energy_kwh_added=4.0
        )
    ends.tell("leaf", 91, PlugState.CHARGING, power_kw=3.6, energy_kwh_added=5.6)
    ends.join(92)
    with ends.store.reading() as unit:
        found = {one.vehicle_id: one.device_id for one in unit.cables.pairs_going_on(T) if one.state.is_believed}
    assert found == {"leaf": "bay", "zoe": "box"}


def test_sessions_follow_a_car_that_moves(home: Ends) -> None:
    """Home, then work: a session at each, of the same vehicle, and none of them twice."""
    home.site("work", "spot")
    charging(home)
    home.join(41)
    home.session("box", 0, unplugged_at=at(600))
    home.tell("leaf", 602, PlugState.UNPLUGGED)
    home.join(603)
    home.tell("leaf", 640, PlugState.UNPLUGGED, is_home=False)
    home.session("spot", 645, token=LEAFS_TAG, power_kw=11.0)
    home.meter("spot", (646, 11.0, 5.0), (660, 11.0, 7.6), (680, 11.0, 11.2))
    home.tell("leaf", 646, PlugState.CHARGING, power_kw=11.0, is_home=False)
    home.tell("leaf", 680, PlugState.CHARGING, power_kw=10.9, energy_kwh_added=6.2, is_home=False)
    (pair,) = home.join(681).matched
    assert pair.session_id == "spot@645"
    with home.store.reading() as unit:
        stays = unit.sessions.of_vehicles(T, ["leaf"], Interval(at(-60), at(1200)))
        states = {one.session_id: one.state for one in unit.cables.pairs(T, ["box@0", "spot@645"])}
    assert [one.session_id for one in stays] == ["box@0", "spot@645"]
    assert states == {"box@0": PairState.ENDED, "spot@645": PairState.MATCHED}


def test_a_car_at_a_plug_nobody_sees_stays_its_own_control_point(home: Ends) -> None:
    home.tell("leaf", 1, PlugState.CHARGING, power_kw=2.3)
    own = home.session("car:leaf", 1, vehicle_id="leaf", power_kw=2.3)
    assert not home.join(30).news
    assert home.going_on() == [own.session_id]


def test_a_car_that_charges_on_after_its_charger_ended_counts_by_itself_from_there(home: Ends) -> None:
    charging(home)
    home.session("car:leaf", 1, vehicle_id="leaf", energy_kwh_delivered=4.8, transaction_id="leaf@1")
    home.join(41)
    home.session("box", 0, unplugged_at=at(45), power_kw=0.0)
    home.tell("leaf", 100, PlugState.CHARGING, power_kw=2.3, energy_kwh_added=0.9)
    home.join(101)
    (left,) = home.going_on()
    row = home.find(left)
    assert (row.device_id, row.plugged_at, row.energy_kwh_delivered) == ("car:leaf", at(45), 0.0)
    assert counted_kwh(home) == pytest.approx(4.8)


def test_a_drivers_word_stands_above_what_the_car_tells(home: Ends) -> None:
    charging(home)
    home.session("box", 0, basis=NeedBasis.DRIVER, energy_kwh=9.0, departs_at=at(300))
    home.join(41)
    session = home.find("box@0")
    assert (session.energy_kwh, session.departs_at, session.basis) == (9.0, at(300), NeedBasis.DRIVER)
    assert session.soc == 0.54


def test_another_cars_token_is_a_strong_word_against(home: Ends) -> None:
    with home.store.writing() as unit:
        unit.vehicles.put([VehicleRow(T, "zoe", token=ZOES_TAG)])
    home.session("box", 0, token=ZOES_TAG, power_kw=7.2)
    home.meter("box", (1, 7.2, 1.0), (10, 7.2, 2.1))
    home.tell("leaf", 5, PlugState.CHARGING, power_kw=7.2)
    assert not home.join(11).matched


def test_clocks_that_differ_by_minutes_do_not_hide_a_pair(home: Ends) -> None:
    """The charger's clock is four minutes fast, and the car is asked every 30 minutes."""
    home.session("box", 4, power_kw=7.2, metered_at=at(94))
    home.meter("box", *((4 + one, 7.2, 7.2 * one / 60) for one in range(1, 91, 5)))
    for one in (10, 40, 70):
        home.tell("leaf", one, PlugState.CHARGING, power_kw=7.1, energy_kwh_added=7.2 * one / 60)
    assert [one.session_id for one in home.join(75).matched] == ["box@4"]


def test_a_stay_is_over_when_the_car_was_driven_between_two_looks(home: Ends) -> None:
    home.tell("leaf", 1, PlugState.CHARGING, soc=0.5)
    home.tell("leaf", 200, PlugState.CHARGING, soc=0.3)
    with home.store.reading() as unit:
        (stay,) = unit.cables.stays(T, ["leaf"])
    assert (stay.plugged_after, stay.plugged_by) == (at(1), at(200))
    assert stay.plugged_by - at(1) == timedelta(minutes=199)


def test_what_somebody_says_stands_above_what_is_worked_out(home: Ends) -> None:
    home.car("zoe", "home")
    charging(home)
    own = home.session("car:leaf", 1, vehicle_id="leaf")
    home.join(41)
    say(ME, home.store, "box@0", "leaf", at(42), is_it=False)
    assert home.find("box@0").vehicle_id == ""
    assert home.find(own.session_id).absorbed_by == ""
    home.tell("leaf", 50, PlugState.CHARGING, power_kw=7.2, energy_kwh_added=6.0)
    assert not home.join(51).matched
    say(ME, home.store, "box@0", "zoe", at(52))
    assert home.find("box@0").vehicle_id == "zoe"
    home.tell("leaf", 60, PlugState.CHARGING, power_kw=7.2, energy_kwh_added=7.2)
    home.join(61)
    assert home.find("box@0").vehicle_id == "zoe"
    assert {one.vehicle_id for one in ends_of(ME, home.store, "box@0").pairs if one.state.is_believed} == {"zoe"}
    say(ME, home.store, "box@0", "leaf", at(62))
    assert home.find("box@0").vehicle_id == "leaf"
    assert home.find(own.session_id).absorbed_by == "box@0"


def test_nobody_says_anything_of_a_session_that_is_none(home: Ends) -> None:
    with pytest.raises(NotFoundError, match="no session 'box@9' of a charger"):
        say(ME, home.store, "box@9", "leaf", at(1))
