"""What a session needs: who said it, and local times on days of 23 and 25 hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.domain.station_events import NeedDeclared
from evenload.service import needs
from evenload.service.live_rows import DeviceRow, NeedBasis, SiteRow, VehicleRow

EVENING = datetime(2026, 1, 10, 17, 0, tzinfo=UTC)
DEVICE = DeviceRow("t", "CP1/1", "home", "CP1")
SITE = SiteRow("t", "home", timezone="Europe/Oslo", ready_by="07:00", energy_kwh_usual=12.0)


@pytest.mark.parametrize(
    ("after", "clock_time", "expected"),
    [
        (datetime(2026, 1, 10, 17, 0, tzinfo=UTC), "07:00", datetime(2026, 1, 11, 6, 0, tzinfo=UTC)),
        (datetime(2026, 1, 10, 5, 59, tzinfo=UTC), "07:00", datetime(2026, 1, 10, 6, 0, tzinfo=UTC)),
        (datetime(2026, 1, 10, 6, 0, tzinfo=UTC), "07:00", datetime(2026, 1, 11, 6, 0, tzinfo=UTC)),
        (datetime(2026, 3, 28, 20, 0, tzinfo=UTC), "07:00", datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),  # 23 h
        (datetime(2026, 3, 28, 20, 0, tzinfo=UTC), "02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # left out
        (datetime(2026, 10, 24, 20, 0, tzinfo=UTC), "07:00", datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),  # 25 h
        (datetime(2026, 10, 24, 20, 0, tzinfo=UTC), "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # first
    ],
)
def test_the_next_time_clocks_show_a_time(after: datetime, clock_time: str, expected: datetime) -> None:
    assert needs.next_local(clock_time, "Europe/Oslo", after) == expected


@pytest.mark.parametrize("text", ["7", "24:00", "07:60", "07:0", "", "seven", "-1:00", "07:00:00"])
def test_what_is_no_time_of_day_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="such as 07:00"):
        needs.parse_clock_time(text)


def test_nobody_said_anything_so_the_site_does() -> None:
    session = needs.begun(DEVICE, SITE, None, EVENING)
    assert (session.energy_kwh, session.basis) == (12.0, NeedBasis.SITE)
    assert session.departs_at == datetime(2026, 1, 11, 6, 0, tzinfo=UTC)


def test_a_car_that_comes_just_before_its_departure_stays_until_the_day_after() -> None:
    session = needs.begun(DEVICE, SITE, None, datetime(2026, 1, 11, 5, 30, tzinfo=UTC))
    assert session.departs_at == datetime(2026, 1, 12, 6, 0, tzinfo=UTC)


@pytest.mark.requirement("R30")
def test_the_usual_of_a_vehicle_stands_above_the_site_and_a_vehicles_word_above_that() -> None:
    vehicle = VehicleRow("t", "v1", ready_by="08:15", energy_kwh_usual=9.0, power_kw_max=7.4)
    session = needs.begun(DEVICE, SITE, vehicle, EVENING)
    assert (session.energy_kwh, session.basis, session.power_kw_max) == (9.0, NeedBasis.USUAL, 7.4)
    assert session.departs_at == datetime(2026, 1, 11, 7, 15, tzinfo=UTC)
    need = NeedDeclared(
        station=StationId("t", "CP1"), at=EVENING, received_at=EVENING, evse_id=1, energy_kwh=22.0,
        departs_at=EVENING + timedelta(hours=9),
    )  # fmt: skip
    told = needs.told_by_vehicle(session, need)
    assert (told.energy_kwh, told.departs_at, told.basis) == (22.0, EVENING + timedelta(hours=9), NeedBasis.VEHICLE)
    assert needs.supposed(told, SITE, vehicle).energy_kwh == 22.0


def test_what_a_driver_said_stays() -> None:
    session = replace(needs.begun(DEVICE, SITE, None, EVENING), basis=NeedBasis.DRIVER, energy_kwh=30.0)
    need = NeedDeclared(station=StationId("t", "CP1"), at=EVENING, received_at=EVENING, evse_id=1, energy_kwh=5.0)
    assert needs.told_by_vehicle(session, need).energy_kwh == 30.0
    assert needs.supposed(session, SITE, VehicleRow("t", "v", energy_kwh_usual=1.0)).energy_kwh == 30.0
