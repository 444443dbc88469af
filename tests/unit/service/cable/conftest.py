"""A home with one charger and one linked car, told of by both ends."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.domain.vehicle_state import CarId, PlugState, Provider
from evenload.service.cable.folding import heard
from evenload.service.cable.join import join
from evenload.service.cable.one_session import Joined, OrderIds
from evenload.service.cable.watch import Watched, watch
from evenload.service.car_rows import CarLinkRow, CarStateRow
from evenload.service.live_rows import CircuitRow, DeviceRow, SessionRow, SiteRow, VehicleRow
from evenload.service.rows import ReadingRow, StationRow
from evenload.store.memory import MemoryStore

T = "t"
T0 = datetime(2026, 1, 10, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return T0 + minutes * MINUTE


@dataclass
class Ends:
    """Both ends of cables, over one store in memory."""

    store: MemoryStore = field(default_factory=MemoryStore)

    def site(self, site_id: str, *chargers: str) -> None:
        with self.store.writing() as unit:
            unit.sites.put([SiteRow(T, site_id, ready_by="07:00", energy_kwh_usual=20.0)])
            unit.circuits.put([CircuitRow(T, Circuit(site_id, "", CircuitKind.SITE))])
            unit.devices.put(DeviceRow(T, one, site_id, one) for one in chargers)
            unit.stations.put(StationRow(StationId(T, one), seen_at=T0) for one in chargers)

    def car(self, name: str, home: str, battery_kwh: float | None = 60.0) -> None:
        device = f"car:{name}"
        with self.store.writing() as unit:
            unit.vehicles.put([VehicleRow(T, name, battery_kwh=battery_kwh, token=f"tag-{name}")])
            unit.cars.put_links([CarLinkRow(T, name, Provider.ENODE, name, name, home, device)])
            unit.devices.put([DeviceRow(T, device, home, device)])
            unit.stations.put([StationRow(CarId(T, name).station, seen_at=T0)])

    def tell(self, name: str, minutes: float, plug: PlugState, **told: object) -> None:
        fields = {"soc": 0.5, "soc_confidence": 0.9, "is_home": True} | told
        with self.store.writing() as unit:
            state = CarStateRow(T, name, at(minutes), at(minutes), plug, **fields)  # type: ignore[arg-type]
            unit.cars.put_states([state])
            heard(unit, [state])

    def session(self, device: str, minutes: float, **told: object) -> SessionRow:
        """A session of a charger or of a car itself, changed where it is there."""
        with self.store.writing() as unit:
            found = unit.sessions.find(T, f"{device}@{minutes:g}")
            site = unit.devices.find(T, device)
            assert site is not None
            row = found or SessionRow(
                T, f"{device}@{minutes:g}", device, site.site_id, at(minutes), at(720), 20.0, metered_at=at(minutes)
            )
            unit.sessions.put([row := replace(row, **told)])  # type: ignore[arg-type]
            return row

    def meter(self, device: str, *told: tuple[float, float, float]) -> None:
        """Minutes, power (kW) and register (kWh)."""
        with self.store.writing() as unit:
            for minutes, kw, kwh in told:
                for kind, more in (
                    (ReadingKind.INSTANT, {"power_kw": kw}),
                    (ReadingKind.REGISTER, {"energy_kwh_import": kwh}),
                ):
                    unit.readings.put([ReadingRow(StationId(T, device), 1, Reading(at=at(minutes), kind=kind, **more))])

    def join(self, minutes: float) -> Joined:
        with self.store.writing() as unit:
            return join(unit, T, at(minutes), OrderIds())

    def watch(self, minutes: float, allowed_kw: float | None = None) -> Watched:
        with self.store.writing() as unit:
            return watch(unit, T, at(minutes), lambda _device: allowed_kw)

    def find(self, session_id: str) -> SessionRow:
        with self.store.reading() as unit:
            row = unit.sessions.find(T, session_id)
            assert row is not None
            return row

    def going_on(self) -> list[str]:
        with self.store.reading() as unit:
            return [one.session_id for one in unit.sessions.going_on(T)]


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def home(ends: Ends) -> Ends:
    """A charger ``box`` and the car ``leaf`` at ``home``, which was plugged in at 18:00."""
    ends.site("home", "box")
    ends.car("leaf", "home")
    ends.tell("leaf", -20, PlugState.UNPLUGGED)
    return ends
