"""Track: sessions, plug-in to plug-out, out of what stations tell. The same events again change nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from evenload.base.instants import Interval
from evenload.domain.station import ConnectorStatus, StationId
from evenload.domain.station_commands import CommandSettled
from evenload.domain.station_events import (
    ChargingState,
    DisobedienceFound,
    DriverOverrode,
    MeterSampled,
    NeedDeclared,
    StationBooted,
    StationEvent,
    StationLost,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_readings import Quality, ReadingKind
from evenload.domain.vehicle_state import CarId
from evenload.service import needs
from evenload.service.drivers import standing
from evenload.service.live_rows import DeviceRow, NeedBasis, SessionRow, SiteRow
from evenload.service.ports import Unit
from evenload.service.rows import StationRow
from evenload.service.station_clock import CLOCKS_DIFFER, dated

_PLUGGED: Final = frozenset(
    {
        ConnectorStatus.OCCUPIED, ConnectorStatus.PREPARING, ConnectorStatus.CHARGING, ConnectorStatus.FINISHING,
        ConnectorStatus.SUSPENDED_BY_VEHICLE, ConnectorStatus.SUSPENDED_BY_STATION,
    }
)  # fmt: skip
_BLINK: Final = timedelta(seconds=1)
_LATE_MAX: Final = timedelta(days=30)
_NOISE_KWH: Final = 0.01
"""A meter that shows less than before by more than that began anew."""

_TRUST_CHANGES: Final = (StationBooted, StationLost, DisobedienceFound)
_TOLD_BY: Final = (
    StatusChanged, TransactionStarted, TransactionUpdated, TransactionEnded, MeterSampled, NeedDeclared, DriverOverrode,
)  # fmt: skip


def track(unit: Unit, events: Sequence[StationEvent]) -> frozenset[str]:
    """Keep what events mean for sessions; the tenants that have to be planned for anew."""
    trusted = {one.station.tenant for one in events if _changes_trust(one)}
    told = [one for one in events if isinstance(one, _TOLD_BY) and one.evse_id]
    if not told:
        return frozenset(trusted)
    devices = {(one.station, one.evse_id): one for one in unit.devices.at_stations({one.station for one in told})}
    told = [one for one in told if (one.station, one.evse_id) in devices]
    tracked = _Tracked(unit, devices)
    for event in told:
        tracked.take(devices[event.station, event.evse_id], event)
    unit.sessions.put(tracked.changed.values())
    return frozenset(tracked.news | trusted)


Key = tuple[str, str]


def _key(device: DeviceRow) -> Key:
    return device.tenant, device.device_id


class _Tracked:
    """Sessions going on at some devices, and what became of them."""

    def __init__(self, unit: Unit, devices: Mapping[tuple[StationId, int], DeviceRow]) -> None:
        self.changed: dict[Key, SessionRow] = {}
        self.news: set[str] = set()
        self._new: set[str] = set()
        self._unit = unit
        self._open: dict[Key, SessionRow] = {}
        self._over: dict[Key, dict[str, SessionRow]] = {}
        self._sites: dict[Key, SiteRow] = {}
        for tenant in {one.tenant for one in devices.values()}:
            ids = [one.device_id for one in devices.values() if one.tenant == tenant]
            for session in unit.sessions.going_on_at(tenant, ids):
                self._open[tenant, session.device_id] = session

    def take(self, device: DeviceRow, told: StationEvent) -> None:
        """One event of a device."""
        event = dated(told, lambda: self._station(told.station))
        session = self._open.get(_key(device))
        if isinstance(event, TransactionEnded) and not (session and event.transaction_id in _transactions(session)):
            self._settle(device, told.at, event)
            return
        if session is not None and _is_anothers(session, event):
            self._keep(device, session, _left(session, event))
            session = None
        if session is None:
            if not _begins(event) or self._is_old(device, told, event):
                return
            session = self._begun(device, event)
        if event.at < session.plugged_at - CLOCKS_DIFFER:
            if not isinstance(event, TransactionStarted) or session.transaction_id:
                return  # of the time before this session
            session = replace(session, plugged_at=event.at)  # a stay that is told of from its end
        if isinstance(event, DriverOverrode):
            self._keep(device, session, self._overrode(session, event))
            return
        after = _CHANGES[type(event)](session, event)
        if after.token != session.token:
            vehicles = self._unit.vehicles.with_tokens(device.tenant, [after.token])
            after = needs.supposed(after, self._site(device), vehicles[0] if vehicles else None)
        self._keep(device, session, self._wished(session, after, event))

    def _wished(self, before: SessionRow, after: SessionRow, event: StationEvent) -> SessionRow:
        """With what its driver said in advance, once the car is known, or tells more of itself."""
        told_kwh = event.energy_kwh if isinstance(event, NeedDeclared) else None
        if after.unplugged_at is not None or not after.vehicle_id:
            return after
        is_new = after.session_id in self._new
        if is_new or after.vehicle_id != before.vehicle_id:
            self._new.discard(after.session_id)
            return standing.at_plug_in(self._unit, after, event.received_at)
        if after.basis is NeedBasis.WISH and (after.soc != before.soc or told_kwh is not None):
            return standing.renewed(self._unit, after, event.received_at, told_kwh)
        return after

    def _overrode(self, session: SessionRow, event: DriverOverrode) -> SessionRow:
        """A driver took charging in hand in the maker's app; what is told of another stay says nothing of this one."""
        if event.transaction_id and event.transaction_id not in _transactions(session):
            return session
        return standing.taken_in_hand(self._unit, session, event.at, event.info, event.received_at)

    def _begun(self, device: DeviceRow, event: StationEvent) -> SessionRow:
        car = CarId.of_station(device.station)
        vehicle = self._unit.vehicles.find(car.tenant, car.vehicle_id) if car else None
        session = needs.begun(device, self._site(device), vehicle, event.at)
        if isinstance(event, TransactionStarted) and event.offline:
            session = replace(session, began=Quality.ESTIMATED)
        self._open[_key(device)] = session
        self._new.add(session.session_id)
        self.news.add(device.tenant)
        return session

    def _keep(self, device: DeviceRow, before: SessionRow, after: SessionRow) -> None:
        self.changed[device.tenant, after.session_id] = after
        if after.unplugged_at is None:
            self._open[_key(device)] = after
        else:
            self._over.setdefault(_key(device), {})[after.session_id] = after
            if before.unplugged_at is None:
                del self._open[_key(device)]
        if _matters(before) != _matters(after):
            self.news.add(device.tenant)

    def _settle(self, device: DeviceRow, told_at: datetime, event: TransactionEnded) -> None:
        """A transaction's end that is told after the car left: what it delivered is that stay's."""
        since = max(min(told_at, event.at), event.received_at - _LATE_MAX) - CLOCKS_DIFFER
        for session in self._past(device, Interval(since, event.received_at + CLOCKS_DIFFER)):
            if event.transaction_id in _transactions(session):
                self._keep(device, session, _ended(session, event))

    def _is_old(self, device: DeviceRow, told: StationEvent, event: StationEvent) -> bool:
        """Whether an event tells of a stay that is over: stations tell late what they did, and again."""
        names = {needs.name_of(device, at) for at in (told.at, event.at)}
        return any(self._unit.sessions.find(device.tenant, name) for name in names) or any(
            one.plugged_at <= event.at < (one.unplugged_at or event.at)
            for one in self._past(device, Interval(event.at, event.at + _BLINK))
        )

    def _past(self, device: DeviceRow, window: Interval) -> Sequence[SessionRow]:
        """Stays at a device in a window that are over; beyond those kept, those that ended just now."""
        kept = self._unit.sessions.within(device.tenant, window, device_id=device.device_id)
        rows = {one.session_id: one for one in kept} | self._over.get(_key(device), {})
        return [one for one in rows.values() if one.unplugged_at is not None]

    def _station(self, station: StationId) -> StationRow | None:
        return self._unit.stations.find(station)

    def _site(self, device: DeviceRow) -> SiteRow:
        key = (device.tenant, device.site_id)
        if key not in self._sites:
            self._sites[key] = self._unit.sites.find(*key) or SiteRow(*key)
        return self._sites[key]


