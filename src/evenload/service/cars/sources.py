"""Sources: where what is known of a vehicle came from, and from when to when. Nothing of before is lost (R138)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError, did_you_mean
from evenload.domain.vehicle_state import Provider
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.car_rows import CHARGER, SourceRow
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope
from evenload.service.vehicles import known_vehicle

SOURCES: Final = (*(one.value for one in Provider), CHARGER)
"""What a source can be."""

_APART: Final = timedelta(microseconds=1)
"""Two sources of a vehicle never begin at one instant."""


def sources(scope: Scope, store: Store, vehicle_id: str) -> Sequence[SourceRow]:
    """The history of a vehicle's sources, the first first."""
    with store.reading() as unit:
        known_vehicle(unit, scope.tenant, vehicle_id)
        return unit.cars.sources(scope.tenant, vehicle_id)


def change_source(
    scope: Scope, store: Store, vehicle_id: str, source: str, now: datetime, why: str = ""
) -> Sequence[SourceRow]:
    """Say that what is known of a vehicle comes from elsewhere from now on; its history of sources."""
    scope.require(Role.DRIVER_AGENT)
    if source not in SOURCES:
        near = did_you_mean(source, SOURCES)
        raise InputError(f"there is no source {source!r}.{near} There are: {', '.join(SOURCES)}")
    with store.writing() as unit:
        known_vehicle(unit, scope.tenant, vehicle_id)
        change(unit, scope.tenant, vehicle_id, source, now, why=why)
        audit.note(unit, scope, now, "cars.source", vehicle_id, {"source": source, "why": why})
        return unit.cars.sources(scope.tenant, vehicle_id)


def change(
    unit: Unit, tenant: str, vehicle_id: str, source: str, now: datetime, *, account: str = "", why: str = ""
) -> None:
    """The same within a unit of work. The one that goes on stays where it is the same."""
    history = unit.cars.sources(tenant, vehicle_id)
    last = history[-1] if history and history[-1].ended_at is None else None
    if last is not None and (last.source, last.account) == (source, account):
        return
    if last is not None:
        now = max(now, last.began_at + _APART)
        unit.cars.put_sources([replace(last, ended_at=now)])
    unit.cars.put_sources([SourceRow(tenant, vehicle_id, source, now, account=account, why=why)])
