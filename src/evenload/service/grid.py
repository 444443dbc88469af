"""Keep the grid and its sites. The tree is whole after every change."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from evenload.base.errors import CircuitError, InputError, did_you_mean
from evenload.base.instants import time_zone
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.station import StationId
from evenload.service import audit, tags
from evenload.service.access_rows import Role
from evenload.service.live_rows import CircuitRow, SiteRow
from evenload.service.local_time import check_clock
from evenload.service.ports import Store, Unit
from evenload.service.problem_of import ROOT
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.scope import Scope
from evenload.service.site_meter import OCPP, check_meter

NEAR_MAX: Final = 1000
"""Among so many names the nearest one is looked for."""


def circuits(scope: Scope, store: Store, after: str = "", count: int | None = None) -> Sequence[Circuit]:
    """The grid by name, at most ``count`` that follow ``after``."""
    with store.reading() as unit:
        return unit.circuits.of(scope.tenant, after=after, count=count)


def circuit(scope: Scope, store: Store, node: str) -> Circuit:
    """One circuit."""
    with store.reading() as unit:
        return known_circuit(unit, scope.tenant, node)


def put_circuits(scope: Scope, store: Store, given: Sequence[Circuit], now: datetime, *, expected: str = "") -> None:
    """Add or replace circuits; ``CircuitError`` where what comes of it is no tree.

    ``expected`` is the tag of the circuit that is replaced, where one is given.
    """
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        if expected:
            tags.check(expected, unit.circuits.find(scope.tenant, given[0].node))
        _put(unit, scope, given)
        audit.note(unit, scope, now, "circuits.put", given[0].node if len(given) == 1 else f"{len(given)} circuits",
                   given)  # fmt: skip


def remove_circuit(scope: Scope, store: Store, node: str, now: datetime, *, expected: str = "") -> None:
    """Take a circuit away that nothing hangs on."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        row = known_circuit(unit, scope.tenant, node)
        tags.check(expected, row)
        if unit.sites.find(scope.tenant, node):
            raise ConflictError(Refusal.IN_USE, f"circuit {node!r} is a site: remove the site, which takes it along")
        _remove(unit, scope, node)
        audit.note(unit, scope, now, "circuits.remove", node, row)


def sites(scope: Scope, store: Store, after: str = "", count: int | None = None) -> Sequence[SiteRow]:
    """Sites by id, at most ``count`` that follow ``after``."""
    with store.reading() as unit:
        return unit.sites.of(scope.tenant, after=after, count=count)


def site(scope: Scope, store: Store, site_id: str) -> SiteRow:
    """One site."""
    with store.reading() as unit:
        return known_site(unit, scope.tenant, site_id)


def put_site(
    scope: Scope, store: Store, row: SiteRow, now: datetime, *, place: Circuit | None = None, expected: str = ""
) -> SiteRow:
    """Add or replace a site. ``place`` is its circuit, which has its name; left out where there is one already."""
    scope.require(Role.OPERATOR)
    _check_site(row)
    with store.writing() as unit:
        before = unit.sites.find(scope.tenant, row.site_id)
        tags.check(expected, before)
        if place is not None:
            _put(unit, scope, [replace(place, node=row.site_id, kind=CircuitKind.SITE)])
        elif unit.circuits.find(scope.tenant, row.site_id) is None:
            raise InputError(f"site {row.site_id!r} has no circuit yet: say where it hangs")
        _check_meter_station(unit, scope.tenant, row.meter)
        kept = replace(row, tenant=scope.tenant, made_at=before.made_at if before else now)
        unit.sites.put([kept])
        audit.note(unit, scope, now, "sites.put", row.site_id, (kept, place))
        return kept


def remove_site(scope: Scope, store: Store, site_id: str, now: datetime, *, expected: str = "") -> None:
    """Take a site away, and its circuit; not while devices are enrolled at it."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        row = known_site(unit, scope.tenant, site_id)
        tags.check(expected, row)
        devices = unit.devices.of(scope.tenant, count=1, site_id=site_id)
        if devices:
            raise ConflictError(
                Refusal.IN_USE, f"device {devices[0].device_id!r} is enrolled at site {site_id!r}: retire it first"
            )
        unit.sites.remove(scope.tenant, site_id)
        if unit.circuits.find(scope.tenant, site_id):
            _remove(unit, scope, site_id)
        audit.note(unit, scope, now, "sites.remove", site_id, row)


def known_site(unit: Unit, tenant: str, site_id: str) -> SiteRow:
    """A site that there is; ``NotFoundError`` with the nearest name otherwise."""
    row = unit.sites.find(tenant, site_id)
    if row is None:
        near = did_you_mean(site_id, [one.site_id for one in unit.sites.of(tenant, count=NEAR_MAX)])
        raise NotFoundError(f"there is no site {site_id!r}.{near}")
    return row


def known_circuit(unit: Unit, tenant: str, node: str) -> Circuit:
    """A circuit that there is; ``NotFoundError`` with the nearest name otherwise."""
    row = unit.circuits.find(tenant, node)
    if row is None:
        near = did_you_mean(node, [one.node for one in unit.circuits.of(tenant, count=NEAR_MAX)])
        raise NotFoundError(f"there is no circuit {node!r}.{near}")
    return row


def _put(unit: Unit, scope: Scope, given: Iterable[Circuit]) -> None:
    named: dict[str, Circuit] = {}
    for one in given:
        if one.node == ROOT:
            raise CircuitError(f"no circuit can be called {ROOT!r}: that is the one above all without one above them")
        if one.node in named:
            raise CircuitError(f"circuit {one.node!r} is listed twice")
        if one.timezone:
            time_zone(one.timezone)
        named[one.node] = one
    CircuitTree.of(({one.node: one for one in unit.circuits.of(scope.tenant)} | named).values())
    unit.circuits.put(CircuitRow(scope.tenant, one) for one in named.values())


def _remove(unit: Unit, scope: Scope, node: str) -> None:
    below = [one.node for one in unit.circuits.of(scope.tenant) if one.parent == node]
    if below:
        more = f" and {len(below) - 1} more" if len(below) > 1 else ""
        raise ConflictError(Refusal.IN_USE, f"{below[0]!r}{more} hangs on circuit {node!r}")
    unit.circuits.remove(scope.tenant, [node])


def _check_meter_station(unit: Unit, tenant: str, meter: str) -> None:
    """``InputError`` where the meter is that of a station that nobody knows: it would be silent for ever."""
    identity = meter.removeprefix(OCPP)
    if meter.startswith(OCPP) and unit.stations.find(StationId(tenant, identity)) is None:
        near = did_you_mean(identity, [one.station.identity for one in unit.stations.of(tenant, count=NEAR_MAX)])
        raise InputError(
            f"the meter {meter!r} is of a station that never knocked and was not added.{near} Let it connect, or add "
            f"it first (POST /v1/stations, or `evenload ocpp add {identity}`)"
        )


def _check_site(row: SiteRow) -> None:
    time_zone(row.timezone)
    check_meter(row.meter)
    check_clock("ready_by", row.ready_by)
    if row.energy_kwh_minimum > row.energy_kwh_usual:
        raise InputError("energy_kwh_minimum is above energy_kwh_usual: a car would be given more than it needs")
