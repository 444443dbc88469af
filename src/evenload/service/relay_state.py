"""What a site with a server of its own has to know to go on alone: its grid, devices, cars, limits and prices."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Final

import msgspec

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit
from evenload.domain.station import StationId
from evenload.service import tags
from evenload.service.access_rows import Role
from evenload.service.grid import known_site
from evenload.service.live_rows import (
    CircuitRow,
    DeviceRow,
    LimitRow,
    SessionRow,
    SignalRow,
    SiteRow,
    VehicleRow,
)
from evenload.service.ports import Store, Unit
from evenload.service.rows import StationRow, TokenRow
from evenload.service.scope import Scope

_BEFORE: Final = timedelta(hours=2)
_AHEAD: Final = timedelta(hours=48)
_NEED: Final = (
    "vehicle_id", "departs_at", "energy_kwh", "energy_kwh_minimum", "basis", "power_kw_max", "opted_out", "boosted",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Admission:
    """A station that may come in, or may not any more."""

    identity: str
    approved: bool
    profile: int
    password_hash: str
    certificate_name: str
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class SiteState:
    """All of it. ``alone``: nothing above the site has a limit that it shares, so that it may plan for itself."""

    site: SiteRow
    circuits: tuple[dict[str, Any], ...]
    devices: tuple[DeviceRow, ...]
    stations: tuple[Admission, ...]
    vehicles: tuple[VehicleRow, ...]
    tokens: tuple[TokenRow, ...]
    limits: tuple[LimitRow, ...]
    signals: tuple[SignalRow, ...]
    sessions: tuple[SessionRow, ...]
    alone: bool


def only_site(unit: Unit, tenant: str, site_id: str) -> SiteRow:
    """A site by name, or without one the only site there is."""
    if site_id:
        return known_site(unit, tenant, site_id)
    sites = unit.sites.of(tenant, count=2)
    if len(sites) != 1:
        raise InputError("say which site: there is none, or more than one")
    return sites[0]


def site_state(scope: Scope, store: Store, site_id: str, now: datetime) -> tuple[SiteState, str]:
    """What a site has to know, and a tag that changes with it."""
    scope.require(Role.OPERATOR)
    tenant, window = scope.tenant, Interval(now - _BEFORE, now + _AHEAD)
    with store.reading() as unit:
        site = only_site(unit, tenant, site_id)
        circuits = {one.node: one for one in unit.circuits.of(tenant)}
        below = _below(circuits.values(), site.site_id)
        nodes = {one.node for one in below}
        devices = tuple(unit.devices.of(tenant, site_id=site.site_id))
        state = SiteState(
            site, tuple(_told(one) for one in below), devices,
            tuple(_admissions(unit, {one.station for one in devices})),
            tuple(unit.vehicles.of(tenant)), tuple(unit.tokens.of(tenant)),
            tuple(one for one in unit.limits.within(tenant, window, cancelled=True) if one.node in nodes),
            tuple(one for one in unit.signals.within(tenant, window) if one.node in nodes or not one.node),
            tuple(one for one in unit.sessions.going_on_at(tenant, [one.device_id for one in devices])),
            not any(isfinite(one.limit_kw) for one in _above(circuits, site.site_id)),
        )  # fmt: skip
    needs = [(one.session_id, *(getattr(one, name) for name in _NEED)) for one in state.sessions]
    return state, tags.tag_of(replace(state, sessions=()), needs)


def _admissions(unit: Unit, stations: Iterable[StationId]) -> Iterable[Admission]:
    for station in sorted(stations):
        row = unit.stations.find(station)
        if row is not None:
            yield Admission(
                station.identity, row.approved, row.profile, row.password_hash, row.certificate_name, row.revoked_at
            )


def _below(circuits: Iterable[Circuit], root: str) -> list[Circuit]:
    """A circuit and all that hang below it, the root without what it hangs on itself."""
    children: dict[str, list[Circuit]] = {}
    found: list[Circuit] = []
    for one in circuits:
        children.setdefault(one.parent, []).append(one)
        if one.node == root:
            found.append(replace(one, parent=""))
    for one in found:
        found += children.get(one.node, ())
    return found


def _above(circuits: dict[str, Circuit], node: str) -> Iterable[Circuit]:
    parent = circuits[node].parent if node in circuits else ""
    while parent in circuits:
        yield circuits[parent]
        parent = circuits[parent].parent


def _told(circuit: Circuit) -> dict[str, Any]:
    """A circuit in JSON, which has no infinity: what is left out is as it is by itself."""
    own = asdict(circuit)
    return {name: value for name, value in own.items() if not isinstance(value, float) or isfinite(value)}


def take_state(store: Store, tenant: str, state: SiteState) -> None:
    """Keep what a site is told; what it metered and saw itself stays as it is."""
    with store.writing() as unit:
        circuits = [msgspec.convert(one, Circuit) for one in state.circuits]
        gone = {one.node for one in unit.circuits.of(tenant)} - {one.node for one in circuits}
        unit.circuits.remove(tenant, gone)
        unit.circuits.put(CircuitRow(tenant, one) for one in circuits)
        unit.sites.put([replace(state.site, tenant=tenant)])
        _take_devices(unit, tenant, state.devices)
        unit.stations.put(_admitted(unit, tenant, state.stations))
        unit.vehicles.put(replace(one, tenant=tenant) for one in state.vehicles)
        unit.tokens.put(replace(one, tenant=tenant) for one in state.tokens)
        unit.limits.put(replace(one, tenant=tenant) for one in state.limits)
        unit.signals.put(replace(one, tenant=tenant) for one in state.signals)
        unit.sessions.put(_needs(unit, tenant, state.sessions))


def _take_devices(unit: Unit, tenant: str, devices: Sequence[DeviceRow]) -> None:
    here = {one.device_id for one in devices}
    gone = [one for one in unit.devices.of(tenant) if one.device_id not in here]
    at = max((one.enrolled_at for one in devices if one.enrolled_at), default=None)
    retired = [replace(one, retired_at=at or one.enrolled_at) for one in gone]
    unit.devices.put([*(one for one in retired if one.retired_at), *(replace(one, tenant=tenant) for one in devices)])


def _admitted(unit: Unit, tenant: str, stations: Iterable[Admission]) -> Iterable[StationRow]:
    """Stations let in or shut out elsewhere. Who was let in here keeps the password that was changed here."""
    for one in stations:
        station = StationId(tenant, one.identity)
        row = unit.stations.find(station) or StationRow(station)
        if one.revoked_at is not None and row.revoked_at is None:
            yield replace(row, approved=False, revoked_at=one.revoked_at)
        elif one.approved and not row.approved:
            yield replace(
                row, approved=True, profile=one.profile, password_hash=one.password_hash,
                certificate_name=one.certificate_name, revoked_at=None,
            )  # fmt: skip


def _needs(unit: Unit, tenant: str, sessions: Iterable[SessionRow]) -> Iterable[SessionRow]:
    """What was said elsewhere of what sessions need."""
    for one in sessions:
        own = unit.sessions.find(tenant, one.session_id)
        if own is not None and own.unplugged_at is None:
            yield replace(own, **{name: getattr(one, name) for name in _NEED})
