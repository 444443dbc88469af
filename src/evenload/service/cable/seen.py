"""What both ends told, as the matching needs it: from what is kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.station_readings import ReadingKind
from evenload.domain.vehicle_state import CAR_PREFIX
from evenload.service.cable.clocks import learned
from evenload.service.cable.evidence import UNKNOWN_GAP, ClockGap, could_be
from evenload.service.cable.stays import CarStay, ChargerStay, Moment
from evenload.service.cable_rows import CarStayRow, PairRow, PairState, Sample
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.ports import Unit
from evenload.service.rows import ReadingRow

LATE: Final = timedelta(hours=6)
"""So long after a stay is over it can still be found out whose it was."""

_READINGS_MAX: Final = 600
_BEFORE: Final = timedelta(minutes=10)
_LEARNED_OVER: Final = timedelta(days=60)


@dataclass(slots=True)
class Seen:
    """Sessions of chargers and stays of cars that may belong together, and what is known of pairs of before."""

    sessions: dict[str, SessionRow] = field(default_factory=dict)
    stays: dict[str, CarStayRow] = field(default_factory=dict)
    pairs: dict[tuple[str, str], PairRow] = field(default_factory=dict)
    history: dict[tuple[str, str], list[PairRow]] = field(default_factory=dict)
    _devices: dict[str, DeviceRow | None] = field(default_factory=dict)
    _chargers: dict[str, int] = field(default_factory=dict)

    def device(self, unit: Unit, tenant: str, device_id: str) -> DeviceRow | None:
        """A device, looked up once."""
        if device_id not in self._devices:
            self._devices[device_id] = unit.devices.find(tenant, device_id)
        return self._devices[device_id]

    def chargers_at(self, unit: Unit, tenant: str, site_id: str) -> int:
        """How many chargers a site has."""
        if site_id not in self._chargers:
            own = unit.devices.of(tenant, site_id=site_id)
            self._chargers[site_id] = sum(not is_car(one.device_id) for one in own)
        return self._chargers[site_id]

    def gap(self, device_id: str, vehicle_id: str) -> ClockGap:
        """What is known of the clocks of a device and a vehicle."""
        known = self.history.get((device_id, vehicle_id))
        return learned(known) if known else UNKNOWN_GAP

    def pair_of(self, vehicle_id: str) -> PairRow | None:
        """The charger's session that a vehicle is matched with now."""
        return next((one for (_, vehicle), one in self.pairs.items()
                     if vehicle == vehicle_id and one.state is PairState.MATCHED), None)  # fmt: skip


def is_car(device_id: str) -> bool:
    """Whether a device is a car, and no charger."""
    return device_id.startswith(CAR_PREFIX)


def something_to_join(unit: Unit, tenant: str, now: datetime) -> bool:
    """Whether there are cars that tell of stays; cheap."""
    return bool(unit.cables.stays_lately(tenant, now - LATE) or unit.cables.pairs_going_on(tenant))


def seen_at(unit: Unit, tenant: str, now: datetime) -> Seen:
    """What goes on, and what ended of late."""
    stays = {one.vehicle_id: one for one in unit.cables.stays_lately(tenant, now - LATE) if one.plugged_by}
    pairs = {(one.session_id, one.vehicle_id): one for one in unit.cables.pairs_going_on(tenant)}
    if not stays and not pairs:
        return Seen()
    lately = Interval(now - LATE, now + timedelta(seconds=1))
    sessions = {one.session_id: one for one in unit.sessions.within(tenant, lately) if not is_car(one.device_id)}
    gone = {session_id for session_id, _ in pairs} - set(sessions)
    sessions |= {name: row for name in gone if (row := unit.sessions.find(tenant, name)) is not None}
    seen = Seen(sessions, stays, pairs)
    known = unit.cables.pairs_of_vehicles(tenant, stays, Interval(now - _LEARNED_OVER, now))
    for one in known:
        if one.state.is_believed:
            seen.history.setdefault((one.device_id, one.vehicle_id), []).append(one)
        if one.session_id in sessions:
            seen.pairs.setdefault((one.session_id, one.vehicle_id), one)
    return seen


