"""Circuits, sites, devices and vehicles in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, select, tuple_

from evenload.domain.circuit import Circuit
from evenload.domain.station import StationId
from evenload.service.live_rows import CircuitRow, DeviceRow, SiteRow, VehicleRow
from evenload.store.sql import schema_live as tables
from evenload.store.sql.kept import Kept, portions
from evenload.store.sql.rarely import Rarely
from evenload.store.sql.writing import put

_CIRCUITS: Final = Kept(tables.circuits, Circuit)
_SITES: Final = Kept(tables.sites, SiteRow)
_DEVICES: Final = Kept(tables.devices, DeviceRow)
_VEHICLES: Final = Kept(tables.vehicles, VehicleRow)


@dataclass(frozen=True, slots=True)
class SqlCircuits:
    """The grid of a tenant."""

    connection: Connection

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[Circuit]:
        """Nodes by name, at most ``count`` that follow one."""
        found = _CIRCUITS.selecting.where(tables.circuits.c.tenant == tenant)
        return _CIRCUITS.page(self.connection, found, "node", after, count)

    def find(self, tenant: str, node: str) -> Circuit | None:
        """One, or ``None``."""
        return _CIRCUITS.find(self.connection, tenant, node)

    def put(self, rows: Iterable[CircuitRow]) -> None:
        """Add or replace."""
        put(self.connection, tables.circuits, [_CIRCUITS.values(row.circuit, tenant=row.tenant) for row in rows])

    def remove(self, tenant: str, nodes: Iterable[str]) -> None:
        """Take away."""
        of = tables.circuits.c
        for some in portions(nodes):
            self.connection.execute(delete(tables.circuits).where(of.tenant == tenant, of.node.in_(some)))


@dataclass(frozen=True, slots=True)
class SqlSites:
    """Sites."""

    connection: Connection

    def find(self, tenant: str, site_id: str) -> SiteRow | None:
        """One, or ``None``."""
        return _SITES.find(self.connection, tenant, site_id)

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[SiteRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""
        found = _SITES.selecting.where(tables.sites.c.tenant == tenant)
        return _SITES.page(self.connection, found, "site_id", after, count)

    def put(self, rows: Iterable[SiteRow]) -> None:
        """Add or replace."""
        _SITES.put(self.connection, rows)

    def remove(self, tenant: str, site_id: str) -> None:
        """Take away."""
        _SITES.remove(self.connection, tenant, site_id)


@dataclass(frozen=True, slots=True)
class SqlDevices:
    """Devices. Retired ones are kept."""

    connection: Connection

    def find(self, tenant: str, device_id: str) -> DeviceRow | None:
        """One, or ``None``."""
        return _DEVICES.find(self.connection, tenant, device_id)

    def at_stations(self, stations: Iterable[StationId]) -> Sequence[DeviceRow]:
        """Those of stations that are not retired, by station and EVSE."""
        of, rows = tables.devices.c, list[DeviceRow]()
        for some in portions({(one.identity, one.tenant) for one in stations}):
            own = _DEVICES.selecting.where(tuple_(of.identity, of.tenant).in_(some), of.retired_at.is_(None))
            rows += _DEVICES.read(self.connection, own)
        return sorted(rows, key=lambda row: (row.station, row.evse_id))

    def of(
        self, tenant: str, *, after: str = "", count: int | None = None, site_id: str = "", retired: bool = False
    ) -> Sequence[DeviceRow]:
        """Those of a tenant by id, at most ``count`` that follow an id; of one site; retired ones too where told so."""
        of, found = tables.devices.c, _DEVICES.selecting.where(tables.devices.c.tenant == tenant)
        if site_id:
            found = found.where(of.site_id == site_id)
        if not retired:
            found = found.where(of.retired_at.is_(None))
        return _DEVICES.page(self.connection, found, "device_id", after, count)

    def claimed_by(self, identity: str) -> Sequence[str]:
        """Tenants that have a device at a station of this name, not retired."""
        of = tables.devices.c
        found = select(of.tenant).distinct().where(of.identity == identity, of.retired_at.is_(None))
        return list(self.connection.execute(found.order_by(of.tenant)).scalars())

    def put(self, rows: Iterable[DeviceRow]) -> None:
        """Add or replace; ``InvariantError`` where two that are not retired would be one EVSE.

        Those to be retired go first, so that one may take the EVSE of another at once.
        """
        values = sorted((_DEVICES.values(row) for row in rows), key=lambda one: one["retired_at"] is None)
        put(self.connection, tables.devices, values)


@dataclass(frozen=True, slots=True)
class SqlVehicles:
    """Vehicles."""

    connection: Connection

    def find(self, tenant: str, vehicle_id: str) -> VehicleRow | None:
        """One, or ``None``."""
        return _VEHICLES.find(self.connection, tenant, vehicle_id)

    def with_tokens(self, tenant: str, tokens: Iterable[str]) -> Sequence[VehicleRow]:
        """Those known by these tokens (``Token.key``)."""
        of, rows = tables.vehicles.c, list[VehicleRow]()
        for some in portions(set(tokens) - {""}):
            own = _VEHICLES.selecting.where(of.tenant == tenant, Rarely(of.token.in_(some)))
            rows += _VEHICLES.read(self.connection, own)
        return sorted(rows, key=lambda row: row.vehicle_id)

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[VehicleRow]:
        """Those of a tenant by id, at most ``count`` that follow an id."""
        found = _VEHICLES.selecting.where(tables.vehicles.c.tenant == tenant)
        return _VEHICLES.page(self.connection, found, "vehicle_id", after, count)

    def put(self, rows: Iterable[VehicleRow]) -> None:
        """Add or replace."""
        _VEHICLES.put(self.connection, rows)

    def remove(self, tenant: str, vehicle_id: str) -> None:
        """Take away."""
        _VEHICLES.remove(self.connection, tenant, vehicle_id)
