"""What both ends told, as the matching needs it: from what is kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.station_readings import ReadingKind
from evenload.domain.vehicle_state import CAR_PREFIX
from evenload.service.cable.clocks import learned
from evenload.service.cable.evidence import UNKNOWN_GAP, ClockGap
from evenload.service.cable.near import Near
from evenload.service.cable.stays import CarStay, ChargerStay, Moment
from evenload.service.cable_rows import CarStayRow, PairRow, PairState, Sample
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.ports import Unit
from evenload.service.rows import ReadingRow

LATE: Final = timedelta(hours=6)
"""So long after a stay is over it can still be found out whose it was."""

_READINGS_MAX: Final = 600
_MANY: Final = 2000
_BEFORE: Final = timedelta(minutes=10)
_LEARNED_OVER: Final = timedelta(days=60)


@dataclass(slots=True)
class Seen:
    """Sessions of chargers and stays of cars that may belong together, and what is known of pairs of before."""

    sessions: dict[str, SessionRow] = field(default_factory=dict)
    stays: dict[str, CarStayRow] = field(default_factory=dict)
    pairs: dict[tuple[str, str], PairRow] = field(default_factory=dict)
    history: dict[tuple[str, str], list[PairRow]] = field(default_factory=dict)
    known_at: dict[str, set[str]] = field(default_factory=dict)
    matched: dict[str, PairRow] = field(default_factory=dict)
    _devices: dict[str, DeviceRow | None] = field(default_factory=dict)
    _chargers: dict[str, int] = field(default_factory=dict)
    _of: dict[str, list[str]] = field(default_factory=dict)

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
        return self.matched.get(vehicle_id)

    def pairs_of(self, vehicle_id: str) -> list[PairRow]:
        """All that is known of a vehicle."""
        return [self.pairs[session_id, vehicle_id] for session_id in self._of.get(vehicle_id, ())]

    def keep(self, pair: PairRow) -> None:
        """A pair as it is now."""
        key = (pair.session_id, pair.vehicle_id)
        if key not in self.pairs:
            self._of.setdefault(pair.vehicle_id, []).append(pair.session_id)
        self.pairs[key] = pair
        if pair.state is PairState.MATCHED:
            self.matched[pair.vehicle_id] = pair
        elif (now := self.matched.get(pair.vehicle_id)) is not None and now.session_id == pair.session_id:
            del self.matched[pair.vehicle_id]


def is_car(device_id: str) -> bool:
    """Whether a device is a car, and no charger."""
    return device_id.startswith(CAR_PREFIX)


def seen_at(unit: Unit, tenant: str, now: datetime, names: Collection[str] | None = None) -> Seen:
    """What goes on, and what ended of late: of all cars, or of some and of those that were matched."""
    going_on = unit.cables.pairs_going_on(tenant)
    if names is None:
        rows = unit.cables.stays_lately(tenant, now - LATE)
    else:
        rows = unit.cables.stays(tenant, {*names, *(one.vehicle_id for one in going_on)})
    stays = {one.vehicle_id: one for one in rows if one.plugged_by and _is_of_late(one, now)}
    if not stays and not going_on:
        return Seen()
    chosen = None if names is None else [stays[one] for one in names if one in stays]
    seen = Seen(_sessions(unit, tenant, now, going_on, chosen), stays)
    for one in unit.cables.pairs_of_vehicles(tenant, stays, Interval(now - _LEARNED_OVER, now)):
        if one.state.is_believed:
            seen.history.setdefault((one.device_id, one.vehicle_id), []).append(one)
            seen.known_at.setdefault(one.vehicle_id, set()).add(one.device_id)
        if one.session_id in seen.sessions:
            seen.keep(one)
    for one in going_on:
        seen.keep(one)
    return seen


def _is_of_late(stay: CarStayRow, now: datetime) -> bool:
    return stay.unplugged_by is None or stay.unplugged_by >= now - LATE


def _sessions(
    unit: Unit, tenant: str, now: datetime, pairs: Sequence[PairRow], stays: Sequence[CarStayRow] | None
) -> dict[str, SessionRow]:  # fmt: skip
    """Sessions of chargers: of pairs that go on, and where cars may be: all, or at the homes of some."""
    lately = Interval(now - LATE, now + timedelta(seconds=1))
    found: dict[str, SessionRow] = {}
    if stays is None or any(one.is_home is False for one in stays):
        found = {one.session_id: one for one in unit.sessions.within(tenant, lately) if not is_car(one.device_id)}
    else:
        for site_id in set(_homes(unit, tenant, [one.vehicle_id for one in stays]).values()):
            for device in unit.devices.of(tenant, site_id=site_id):
                if not is_car(device.device_id):
                    own = unit.sessions.within(tenant, lately, device_id=device.device_id)
                    found |= {one.session_id: one for one in own}
    left = [one for one in pairs if one.session_id not in found]
    found |= {one.session_id: one for one in unit.sessions.going_on_at(tenant, {one.device_id for one in left})}
    gone = {one.session_id for one in left} - set(found)
    return found | {name: row for name in gone if (row := unit.sessions.find(tenant, name)) is not None}


def likely(unit: Unit, tenant: str, now: datetime) -> frozenset[str]:
    """Cars that are at no charger yet and may be at one; reads all there is, and writes nothing."""
    seen = seen_at(unit, tenant, now)
    names = [name for name in seen.stays if seen.pair_of(name) is None]
    homes = _homes(unit, tenant, names)
    near = Near(_chargers(unit, tenant, list(seen.sessions.values())))
    cars = [_car(seen, row, plugged_by, homes.get(name, "")) for name in names
            if (plugged_by := (row := seen.stays[name]).plugged_by) is not None]  # fmt: skip
    return frozenset(car.vehicle_id for car in cars if near.of(car))


def both_ends(
    unit: Unit, tenant: str, seen: Seen, names: Sequence[str], sessions: Sequence[SessionRow]
) -> tuple[list[ChargerStay], list[CarStay]]:
    """Sessions of chargers and stays of cars that may belong together, with all they told; and the other cars."""
    homes = _homes(unit, tenant, names)
    cars = [_car(seen, seen.stays[name], plugged_by, homes.get(name, "")) for name in sorted(names)
            if (plugged_by := seen.stays[name].plugged_by) is not None]  # fmt: skip
    bare = _chargers(unit, tenant, sessions)
    near = Near(bare)
    where = [near.of(car) for car in cars]
    wanted = sorted({at for some in where for at in some})
    chargers = [one for at in wanted if (one := _metered(unit, tenant, seen, bare[at])) is not None]
    return chargers, [
        replace(car, battery_kwh=battery_of(unit, tenant, car.vehicle_id)) if some else car
        for car, some in zip(cars, where, strict=True)
    ]


def _homes(unit: Unit, tenant: str, names: Sequence[str]) -> dict[str, str]:
    """The site that is home of each linked car."""
    if len(names) > _MANY:
        asked = set(names)
        return {one.vehicle_id: one.site_id for one in unit.cars.links_live(tenant) if one.vehicle_id in asked}
    return {name: link.site_id for name in names if (link := unit.cars.link(tenant, name)) is not None}


def _car(seen: Seen, row: CarStayRow, plugged_by: datetime, home_site: str) -> CarStay:
    unplugged = None if row.unplugged_by is None else Moment(row.unplugged_after, row.unplugged_by)
    return CarStay(
        row.vehicle_id, Moment(row.plugged_after, plugged_by), unplugged, row.is_home, home_site, None,
        _since_plug_in(row.samples), frozenset(seen.known_at.get(row.vehicle_id, ())),
    )  # fmt: skip


def _chargers(unit: Unit, tenant: str, sessions: Sequence[SessionRow]) -> list[ChargerStay]:
    """Sessions of chargers, without what their meters told."""
    tokens = {one.token for one in sessions if one.token}
    vehicles = {one.token: one.vehicle_id for one in unit.vehicles.with_tokens(tenant, tokens)} if tokens else {}
    return [
        ChargerStay(
            one.session_id, one.device_id, one.site_id, one.plugged_at, one.unplugged_at, vehicles.get(one.token, ""),
            (), one.unplugged_at or one.metered_at or one.heard_at,
        )
        for one in sessions
    ]  # fmt: skip


def _metered(unit: Unit, tenant: str, seen: Seen, bare: ChargerStay) -> ChargerStay | None:
    """A stay with what its meter told."""
    device = seen.device(unit, tenant, bare.device_id)
    if device is None:
        return None
    neighbours = seen.chargers_at(unit, tenant, bare.site_id)
    session = seen.sessions[bare.session_id]
    return replace(bare, samples=_samples(unit, device, session), neighbours=neighbours)


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
