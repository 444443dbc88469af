"""Post and cancel limits at circuits for a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.service import audit, tags
from evenload.service.access_rows import Role
from evenload.service.grid import known_circuit
from evenload.service.live_rows import LimitRow
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.scope import Scope


def limits(scope: Scope, store: Store, window: Interval, *, cancelled: bool = False) -> Sequence[LimitRow]:
    """Limits that hold at some time of a window, by start and id."""
    with store.reading() as unit:
        return unit.limits.within(scope.tenant, window, cancelled=cancelled)


def limit(scope: Scope, store: Store, limit_id: str) -> LimitRow:
    """One limit."""
    with store.reading() as unit:
        return _known(unit, scope.tenant, limit_id)


def post_limit(scope: Scope, store: Store, row: LimitRow, now: datetime) -> LimitRow:
    """Post a limit. Posting the same again changes nothing; ``ConflictError`` where its id is another limit's."""
    scope.require(Role.OPERATOR)
    Interval(row.start, row.end)
    if row.end <= now:
        raise InputError("the limit ended before it was posted")
    posted = replace(row, tenant=scope.tenant, made_by=scope.actor, made_at=now, cancelled_at=None)
    with store.writing() as unit:
        known_circuit(unit, scope.tenant, row.node)
        before = unit.limits.find(scope.tenant, row.limit_id)
        if before is not None:
            if replace(posted, made_at=before.made_at) == before:
                return before
            raise ConflictError(Refusal.TAKEN, f"there is another limit {row.limit_id!r}: cancel it and post a new one")
        unit.limits.put([posted])
        audit.note(unit, scope, now, "limits.post", row.limit_id, posted)
        return posted


def cancel_limit(scope: Scope, store: Store, limit_id: str, now: datetime, *, expected: str = "") -> LimitRow:
    """Cancel a limit; one that is cancelled stays so. ``ConflictError`` where it is over."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        row = _known(unit, scope.tenant, limit_id)
        tags.check(expected, row)
        if row.cancelled_at is not None:
            return row
        if row.end <= now:
            raise ConflictError(Refusal.OVER, f"limit {limit_id!r} has ended: there is nothing left to cancel")
        kept = replace(row, cancelled_at=now)
        unit.limits.put([kept])
        audit.note(unit, scope, now, "limits.cancel", limit_id)
        return kept


def _known(unit: Unit, tenant: str, limit_id: str) -> LimitRow:
    row = unit.limits.find(tenant, limit_id)
    if row is None:
        raise NotFoundError(f"there is no limit {limit_id!r}")
    return row
