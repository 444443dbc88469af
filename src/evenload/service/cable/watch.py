"""Watch: conflicts between cars, chargers and plans are found, told once, and end. One unit of work a call."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.vehicle_state import CAR_PREFIX, CarId, PlugState
from evenload.service.cable import fuse
from evenload.service.cable.clocks import learned
from evenload.service.cable.conflicts import BothEnds, conflicts_of, followed
from evenload.service.cable.evidence import UNKNOWN_GAP, ClockGap
from evenload.service.cable.seen import LATE, battery_of, is_car
from evenload.service.cable_rows import CarStayRow, ConflictKind, ConflictRow, PairRow, PairState
from evenload.service.car_rows import CarStateRow
from evenload.service.live_rows import DecisionRow, SessionRow, SiteRow
from evenload.service.ports import Unit

AllowedKw = Callable[[str], float | None]
"""What a device was told that holds now (kW), ``None`` where nothing was."""

_TOLD_WITHIN: Final = timedelta(minutes=3)
_STUCK_FOR: Final = timedelta(hours=1)
_LEARNED_OVER: Final = timedelta(days=60)


@dataclass(slots=True)
class Watched:
    """What was found: conflicts that were told now, and those that ended after they were told."""

    told: list[ConflictRow] = field(default_factory=list)
    ended: list[ConflictRow] = field(default_factory=list)


def watch(
    unit: Unit, tenant: str, now: datetime, allowed_kw: AllowedKw, names: Collection[str] | None = None
) -> Watched:  # fmt: skip
    """Look for conflicts at a tenant's cables, within a unit of work.

    Looked at are cars that told something just now (of ``names``, where given), and where something was wrong before.
    """
    before: dict[str, list[ConflictRow]] = {}
    for row in unit.cables.conflicts_going_on(tenant):
        before.setdefault(row.session_id, []).append(row)
    ends = _ends(unit, tenant, now, (allowed_kw, names), set(before))
    found = Watched()
    for session_id in sorted({*before, *ends}):
        seen = ends.get(session_id)
        rows = followed(before.get(session_id, ()), conflicts_of(seen) if seen else (), now)
        unit.cables.put_conflicts(rows)
        _note(unit, rows, seen, now, found)
    return found


def _note(unit: Unit, rows: Sequence[ConflictRow], seen: BothEnds | None, now: datetime, found: Watched) -> None:
    for row in rows:
        if row.ended_at is None and row.told_at == now:
            found.told.append(row)
            unit.decisions.add([_decision(row, now, "conflict", f"{row.why}: {row.to_do}")])
            if row.kind is ConflictKind.SOC_STUCK and seen is not None and not seen.is_alone:
                _disbelieve(unit, seen.session)
        elif row.ended_at is not None and row.told_at is not None:
            found.ended.append(row)
            unit.decisions.add([_decision(row, now, "conflict_ended", f"no more: {row.why}")])


def _decision(row: ConflictRow, now: datetime, kind: str, why: str) -> DecisionRow:
    return DecisionRow(row.tenant, now, row.device_id, row.session_id, kind, why)


def _disbelieve(unit: Unit, session: SessionRow) -> None:
    site = unit.sites.find(session.tenant, session.site_id) or SiteRow(session.tenant, session.site_id)
    vehicle = unit.vehicles.find(session.tenant, session.vehicle_id)
    unit.sessions.put([fuse.without_state(session, site, vehicle)])


# what is looked at


def _ends(
    unit: Unit, tenant: str, now: datetime, asking: tuple[AllowedKw, Collection[str] | None], wrong: set[str]
) -> dict[str, BothEnds]:  # fmt: skip
    pairs = [one for one in unit.cables.pairs_going_on(tenant) if one.state is PairState.MATCHED]
    matched = {one.vehicle_id for one in pairs}
    allowed_kw, names = asking
    wrong_own = {name.removeprefix(CAR_PREFIX) for one in wrong if is_car(name := one.partition("@")[0])}
    if names is None:
        rows = unit.cables.stays_lately(tenant, now - LATE)
    else:
        rows = unit.cables.stays(tenant, {*names, *wrong_own, *(one.vehicle_id for one in pairs)})
    stays = {one.vehicle_id: one for one in rows}
    told = {name for name, one in stays.items() if one.told_at >= now - _TOLD_WITHIN}
    asked = [one for one in pairs if one.vehicle_id in told or one.session_id in wrong]
    own = {CarId(tenant, name).station.identity: name for name in told - matched if stays[name].goes_on}
    own |= {CarId(tenant, name).station.identity: name for name in wrong_own}
    everybody = {*own.values(), *(one.vehicle_id for one in asked)}
    states = {one.vehicle_id: one for one in unit.cars.states(tenant, everybody)}
    own = {name: one for name, one in own.items() if one in states and _may_be_wrong(states[one], stays.get(one))}
    alone = [one for one in unit.sessions.going_on_at(tenant, own) if not one.absorbed_by]
    sessions: list[tuple[SessionRow, str, PairRow | None]] = [(one, own[one.device_id], None) for one in alone]
    going_on = {one.session_id: one for one in unit.sessions.going_on_at(tenant, {one.device_id for one in asked})}
    sessions += [(going_on[one.session_id], one.vehicle_id, one) for one in asked if one.session_id in going_on]
    found: dict[str, BothEnds] = {}
    for session, vehicle_id, pair in sessions:
        state, stay = states.get(vehicle_id), stays.get(vehicle_id)
        if state is not None and stay is not None:
            seen = _both(unit, session, (state, stay), pair, now, allowed_kw)
            found |= {session.session_id: seen} if seen else {}
    return found


def _may_be_wrong(state: CarStateRow, stay: CarStayRow | None) -> bool:
    """Whether a car alone may be in conflict with what is planned; most are not, and there are many."""
    waits = state.plug is PlugState.WAITING or state.charge_limit_soc is not None
    known = [one for one in stay.samples if one.soc is not None] if stay else []
    stuck = len({one.soc for one in known}) == 1 and known[-1].at - known[0].at >= _STUCK_FOR
    return waits or stuck


def _both(
    unit: Unit, session: SessionRow, told: tuple[CarStateRow, CarStayRow], pair: PairRow | None, now: datetime,
    allowed_kw: AllowedKw,
) -> BothEnds | None:  # fmt: skip
    tenant, (state, stay) = session.tenant, told
    device = unit.devices.find(tenant, session.device_id)
    if device is None:
        return None
    site, link = unit.sites.find(tenant, session.site_id), unit.cars.link(tenant, state.vehicle_id)
    at_home = link is not None and link.site_id == session.site_id
    return BothEnds(
        now, session, device, state, stay, allowed_kw(device.device_id), site.timezone if site else "UTC",
        battery_of(unit, tenant, state.vehicle_id), _gap(unit, pair, now), at_home,
    )  # fmt: skip


def _gap(unit: Unit, pair: PairRow | None, now: datetime) -> ClockGap:
    """How far the clocks of a pair differ, by its stays of the last weeks."""
    if pair is None:
        return UNKNOWN_GAP
    lately = Interval(now - _LEARNED_OVER, now + timedelta(seconds=1))
    rows = unit.cables.pairs_of_vehicles(pair.tenant, [pair.vehicle_id], lately)
    return learned([one for one in rows if one.device_id == pair.device_id])
