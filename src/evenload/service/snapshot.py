"""What the brain sees at one moment: a tenant's grid, devices, sessions, limits, and what is expected of the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf, nan
from typing import Final

from evenload.base.instants import Interval
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit
from evenload.domain.event import Event
from evenload.domain.station_limits import Limits
from evenload.domain.vehicle_state import CarId
from evenload.schedule.risk.robust import Caution
from evenload.schedule.risk.uncontrolled import may_draw_kw
from evenload.service.commands import SaidSoFar, counts, said_before, unsaid
from evenload.service.live_rows import DeviceRow, LimitRow, SessionRow, SignalRow, SiteRow
from evenload.service.ports import Unit
from evenload.service.rows import StationRow

_STALE: Final = timedelta(minutes=15)
_ALIKE_KW: Final = 0.05


class Trust(StrEnum):
    """Whether a device can be counted on to keep to what it is told, and why not."""

    CONTROLLED = "controlled"
    UNMANAGED = "unmanaged"
    OFFLINE = "offline"
    STALE = "stale"
    DISOBEDIENT = "disobedient"
    REFUSES = "refuses"

    @property
    def sentence(self) -> str:
        """The state in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Trust.CONTROLLED: "it keeps to what it is told",
    Trust.UNMANAGED: "it is not managed",
    Trust.OFFLINE: "it is not connected",
    Trust.STALE: "its meter has told nothing for too long",
    Trust.DISOBEDIENT: "it does not keep to what it is told",
    Trust.REFUSES: "it does not take what it is told",
}


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A device, whether it can be counted on, and what it can draw at most where not.

    ``fallback_is_verified``: its own EVSE was seen to have it. ``was_reached``: its station was here at some time.
    """

    device: DeviceRow
    trust: Trust
    fallback_is_verified: bool = False
    was_reached: bool = True

    @property
    def uncontrolled_kw(self) -> float:
        """What a car at it may draw without being told (kW): the fallback where that is known to be in the station."""
        obeys = self.trust not in (Trust.DISOBEDIENT, Trust.REFUSES)
        fallback_kw = nan if self.device.fallback_kw is None else self.device.fallback_kw
        return float(may_draw_kw(obeys, self.fallback_is_verified, fallback_kw, self.device.power_kw_max))


@dataclass(frozen=True, slots=True)
class Expected:
    """Base load that is expected: ``load_kw`` (nodes, steps) from ``start``, each node's own with all below it.

    ``basis`` says where the numbers of a node come from; a node that is not there has none.
    """

    nodes: tuple[str, ...]
    start: datetime
    step_minutes: int
    load_kw: FloatArray
    quantile: float = 0.9
    basis: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a decision depends on. ``given`` is what each device was told last, ``learned_kw`` what cars showed to
    be all they can, by session.

    ``said`` is what devices that must not be told too often were told so far, by session. ``events`` ask something of
    cars: ``groups`` are those of sessions, ``opt_outs`` sessions by event. ``caution`` is what is known of early
    departures; the shortage of who has one of ``weights`` (by ``experience.whose``) counts that much. ``is_short``: by
    the last plan some will lack energy.
    """

    tenant: str
    now: datetime
    circuits: tuple[Circuit, ...]
    sites: Mapping[str, SiteRow]
    devices: Mapping[str, DeviceState]
    sessions: tuple[SessionRow, ...]
    limits: tuple[LimitRow, ...] = ()
    signals: tuple[SignalRow, ...] = ()
    given: Mapping[str, Limits] = field(default_factory=dict)
    expected: Expected | None = None
    learned_kw: Mapping[str, float] = field(default_factory=dict)
    said: Mapping[str, SaidSoFar] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    opt_outs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    caution: Caution | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    is_short: bool = False

    @property
    def fallbacks_unverified(self) -> int:
        """Managed devices that were not seen to have a fallback: without their line they draw what they can (R147)."""
        return sum(one.device.managed and not one.fallback_is_verified for one in self.devices.values())


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a device is believed after its last reading, and not believed after it was found not to obey, or did
    not take what it was told.
    """

    stale: timedelta = _STALE
    stale_car: timedelta = timedelta(hours=3)
    disobedience: timedelta = timedelta(hours=1)
    refusal: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered: what each device was told last, when one last did not take what it was told, and the power
    (kW) that cars showed to be all they can, by session; ``said`` and ``is_short`` of the last time, and what finished
    sessions taught.
    """

    given: Mapping[str, Limits] = field(default_factory=dict)
    refused_at: Mapping[str, datetime] = field(default_factory=dict)
    learned_kw: Mapping[str, float] = field(default_factory=dict)
    said: Mapping[str, SaidSoFar] = field(default_factory=dict)
    caution: Caution | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    is_short: bool = False


