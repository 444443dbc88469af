"""Whose things a driver's are: drivers see and change their own, others by their role."""

from dataclasses import replace

from evenload.base.errors import did_you_mean
from evenload.service.access_rows import Role
from evenload.service.driver_rows import DriverRow
from evenload.service.grid import NEAR_MAX
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ForbiddenError, NotFoundError, Refusal
from evenload.service.scope import Scope


def bound(store: Store, scope: Scope) -> Scope:
    """The scope of an account with the role of a driver, bound to the driver it is of; others as they are."""
    if scope.role is not Role.DRIVER or scope.driver_id:
        return scope
    kind, _, user_id = scope.actor.partition(":")
    with store.reading() as unit:
        row = unit.drivers.of_user(scope.tenant, user_id) if kind == "user" else None
    if row is None:
        raise ForbiddenError(Refusal.ROLE, "this account is of no driver yet: an operator has to say of which")
    return replace(scope, driver_id=row.driver_id)


def seen(unit: Unit, scope: Scope, driver_id: str) -> DriverRow:
    """A driver whom who asks may see; to a driver all others are as if they were not there."""
    if scope.role is Role.DRIVER and scope.driver_id != driver_id:
        raise NotFoundError(f"there is no driver {driver_id!r}")
    return _known(unit, scope, driver_id)


def own(unit: Unit, scope: Scope, driver_id: str) -> DriverRow:
    """A driver for whom who asks may speak: the driver, or somebody who speaks for drivers."""
    if scope.role is not Role.DRIVER:
        scope.require(Role.DRIVER_AGENT)
    return seen(unit, scope, driver_id)


def speaking(scope: Scope) -> Scope:
    """The scope in which a driver's word about the driver's own session is taken; ``own`` was asked before."""
    return replace(scope, role=Role.DRIVER_AGENT) if scope.role is Role.DRIVER else scope


def _known(unit: Unit, scope: Scope, driver_id: str) -> DriverRow:
    row = unit.drivers.find(scope.tenant, driver_id)
    if row is None:
        known = () if scope.role is Role.DRIVER else unit.drivers.of(scope.tenant, count=NEAR_MAX)
        raise NotFoundError(
            f"there is no driver {driver_id!r}.{did_you_mean(driver_id, [one.driver_id for one in known])}"
        )
    return row


def vehicle_of(driver: DriverRow, vehicle_id: str) -> str:
    """A vehicle of a driver by name; the only one where none is named."""
    if not vehicle_id and len(driver.vehicles) == 1:
        return driver.vehicles[0]
    if vehicle_id in driver.vehicles:
        return vehicle_id
    names = ", ".join(driver.vehicles)
    if not names:
        raise NotFoundError(f"driver {driver.driver_id!r} has no vehicle yet")
    if not vehicle_id:
        raise NotFoundError(f"say which vehicle: {driver.driver_id} has {names}")
    raise NotFoundError(
        f"driver {driver.driver_id!r} has no vehicle {vehicle_id!r}.{did_you_mean(vehicle_id, driver.vehicles)} "
        f"There are: {names}"
    )
