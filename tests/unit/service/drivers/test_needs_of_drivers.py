"""What drivers wish for in advance becomes what sessions need: by weekday, by state of charge, held back, restored."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.station import StationId
from evenload.domain.station_events import NeedDeclared
from evenload.service import needs
from evenload.service.driver_rows import ChoiceKind, ChoiceRow, WishRow
from evenload.service.live_rows import DeviceRow, NeedBasis, SiteRow, VehicleRow
from evenload.service.needs import Said

pytestmark = pytest.mark.requirement("R43", "R44")

HOUR = timedelta(hours=1)
DEVICE = DeviceRow("t", "CP1/1", "home", "CP1")
SITE = SiteRow("t", "home", timezone="Europe/Oslo", ready_by="07:00", energy_kwh_usual=12.0, energy_kwh_minimum=2.0)
CAR = VehicleRow("t", "leaf", battery_kwh=45.0)
WEEK = ("07:00", "07:00", "07:00", "07:00", "06:15", "", "")
WISH = WishRow("t", "w", "ann", "leaf", WEEK)
FRIDAY_EVENING = datetime(2026, 1, 9, 17, 0, tzinfo=UTC)
THURSDAY_EVENING = FRIDAY_EVENING - timedelta(days=1)


def test_each_weekday_has_its_own_time_and_a_day_without_one_is_passed_over() -> None:
    thursday = needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING, Said(WISH))
    assert (thursday.departs_at, thursday.basis) == (datetime(2026, 1, 9, 5, 15, tzinfo=UTC), NeedBasis.WISH)
    friday = needs.begun(DEVICE, SITE, CAR, FRIDAY_EVENING, Said(WISH))
    assert friday.departs_at == datetime(2026, 1, 12, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("plugged_at", "clock_time", "expected"),
    [
        (datetime(2026, 3, 28, 20, tzinfo=UTC), "07:00", datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),  # 23 h
        (datetime(2026, 3, 28, 20, tzinfo=UTC), "02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # left out
        (datetime(2026, 10, 24, 20, tzinfo=UTC), "07:00", datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),  # 25 h
        (datetime(2026, 10, 24, 20, tzinfo=UTC), "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first
    ],
)
def test_sundays_on_which_clocks_change(plugged_at: datetime, clock_time: str, expected: datetime) -> None:
    week = ("",) * 6 + (clock_time,)
    assert needs.begun(DEVICE, SITE, CAR, plugged_at, Said(replace(WISH, ready_by=week))).departs_at == expected


def test_no_time_at_all_leaves_what_is_usual() -> None:
    session = needs.begun(DEVICE, SITE, CAR, FRIDAY_EVENING, Said(WishRow("t", "w", "ann", "leaf", soc_target=0.8)))
    assert session.departs_at == datetime(2026, 1, 10, 6, 0, tzinfo=UTC)


def test_states_of_charge_are_at_the_battery_and_needs_at_the_connector() -> None:
    wish = replace(WISH, soc_target=0.8, soc_minimum=0.5)
    session = needs.with_soc(needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING), 0.4)
    told = needs.supposed(session, SITE, CAR, Said(wish))
    # 40 % of 45 kWh are 18 kWh in the battery, 20 kWh at the connector by 90 %; 10 % are 5 kWh
    assert (told.energy_kwh, told.energy_kwh_minimum) == (pytest.approx(20.0), pytest.approx(5.0))
    later = needs.with_soc(replace(told, energy_kwh_delivered=10.0), 0.6)
    again = needs.supposed(later, SITE, CAR, Said(wish))
    assert again.energy_kwh == pytest.approx(20.0)  # counted from plug-in
    assert needs.is_alike(later, again, 45.0)
    silent = replace(later, energy_kwh_delivered=16.0)  # the car told nothing since
    assert needs.supposed(silent, SITE, CAR, Said(wish)).energy_kwh == pytest.approx(20.0)
    full = needs.supposed(needs.with_soc(silent, 0.9), SITE, CAR, Said(wish))
    assert full.energy_kwh < full.energy_kwh_delivered


def test_without_a_state_of_charge_the_battery_and_what_is_usual_stand_for_it() -> None:
    wish = replace(WISH, soc_target=0.8, soc_minimum=0.7)
    told = needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING, Said(wish))
    # usually it comes 12 kWh below 80 %, that is at 80 % - 12 x 0.9 / 45 = 56 %; to 70 % that is 7 kWh
    assert (told.energy_kwh, told.energy_kwh_minimum) == (pytest.approx(12.0), pytest.approx(7.0))
    small = replace(CAR, battery_kwh=9.0)
    assert needs.begun(DEVICE, SITE, small, THURSDAY_EVENING, Said(wish)).energy_kwh == pytest.approx(8.0)
    unknown = replace(CAR, battery_kwh=None)
    assert needs.begun(DEVICE, SITE, unknown, THURSDAY_EVENING, Said(wish)).energy_kwh == 12.0


def test_energy_is_wanted_as_said_and_a_car_that_can_take_less_is_not_asked_for_more() -> None:
    wish = replace(WISH, energy_kwh=30.0, energy_kwh_minimum=6.0)
    told = needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING, Said(wish))
    assert (told.energy_kwh, told.energy_kwh_minimum) == (30.0, 6.0)
    assert needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING, Said(wish, kwh_told=11.0)).energy_kwh == 11.0
    only_time = needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING, Said(WISH, kwh_told=33.0))
    assert only_time.energy_kwh == 33.0


def test_the_order_is_driver_wish_vehicle_usual_site() -> None:
    assert list(NeedBasis) == [
        NeedBasis.DRIVER, NeedBasis.WISH, NeedBasis.VEHICLE, NeedBasis.USUAL, NeedBasis.SITE,
    ]  # fmt: skip
    wished = needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING, Said(replace(WISH, energy_kwh=9.0)))
    need = NeedDeclared(
        station=StationId("t", "CP1"), at=THURSDAY_EVENING, received_at=THURSDAY_EVENING, evse_id=1, energy_kwh=22.0,
        soc=0.3,
    )  # fmt: skip
    told = needs.told_by_vehicle(wished, need)
    assert (told.energy_kwh, told.basis, told.soc) == (9.0, NeedBasis.WISH, 0.3)
    vehicle = needs.told_by_vehicle(needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING), need)
    assert vehicle.basis is NeedBasis.VEHICLE
    assert needs.supposed(vehicle, SITE, CAR, Said(replace(WISH, energy_kwh=9.0))).energy_kwh == 9.0
    said = replace(wished, basis=NeedBasis.DRIVER, energy_kwh=31.0)
    assert needs.supposed(said, SITE, CAR, Said(WISH)) == said


@pytest.mark.requirement("R45")
def test_a_choice_holds_a_car_at_its_minimum_until_the_next_departure_after_it() -> None:
    noon = datetime(2026, 1, 9, 11, 0, tzinfo=UTC)
    hold = ChoiceRow("t", "c", "ann", ChoiceKind.SKIP, THURSDAY_EVENING, noon)
    told = needs.begun(DEVICE, SITE, CAR, THURSDAY_EVENING, Said(replace(WISH, energy_kwh=30.0), hold))
    assert (told.energy_kwh, told.energy_kwh_minimum, told.basis) == (2.0, 2.0, NeedBasis.WISH)
    assert told.departs_at == datetime(2026, 1, 12, 6, 0, tzinfo=UTC)  # Friday's is left out: Monday
    said = replace(told, basis=NeedBasis.DRIVER, energy_kwh=40.0)
    assert needs.supposed(said, SITE, CAR, Said(None, hold)).energy_kwh == 2.0  # the later word counts


shares = st.one_of(st.none(), st.floats(0, 1))


@given(
    soc=shares, target=shares, least=shares, kwh=st.one_of(st.none(), st.floats(0, 90)),
    kwh_least=st.one_of(st.none(), st.floats(0, 90)), told=st.one_of(st.none(), st.floats(0, 90)),
    delivered=st.floats(0, 40), battery=st.one_of(st.none(), st.floats(5, 120)),
)  # fmt: skip
def test_the_minimum_is_part_of_the_need_and_neither_is_below_zero(
    soc: float | None, target: float | None, least: float | None, kwh: float | None, kwh_least: float | None,
    told: float | None, delivered: float, battery: float | None,
) -> None:  # fmt: skip
    session = replace(needs.begun(DEVICE, SITE, None, THURSDAY_EVENING), energy_kwh_delivered=delivered)
    session = session if soc is None else needs.with_soc(session, soc)
    wish = replace(WISH, soc_target=target, soc_minimum=least, energy_kwh=kwh, energy_kwh_minimum=kwh_least)
    energy_kwh, minimum_kwh = needs.wished_kwh(session, SITE, replace(CAR, battery_kwh=battery), Said(wish, None, told))
    assert 0 <= minimum_kwh <= energy_kwh
