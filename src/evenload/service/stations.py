"""Let stations in, in the name of somebody: ``admission`` with a scope and a trace in the audit log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from evenload.base.errors import did_you_mean
from evenload.domain.station import StationId
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.admission import Credentials
from evenload.service.grid import NEAR_MAX
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.rows import StationRow
from evenload.service.scope import Scope


def stations(scope: Scope, store: Store, after: str = "", count: int | None = None) -> Sequence[StationRow]:
    """Stations by identity, at most ``count`` that follow ``after``."""
    with store.reading() as unit:
        return unit.stations.of(scope.tenant, after=after, count=count)


def station(scope: Scope, store: Store, identity: str) -> StationRow:
    """One station."""
    with store.reading() as unit:
        return _known(unit, scope, identity)


def add_station(scope: Scope, store: Store, identity: str, credentials: Credentials, now: datetime) -> StationRow:
    """Add a station before it ever knocked."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        if unit.stations.find(StationId(scope.tenant, identity)):
            raise ConflictError(Refusal.TAKEN, f"station {identity!r} is there already: approve it")
        row = _with(StationRow(StationId(scope.tenant, identity), noted_at=now), credentials)
        unit.stations.put([row])
        audit.note(unit, scope, now, "stations.add", identity, {"profile": credentials.profile})
        return row


def approve_station(
    scope: Scope, store: Store, identity: str, now: datetime, credentials: Credentials | None = None
) -> StationRow:
    """Let a station in that was held; without ``credentials`` it proves itself as before."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        known = _known(unit, scope, identity)
        row = _with(known, credentials) if credentials else replace(known, approved=True, revoked_at=None)
        unit.stations.put([row])
        audit.note(unit, scope, now, "stations.approve", identity, {"profile": row.profile})
        return row


def _with(row: StationRow, credentials: Credentials) -> StationRow:
    return replace(
        row, approved=True, revoked_at=None, profile=credentials.profile, password_hash=credentials.password_hash,
        certificate_name=credentials.certificate_name,
    )  # fmt: skip


def _known(unit: Unit, scope: Scope, identity: str) -> StationRow:
    row = unit.stations.find(StationId(scope.tenant, identity))
    if row is None:
        near = did_you_mean(identity, [one.station.identity for one in unit.stations.of(scope.tenant, count=NEAR_MAX)])
        raise NotFoundError(f"there is no station {identity!r}.{near}")
    return row
