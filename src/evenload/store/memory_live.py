"""Sites, devices, vehicles, sessions, plans and decisions in memory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from evenload.base.errors import InvariantError
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit
from evenload.domain.station import StationId
from evenload.service.live_rows import (
    CircuitRow,
    DecisionRow,
    DeviceRow,
    PlanRow,
    SessionRow,
    SiteRow,
    VehicleRow,
)

Key = tuple[str, str]


@dataclass
class MemoryCircuits:
    """The grid of a tenant."""

    rows: dict[Key, Circuit] = field(default_factory=dict)

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[Circuit]:
        """Nodes by name, at most ``count`` that follow one."""
        ordered = sorted(self.rows.items(), key=lambda item: item[0])
        return [row for (owner, node), row in ordered if owner == tenant and node > after][:count]

    def find(self, tenant: str, node: str) -> Circuit | None:
        """One, or ``None``."""
        return self.rows.get((tenant, node))

    def put(self, rows: Iterable[CircuitRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.circuit.node): row.circuit for row in rows})

    def remove(self, tenant: str, nodes: Iterable[str]) -> None:
        """Take away."""
        for node in nodes:
            self.rows.pop((tenant, node), None)


@dataclass
class MemorySites:
    """Sites."""

    rows: dict[Key, SiteRow] = field(default_factory=dict)

    def find(self, tenant: str, site_id: str) -> SiteRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, site_id))

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[SiteRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""
        found = [row for row in self.rows.values() if row.tenant == tenant and row.site_id > after]
        return sorted(found, key=lambda row: row.site_id)[:count]

    def put(self, rows: Iterable[SiteRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.site_id): row for row in rows})

    def remove(self, tenant: str, site_id: str) -> None:
        """Take away."""
        self.rows.pop((tenant, site_id), None)


@dataclass
class MemoryDevices:
    """Devices. Retired ones are kept."""

    rows: dict[Key, DeviceRow] = field(default_factory=dict)

    def find(self, tenant: str, device_id: str) -> DeviceRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, device_id))

    def at_stations(self, stations: Iterable[StationId]) -> Sequence[DeviceRow]:
        """Those of stations that are not retired, by station and EVSE."""
        asked = set(stations)
        found = [row for row in self.rows.values() if row.station in asked and row.retired_at is None]
        return sorted(found, key=lambda row: (row.station, row.evse_id))

    def of(
        self, tenant: str, *, after: str = "", count: int | None = None, site_id: str = "", retired: bool = False
    ) -> Sequence[DeviceRow]:
        """Those of a tenant by id, at most ``count`` that follow an id; of one site; retired ones too where told so."""
        found = [
            row
            for row in self.rows.values()
            if row.tenant == tenant and row.device_id > after and site_id in ("", row.site_id)
            if retired or row.retired_at is None
        ]
        return sorted(found, key=lambda row: row.device_id)[:count]

    def claimed_by(self, identity: str) -> Sequence[str]:
        """Tenants that have a device at a station of this name, not retired."""
        return sorted({row.tenant for row in self.rows.values() if row.identity == identity and row.retired_at is None})

    def put(self, rows: Iterable[DeviceRow]) -> None:
        """Add or replace. ``InvariantError`` where two that are not retired would be one EVSE."""
        for row in rows:
            self.rows[row.tenant, row.device_id] = row
        live = [(row.station, row.evse_id) for row in self.rows.values() if row.retired_at is None]
        if len(live) != len(set(live)):
            raise InvariantError("two devices that are not retired stand for one EVSE")


@dataclass
class MemoryVehicles:
    """Vehicles."""

    rows: dict[Key, VehicleRow] = field(default_factory=dict)

    def find(self, tenant: str, vehicle_id: str) -> VehicleRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, vehicle_id))

    def with_tokens(self, tenant: str, tokens: Iterable[str]) -> Sequence[VehicleRow]:
        """Those known by these tokens (``Token.key``)."""
        asked = set(tokens) - {""}
        found = [row for row in self.rows.values() if row.tenant == tenant and row.token in asked]
        return sorted(found, key=lambda row: row.vehicle_id)

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[VehicleRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""
        found = [row for row in self.rows.values() if row.tenant == tenant and row.vehicle_id > after]
        return sorted(found, key=lambda row: row.vehicle_id)[:count]

    def put(self, rows: Iterable[VehicleRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.vehicle_id): row for row in rows})

    def remove(self, tenant: str, vehicle_id: str) -> None:
        """Take away."""
        self.rows.pop((tenant, vehicle_id), None)


@dataclass
class MemorySessions:
    """Sessions."""

    rows: dict[Key, SessionRow] = field(default_factory=dict)

    def find(self, tenant: str, session_id: str) -> SessionRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, session_id))

    def going_on(self, tenant: str) -> Sequence[SessionRow]:
        """Those not unplugged, by plug-in and id."""
        return [row for row in self._going_on(tenant) if not row.absorbed_by]

    def _going_on(self, tenant: str) -> Sequence[SessionRow]:
        found = [row for row in self.rows.values() if row.tenant == tenant and row.unplugged_at is None]
        return sorted(found, key=lambda row: (row.plugged_at, row.session_id))

    def going_on_at(self, tenant: str, device_ids: Iterable[str]) -> Sequence[SessionRow]:
        """Those not unplugged of devices; at most one each: the last plugged in."""
        asked = set(device_ids)
        last = {row.device_id: row for row in self._going_on(tenant) if row.device_id in asked}
        return [row for _, row in sorted(last.items())]

    def within(
        self, tenant: str, window: Interval, *, after: str = "", count: int | None = None, device_id: str = ""
    ) -> Sequence[SessionRow]:
        """Those plugged in at some time of a window, by id, at most ``count`` that follow an id."""
        found = [
            row
            for row in self.rows.values()
            if row.tenant == tenant and row.session_id > after
            if (row.device_id == device_id if device_id else not row.absorbed_by)
            if row.plugged_at < window.end and (row.unplugged_at is None or row.unplugged_at > window.start)
        ]
        return sorted(found, key=lambda row: row.session_id)[:count]

    def of_vehicles(self, tenant: str, vehicle_ids: Iterable[str], window: Interval) -> Sequence[SessionRow]:
        """Those of vehicles, plugged in at some time of a window, by plug-in and id."""
        asked = set(vehicle_ids) - {""}
        found = [row for row in self.within(tenant, window) if row.vehicle_id in asked]
        return sorted(found, key=lambda row: (row.plugged_at, row.session_id))

    def put(self, rows: Iterable[SessionRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.session_id): row for row in rows})


@dataclass
class MemoryPlans:
    """Plans, in the order they were added."""

    rows: dict[Key, PlanRow] = field(default_factory=dict)

    def find(self, tenant: str, plan_id: str) -> PlanRow | None:
        """One with its sessions, or ``None``."""
        return self.rows.get((tenant, plan_id))

    def last(self, tenant: str, count: int = 1, *, only: Collection[str] | None = None) -> Sequence[PlanRow]:
        """The last ones with their sessions, the latest first; with ``only`` some of the sessions, or none."""
        found = [row for row in reversed(self.rows.values()) if row.tenant == tenant][:count]
        if only is None:
            return found
        return [replace(row, sessions=tuple(one for one in row.sessions if one.session_id in only)) for row in found]

    def add(self, row: PlanRow) -> None:
        """Append."""
        self.rows[row.tenant, row.plan_id] = row

    def prune(self, tenant: str, before: datetime) -> int:
        """Forget those made before an instant, but never the last; how many."""
        last = {row.plan_id for row in self.last(tenant)}
        gone = [
            key
            for key, row in self.rows.items()
            if row.tenant == tenant and row.made_at < before and row.plan_id not in last
        ]
        for key in gone:
            del self.rows[key]
        return len(gone)


@dataclass
class MemoryDecisions:
    """Decisions, with why."""

    rows: dict[int, DecisionRow] = field(default_factory=dict)

    def last(
        self, tenant: str, count: int, *, device_id: str = "", session_id: str = "", before: int | None = None
    ) -> Sequence[DecisionRow]:
        """The last ones, the latest first; of a device or session; before a number where given."""
        found = [
            row
            for row in reversed(self.rows.values())
            if row.tenant == tenant and device_id in ("", row.device_id) and session_id in ("", row.session_id)
            if before is None or row.number < before
        ]
        return found[:count]

    def add(self, rows: Iterable[DecisionRow]) -> None:
        """Append."""
        for row in rows:
            number = len(self.rows) + 1
            self.rows[number] = replace(row, number=number)