def _changes_trust(event: StationEvent) -> bool:
    """Whether a device can be counted on more or less than before, or did not take what it was told."""
    if isinstance(event, CommandSettled):
        return not event.settlement.good
    return isinstance(event, _TRUST_CHANGES)


def _begins(event: StationEvent) -> bool:
    if isinstance(event, StatusChanged):
        return event.status in _PLUGGED and event.status is not ConnectorStatus.FINISHING
    return isinstance(event, TransactionStarted)


def _is_anothers(session: SessionRow, event: StationEvent) -> bool:
    """Whether an event shows that another car stands there than the session's: that one left without a word."""
    if not isinstance(event, TransactionStarted) or event.token is None or not session.token:
        return False
    return event.token.key != session.token and event.at >= session.plugged_at


def _left(session: SessionRow, event: StationEvent) -> SessionRow:
    """A session whose end nobody told."""
    last_at = session.metered_at or event.at
    return replace(
        session, unplugged_at=max(last_at, session.plugged_at), power_kw=0.0, energy_quality=Quality.ESTIMATED
    )


def _transactions(session: SessionRow) -> set[str]:
    """The transaction of a session that goes on or whose end is not known, and the last that ended."""
    return {session.transaction_id, session.transaction_ended} - {""}


def _matters(session: SessionRow) -> tuple[object, ...]:
    """What a plan depends on, beyond what flowed."""
    return (session.departs_at, session.energy_kwh, session.energy_kwh_minimum, session.power_kw_max,
            session.unplugged_at, session.transaction_id, session.suspended_by_vehicle, session.opted_out)  # fmt: skip