def snapshot(
    unit: Unit, tenant: str, window: Interval, memory: Memory, expected: Expected | None, patience: Patience
) -> Snapshot:
    """The state of a tenant at the start of a window, with limits and signals of the whole window."""
    now = window.start
    sessions = unit.sessions.going_on(tenant)
    stations = {row.station: row for row in unit.stations.of(tenant)}
    by_device = {one.device_id: one for one in sessions}
    devices = {
        one.device_id: state_of(one, stations.get(one.station), by_device.get(one.device_id), now, patience)
        for one in unit.devices.of(tenant)
    }
    for name, refused_at in memory.refused_at.items():
        if name in devices and devices[name].trust is Trust.CONTROLLED and now - refused_at < patience.refusal:
            devices[name] = replace(devices[name], trust=Trust.REFUSES)
    return Snapshot(
        tenant, now, tuple(unit.circuits.of(tenant)), {one.site_id: one for one in unit.sites.of(tenant)}, devices,
        tuple(sessions), tuple(unit.limits.within(tenant, window)), tuple(unit.signals.within(tenant, window)),
        memory.given, expected, memory.learned_kw, _said(unit, sessions, devices, memory, now),
        caution=memory.caution, weights=memory.weights, is_short=memory.is_short,
    )  # fmt: skip


def _said(
    unit: Unit, sessions: Sequence[SessionRow], devices: Mapping[str, DeviceState], memory: Memory, now: datetime
) -> dict[str, SaidSoFar]:  # fmt: skip
    """What devices that must not be told too often were told so far, by session."""
    found: dict[str, SaidSoFar] = {}
    for one in sessions:
        state = devices.get(one.device_id)
        if state is not None and counts(state.device):
            given = memory.given.get(one.device_id)
            before = memory.said.get(one.session_id)
            if before is None:
                before = unsaid(one) if given is None else said_before(unit, one, now)
            found[one.session_id] = before.followed(given, now)
    return found


def state_of(
    device: DeviceRow, station: StationRow | None, session: SessionRow | None, now: datetime, patience: Patience
) -> DeviceState:
    """Whether a device can be counted on."""
    trust = _trust(device, station, session, now, patience)
    if station is None:
        return DeviceState(device, trust, was_reached=False)
    shown_kw = station.fallbacks_kw.get(device.evse_id, inf)
    verified = device.fallback_kw is not None and shown_kw <= device.fallback_kw + _ALIKE_KW
    return DeviceState(device, trust, verified, station.seen_at is not None)


def _trust(
    device: DeviceRow, station: StationRow | None, session: SessionRow | None, now: datetime, patience: Patience
) -> Trust:
    if not device.managed:
        return Trust.UNMANAGED
    if station is None or not station.connected:
        return Trust.OFFLINE
    if station.disobeyed_at is not None and now - station.disobeyed_at < patience.disobedience:
        return Trust.DISOBEDIENT
    if session is not None and session.transaction_id:
        metered_at = session.heard_at or session.metered_at  # by our clock: that of the station may be wrong
        heard_at = max(filter(None, (metered_at, session.plugged_at, station.booted_at)))
        by_cloud = CarId.of_station(device.station) is not None  # which is asked a few times an hour at the most
        if now - heard_at > (patience.stale_car if by_cloud else patience.stale):
            return Trust.STALE
    return Trust.CONTROLLED
