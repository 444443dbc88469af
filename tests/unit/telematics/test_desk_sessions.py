"""What a desk tells makes the sessions it should, also where clouds tell everything late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.base.instants import Interval
from evenload.domain.session import Control
from evenload.domain.station_readings import Quality
from evenload.domain.vehicle_state import Capabilities, CarId, PlugState, VehicleState
from evenload.service.live_rows import DeviceRow, SessionRow, SiteRow, VehicleRow
from evenload.service.observe import observe
from evenload.store.memory import MemoryStore
from evenload.telematics.desk import CarDesk
from evenload.telematics.terms import Terms

NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)
CAR = CarId("town", "v1")
TERMS = Terms(car=CAR, capabilities=Capabilities(True), power_kw_max=7.4, battery_kwh=75.0)
DAY = Interval(NOW - timedelta(days=1), NOW + timedelta(days=2))


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    with made.writing() as unit:
        unit.sites.put([SiteRow("town", "home", ready_by="07:00")])
        unit.devices.put([DeviceRow("town", "car:v1", "home", "car:v1", control=Control.ON_OFF)])
        unit.vehicles.put([VehicleRow("town", "v1", token="car:v1", energy_kwh_usual=33.0)])  # noqa: S106
    return made


def sessions(store: MemoryStore) -> list[SessionRow]:
    with store.reading() as unit:
        return list(unit.sessions.within("town", DAY, device_id="car:v1"))


@pytest.mark.requirement("R89")
@pytest.mark.parametrize("late", [0, 8, 45])
def test_r89_a_night_is_one_session_however_late_it_is_told(
    store: MemoryStore, told: Callable[..., VehicleState], late: int
) -> None:  # fmt: skip
    desk = CarDesk(TERMS)
    night = [
        (0, PlugState.UNPLUGGED, None, 0.3), (30, PlugState.WAITING, 0.0, 0.3), (60, PlugState.CHARGING, 7.2, 0.31),
        (90, PlugState.CHARGING, 7.2, 0.35), (240, PlugState.CHARGING, 7.2, 0.57), (400, PlugState.COMPLETE, 0.0, 0.8),
    ]  # fmt: skip
    for minutes, plug, power_kw, soc in night:
        state = told(minutes, plug, power_kw=power_kw, soc=soc)
        state = replace(state, received_at=state.at + timedelta(minutes=late))
        for _ in range(2):
            observe(store, desk.receive(state).events)
    (session,) = sessions(store)
    assert session.unplugged_at is None
    assert (session.vehicle_id, session.soc, session.suspended_by_vehicle) == ("v1", 0.8, True)
    assert session.energy_kwh == 33.0
    left = replace(told(500, PlugState.UNPLUGGED), received_at=NOW + timedelta(minutes=500 + late))
    observe(store, desk.receive(left).events)
    (session,) = sessions(store)
    assert session.unplugged_at is not None
    assert session.energy_kwh_delivered == pytest.approx(desk.memory.register_kwh, abs=1e-3)
    assert session.energy_quality is Quality.ESTIMATED


def test_two_nights_are_two_sessions_with_their_own_energy(
    store: MemoryStore, told: Callable[..., VehicleState]
) -> None:  # fmt: skip
    desk = CarDesk(TERMS)
    for night in (0, 1440):
        for minutes, plug in ((0, PlugState.CHARGING), (30, PlugState.CHARGING), (60, PlugState.UNPLUGGED)):
            observe(store, desk.receive(told(night + minutes, plug, power_kw=6.0)).events)
    assert [one.energy_kwh_delivered for one in sessions(store)] == [pytest.approx(3.0), pytest.approx(3.0)]
