"""What people say of a session that goes on: what the car needs, that it goes first, that it takes no part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from evenload.base.errors import InputError
from evenload.base.instants import Interval, time_zone
from evenload.service import audit, tags
from evenload.service.access_rows import Role
from evenload.service.live_rows import DecisionRow, NeedBasis, SessionRow
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.scope import Scope


@dataclass(frozen=True, slots=True)
class Declared:
    """What a driver says; ``None`` leaves it. Energies are at the connector, counted from plug-in."""

    energy_kwh: float | None = None
    departs_at: datetime | None = None
    energy_kwh_minimum: float | None = None


def sessions(
    scope: Scope, store: Store, window: Interval, after: str = "", count: int | None = None, *, device_id: str = ""
) -> Sequence[SessionRow]:
    """Sessions plugged in at some time of a window, by id, at most ``count`` that follow ``after``."""
    with store.reading() as unit:
        return unit.sessions.within(scope.tenant, window, after=after, count=count, device_id=device_id)


def sessions_going_on(scope: Scope, store: Store) -> Sequence[SessionRow]:
    """Sessions not unplugged, by plug-in and id."""
    with store.reading() as unit:
        return unit.sessions.going_on(scope.tenant)


def session(scope: Scope, store: Store, session_id: str) -> SessionRow:
    """One session."""
    with store.reading() as unit:
        return _known(unit, scope.tenant, session_id)


def declare(
    scope: Scope, store: Store, session_id: str, said: Declared, now: datetime, *, expected: str = ""
) -> SessionRow:
    """Say what a session needs and by when. It then counts as the driver's word."""
    with store.writing() as unit:
        row = _going_on(unit, scope, session_id, expected)
        kept = _with(row, said)
        if kept.departs_at <= now:
            raise InputError("departs_at has passed: a car cannot be ready by then")
        if kept.energy_kwh_minimum > kept.energy_kwh:
            raise InputError("energy_kwh_minimum is above energy_kwh: a car would be given more than it needs")
        why = f"{scope.actor} says {kept.energy_kwh:g} kWh in all by {_local(unit, kept)}"
        return _keep(unit, scope, kept, now, ("declared", why))


def boost(scope: Scope, store: Store, session_id: str, now: datetime, *, on: bool, why: str = "") -> SessionRow:
    """Let a session go before others, within the limits; or take that back."""
    with store.writing() as unit:
        row = _going_on(unit, scope, session_id)
        kept = replace(row, boosted=on)
        text = f"{scope.actor} lets it {'go before others' if on else 'wait its turn again'}{_because(why)}"
        return row if kept == row else _keep(unit, scope, kept, now, ("boosted" if on else "boost_ended", text))


def opt_out(scope: Scope, store: Store, session_id: str, now: datetime, *, out: bool, why: str = "") -> SessionRow:
    """Take a session out: it charges at once, as fast as the limits allow. Or take it in again."""
    with store.writing() as unit:
        row = _going_on(unit, scope, session_id)
        kept = replace(row, opted_out=out)
        text = f"{scope.actor} takes it {'out: it charges at once' if out else 'in again'}{_because(why)}"
        return row if kept == row else _keep(unit, scope, kept, now, ("opted_out" if out else "opted_in", text))


def _with(row: SessionRow, said: Declared) -> SessionRow:
    if said == Declared():
        raise InputError("nothing was declared: give energy_kwh, departs_at or energy_kwh_minimum")
    energy_kwh = row.energy_kwh if said.energy_kwh is None else said.energy_kwh
    usual_kwh = min(row.energy_kwh_minimum, energy_kwh)
    return replace(
        row, basis=NeedBasis.DRIVER, energy_kwh=energy_kwh, departs_at=said.departs_at or row.departs_at,
        energy_kwh_minimum=usual_kwh if said.energy_kwh_minimum is None else said.energy_kwh_minimum,
    )  # fmt: skip


def _local(unit: Unit, row: SessionRow) -> str:
    """The departure by the clocks of its site."""
    site = unit.sites.find(row.tenant, row.site_id)
    return row.departs_at.astimezone(time_zone(site.timezone if site else "UTC")).isoformat()


def _because(why: str) -> str:
    return f": {why}" if why else ""


def _known(unit: Unit, tenant: str, session_id: str) -> SessionRow:
    row = unit.sessions.find(tenant, session_id)
    if row is None:
        raise NotFoundError(f"there is no session {session_id!r}")
    return row


def _going_on(unit: Unit, scope: Scope, session_id: str, expected: str = "") -> SessionRow:
    scope.require(Role.DRIVER_AGENT)
    row = _known(unit, scope.tenant, session_id)
    tags.check(expected, row)
    if row.unplugged_at is not None:
        raise ConflictError(Refusal.OVER, f"session {session_id!r} is over: the car was unplugged")
    return row


def _keep(unit: Unit, scope: Scope, row: SessionRow, now: datetime, what: tuple[str, str]) -> SessionRow:
    kind, why = what
    unit.sessions.put([row])
    unit.decisions.add([DecisionRow(row.tenant, now, row.device_id, row.session_id, kind, why)])
    audit.note(unit, scope, now, f"sessions.{kind}", row.session_id, {"why": why})
    return row