def car_stays(unit: Unit, tenant: str, seen: Seen, names: Iterable[str]) -> list[CarStay]:
    """Stays of some vehicles."""
    found: list[CarStay] = []
    for name in sorted(names):
        row, link = seen.stays[name], unit.cars.link(tenant, name)
        if row.plugged_by is None:
            continue
        unplugged = None if row.unplugged_by is None else Moment(row.unplugged_after, row.unplugged_by)
        known_at = frozenset(device for device, vehicle_id in seen.history if vehicle_id == name)
        found.append(
            CarStay(
                name, "", Moment(row.plugged_after, row.plugged_by), unplugged, row.is_home,
                link.site_id if link else "", battery_of(unit, tenant, name), _since_plug_in(row.samples), known_at,
            )
        )  # fmt: skip
    return found


def charger_stays(
    unit: Unit, tenant: str, seen: Seen, sessions: Sequence[SessionRow], cars: Sequence[CarStay]
) -> list[ChargerStay]:  # fmt: skip
    """Sessions that may be of one of these cars, with what their meters told."""
    tokens = {one.token for one in sessions if one.token}
    vehicles = {one.token: one.vehicle_id for one in unit.vehicles.with_tokens(tenant, tokens)} if tokens else {}
    found: list[ChargerStay] = []
    for session in sessions:
        until = session.unplugged_at or session.metered_at or session.heard_at
        bare = ChargerStay(
            session.session_id, session.device_id, session.site_id, session.plugged_at, session.unplugged_at,
            vehicles.get(session.token, ""), (), until,
        )  # fmt: skip
        if not any(_may_be(bare, car, seen) for car in cars):
            continue
        device = seen.device(unit, tenant, session.device_id)
        if device is not None:
            neighbours = seen.chargers_at(unit, tenant, session.site_id)
            found.append(replace(bare, samples=_samples(unit, device, session), neighbours=neighbours))
    return found


def _may_be(charger: ChargerStay, car: CarStay, seen: Seen) -> bool:
    own = charger.site_id == car.home_site
    if car.home_site and car.is_home is not None and car.is_home is not own:
        return False
    return could_be(charger, car, seen.gap(charger.device_id, car.vehicle_id))


def _samples(unit: Unit, device: DeviceRow, session: SessionRow) -> tuple[Sample, ...]:
    end = (session.unplugged_at or session.plugged_at + timedelta(days=2)) + _BEFORE
    rows = unit.readings.within(device.station, Interval(session.plugged_at - _BEFORE, end), _READINGS_MAX)
    return samples_of([one for one in rows if one.evse_id == device.evse_id], session)


def samples_of(rows: Sequence[ReadingRow], session: SessionRow) -> tuple[Sample, ...]:
    """Readings of a charger as samples: power of a moment or mean, and energy since plug-in by its register."""
    told: dict[datetime, Sample] = {}
    start_kwh: float | None = None
    for row in rows:
        one = row.reading
        before = told.get(one.at, Sample(one.at))
        if one.kind is ReadingKind.REGISTER and one.energy_kwh_import is not None:
            start_kwh = one.energy_kwh_import if start_kwh is None else start_kwh
            told[one.at] = replace(before, energy_kwh=max(one.energy_kwh_import - start_kwh, 0.0))
        elif one.power_kw is not None:
            told[one.at] = replace(before, power_kw=one.power_kw)
    found = tuple(told[at] for at in sorted(told))
    if found or session.power_kw is None or session.metered_at is None:
        return found
    return (Sample(session.metered_at, session.power_kw, session.energy_kwh_delivered),)


def _since_plug_in(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Energy counts from plug-in: a car that still tells of its charge before is not believed until it charges."""
    kept: list[Sample] = []
    stale = samples[0].energy_kwh if samples and not samples[0].is_on else None
    for one in samples:
        is_stale = stale is not None and one.energy_kwh == stale and stale > 0
        kept.append(replace(one, energy_kwh=None) if is_stale else one)
    return tuple(kept)


def battery_of(unit: Unit, tenant: str, vehicle_id: str) -> float | None:
    """Size of a vehicle's battery (kWh), ``None`` where it is not known."""
    vehicle, link = unit.vehicles.find(tenant, vehicle_id), unit.cars.link(tenant, vehicle_id)
    return (vehicle.battery_kwh if vehicle else None) or (link.battery_kwh if link else None)
