"""Keep drivers: who drives what and where, without a name."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from evenload.base.errors import InputError
from evenload.service import audit, tags
from evenload.service.access_rows import Role
from evenload.service.driver_rows import DriverRow
from evenload.service.drivers import owning
from evenload.service.grid import known_site
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, ForbiddenError, NotFoundError, Refusal
from evenload.service.scope import Scope
from evenload.service.vehicles import known_vehicle

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@+=*|~-]{0,63}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def drivers(scope: Scope, store: Store, after: str = "", count: int | None = None) -> Sequence[DriverRow]:
    """Drivers by id, at most ``count`` that follow ``after``; a driver sees one: itself."""
    with store.reading() as unit:
        if scope.role is Role.DRIVER:
            own = unit.drivers.find(scope.tenant, scope.driver_id)
            return [own] if own and own.driver_id > after else []
        return unit.drivers.of(scope.tenant, after=after, count=count)


def driver(scope: Scope, store: Store, driver_id: str) -> DriverRow:
    """One driver."""
    with store.reading() as unit:
        return owning.seen(unit, scope, driver_id)


def put_driver(scope: Scope, store: Store, row: DriverRow, now: datetime, *, expected: str = "") -> DriverRow:
    """Add or replace a driver. A driver may change its own language and currency, nothing else of itself."""
    with store.writing() as unit:
        before = unit.drivers.find(scope.tenant, row.driver_id)
        if scope.role is Role.DRIVER:
            before = owning.seen(unit, scope, row.driver_id)
            _only_words(before, row)
        else:
            scope.require(Role.OPERATOR)
        tags.check(expected, before)
        kept = replace(row, tenant=scope.tenant, made_at=before.made_at if before else now)
        _check(unit, kept)
        unit.drivers.put([kept])
        gone = set(before.vehicles if before else ()) - set(kept.vehicles)
        unit.wishes.put(
            replace(one, ended_at=now) for one in unit.wishes.of(scope.tenant, row.driver_id) if one.vehicle_id in gone
        )
        audit.note(unit, scope, now, "drivers.put", row.driver_id, kept)
        return kept


def remove_driver(scope: Scope, store: Store, driver_id: str, now: datetime, *, expected: str = "") -> None:
    """Forget a driver with all wishes, choices, links and promises; sessions and their energy are kept."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        tags.check(expected, owning.seen(unit, scope, driver_id))
        unit.drivers.remove(scope.tenant, driver_id)
        for port in (unit.wishes, unit.driver_links, unit.promises):
            port.forget(scope.tenant, driver_id)
        audit.note(unit, scope, now, "drivers.remove", driver_id)


def _only_words(before: DriverRow, row: DriverRow) -> None:
    if replace(row, language=before.language, currency=before.currency, tenant=before.tenant, made_at=None) != replace(
        before, made_at=None
    ):
        raise ForbiddenError(
            Refusal.ROLE, "a driver may change language and currency; vehicles, site and account are the operator's"
        )


def _check(unit: Unit, row: DriverRow) -> None:
    if not _NAME.fullmatch(row.driver_id):
        raise InputError(
            f"{row.driver_id!r} is no id: 1 to 64 letters, digits and _.:@+=*|~-, the first a letter, a digit or _"
        )
    if not _LANGUAGE.fullmatch(row.language):
        raise InputError(f"{row.language!r} is no language such as en or nb")
    if row.currency and not _CURRENCY.fullmatch(row.currency):
        raise InputError(f"{row.currency!r} is no currency by its three capital letters, such as EUR")
    _check_vehicles(unit, row)
    if row.site_id:
        known_site(unit, row.tenant, row.site_id)
    if row.user_id:
        _check_user(unit, row)


def _check_vehicles(unit: Unit, row: DriverRow) -> None:
    if len(set(row.vehicles)) != len(row.vehicles):
        raise InputError(f"driver {row.driver_id!r} has a vehicle twice: {', '.join(row.vehicles)}")
    for vehicle_id in row.vehicles:
        known_vehicle(unit, row.tenant, vehicle_id)
    for vehicle_id, other in unit.drivers.of_vehicles(row.tenant, row.vehicles).items():
        if other.driver_id != row.driver_id:
            raise ConflictError(Refusal.TAKEN, f"vehicle {vehicle_id!r} is of driver {other.driver_id!r}")


def _check_user(unit: Unit, row: DriverRow) -> None:
    if unit.users.find(row.tenant, row.user_id) is None:
        raise NotFoundError(f"there is no user {row.user_id!r}")
    holder = unit.drivers.of_user(row.tenant, row.user_id)
    if holder is not None and holder.driver_id != row.driver_id:
        raise ConflictError(Refusal.TAKEN, f"user {row.user_id!r} is driver {holder.driver_id!r} already")