def _status(session: SessionRow, event: StatusChanged) -> SessionRow:
    if event.status is ConnectorStatus.AVAILABLE:
        if event.at < session.plugged_at:
            return session  # told late: it was free before this car came
        return replace(session, unplugged_at=event.at, power_kw=0.0)  # its transaction's end may still come
    suspended = event.status is ConnectorStatus.SUSPENDED_BY_VEHICLE
    if event.status is ConnectorStatus.OCCUPIED:  # which says nothing of that
        suspended = session.suspended_by_vehicle
    return replace(session, suspended_by_vehicle=suspended, began=Quality.MEASURED)


def _started(session: SessionRow, event: TransactionStarted) -> SessionRow:
    if event.transaction_id in _transactions(session):
        return session  # told again
    if session.transaction_id:  # which ended with that, and may say so still
        session = replace(
            session, transaction_ended=session.transaction_id,
            energy_kwh_ended=session.energy_kwh_delivered - session.energy_kwh_before,
        )  # fmt: skip
    return replace(
        session, transaction_id=event.transaction_id, token=event.token.key if event.token else session.token,
        register_kwh_start=event.register_kwh, energy_kwh_before=session.energy_kwh_delivered,
        heard_at=event.received_at,
    )  # fmt: skip


def _updated(session: SessionRow, event: TransactionUpdated) -> SessionRow:
    token = event.token.key if event.token else session.token
    if event.state is None:
        return replace(session, token=token)
    return replace(session, token=token, suspended_by_vehicle=event.state is ChargingState.SUSPENDED_BY_VEHICLE)


def _ended(session: SessionRow, event: TransactionEnded) -> SessionRow:
    if event.transaction_id == session.transaction_ended:
        return _corrected(session, event)
    delivered = session.energy_kwh_delivered
    if event.energy_kwh is not None:
        delivered = session.energy_kwh_before + event.energy_kwh
    nobody_saw_it_since = event.offline and session.began is Quality.ESTIMATED
    unplugged_at = max(event.at, session.plugged_at) if nobody_saw_it_since else None
    return replace(
        session, unplugged_at=session.unplugged_at or unplugged_at, transaction_id="",
        transaction_ended=event.transaction_id, energy_kwh_ended=delivered - session.energy_kwh_before,
        energy_kwh_delivered=delivered, energy_kwh_before=delivered, power_kw=0.0, register_kwh_start=None,
        energy_quality=event.energy_quality, metered_at=max(event.at, session.metered_at or event.at),
        suspended_by_vehicle=False,
    )  # fmt: skip


def _corrected(session: SessionRow, event: TransactionEnded) -> SessionRow:
    """A session after the end of its last transaction was told again, or at last as it was measured."""
    if event.energy_kwh is None or event.quality is not Quality.MEASURED:
        return session
    more_kwh = event.energy_kwh - session.energy_kwh_ended
    return replace(
        session, energy_kwh_ended=event.energy_kwh, energy_kwh_delivered=session.energy_kwh_delivered + more_kwh,
        energy_kwh_before=session.energy_kwh_before + more_kwh,
        energy_quality=session.energy_quality if session.transaction_id else event.energy_quality,
    )  # fmt: skip


@dataclass(slots=True)
class _Meter:
    """What readings say, the latest of each."""

    session: SessionRow

    def read(self, event: MeterSampled) -> SessionRow:
        for reading in event.readings:
            at = min(reading.at, event.received_at)
            if self.session.metered_at and at < self.session.metered_at:
                continue  # told late; the transaction's end settles what it delivered
            if reading.kind is ReadingKind.REGISTER and reading.energy_kwh_import is not None:
                self._register(reading.energy_kwh_import)
            if reading.kind is ReadingKind.INSTANT and reading.power_kw is not None:
                self.session = replace(self.session, power_kw=reading.power_kw)
            if reading.soc is not None:
                self.session = needs.with_soc(self.session, reading.soc)
            self.session = replace(self.session, metered_at=at, heard_at=event.received_at)
        return self.session

    def _register(self, register_kwh: float) -> None:
        session = self.session
        known_kwh = session.energy_kwh_delivered - session.energy_kwh_before
        start_kwh = session.register_kwh_start
        if start_kwh is None or register_kwh < start_kwh + known_kwh - _NOISE_KWH:
            self.session = replace(session, register_kwh_start=register_kwh - known_kwh)
        elif register_kwh > start_kwh + known_kwh:
            self.session = replace(session, energy_kwh_delivered=session.energy_kwh_before + register_kwh - start_kwh)


def _metered(session: SessionRow, event: MeterSampled) -> SessionRow:
    if event.transaction_id and event.transaction_id != session.transaction_id:
        return session
    return _Meter(session).read(event)


_CHANGES: Final[Mapping[type[StationEvent], Callable[[SessionRow, Any], SessionRow]]] = {
    StatusChanged: _status,
    TransactionStarted: _started,
    TransactionUpdated: _updated,
    TransactionEnded: _ended,
    MeterSampled: _metered,
    NeedDeclared: needs.told_by_vehicle,
}
