"""Keep vehicles: what is known of a car that comes again, by the token it comes with."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final

from evenload.base.errors import did_you_mean
from evenload.domain.station import Token
from evenload.service import audit, tags
from evenload.service.access_rows import Role
from evenload.service.grid import NEAR_MAX
from evenload.service.live_rows import VehicleRow
from evenload.service.local_time import check_clock
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.scope import Scope

_OF_SOMEBODY: Final = frozenset({"tenant", "name", "token"})
"""What the audit log does not say of a vehicle: names and cards are people's, and nothing is taken out of the log."""


def vehicles(scope: Scope, store: Store, after: str = "", count: int | None = None) -> Sequence[VehicleRow]:
    """Vehicles by id, at most ``count`` that follow ``after``."""
    with store.reading() as unit:
        return unit.vehicles.of(scope.tenant, after=after, count=count)


def vehicle(scope: Scope, store: Store, vehicle_id: str) -> VehicleRow:
    """One vehicle."""
    with store.reading() as unit:
        return known_vehicle(unit, scope.tenant, vehicle_id)


def put_vehicle(scope: Scope, store: Store, row: VehicleRow, now: datetime, *, expected: str = "") -> VehicleRow:
    """Add or replace a vehicle; ``ConflictError`` where its token is another vehicle's."""
    scope.require(Role.DRIVER_AGENT)
    if row.ready_by:
        check_clock("ready_by", row.ready_by)
    token = Token(row.token).key
    with store.writing() as unit:
        before = unit.vehicles.find(scope.tenant, row.vehicle_id)
        tags.check(expected, before)
        for other in unit.vehicles.with_tokens(scope.tenant, [token]) if token else ():
            if other.vehicle_id != row.vehicle_id:
                raise ConflictError(Refusal.TAKEN, f"token {row.token!r} is of vehicle {other.vehicle_id!r}")
        kept = replace(row, tenant=scope.tenant, token=token, made_at=before.made_at if before else now)
        unit.vehicles.put([kept])
        told = {name: value for name, value in asdict(kept).items() if name not in _OF_SOMEBODY}
        audit.note(unit, scope, now, "vehicles.put", row.vehicle_id, told)
        return kept


def remove_vehicle(scope: Scope, store: Store, vehicle_id: str, now: datetime, *, expected: str = "") -> None:
    """Forget a vehicle; what it charged is kept."""
    scope.require(Role.DRIVER_AGENT)
    with store.writing() as unit:
        tags.check(expected, known_vehicle(unit, scope.tenant, vehicle_id))
        unit.vehicles.remove(scope.tenant, vehicle_id)
        audit.note(unit, scope, now, "vehicles.remove", vehicle_id)


def known_vehicle(unit: Unit, tenant: str, vehicle_id: str) -> VehicleRow:
    """A vehicle that there is; ``NotFoundError`` with the nearest name otherwise."""
    row = unit.vehicles.find(tenant, vehicle_id)
    if row is None:
        near = did_you_mean(vehicle_id, [one.vehicle_id for one in unit.vehicles.of(tenant, count=NEAR_MAX)])
        raise NotFoundError(f"there is no vehicle {vehicle_id!r}.{near}")
    return row
