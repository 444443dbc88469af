"""Watch: conflicts between cars, chargers and plans are found, told once, and end. One unit of work a call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.vehicle_state import CarId
from evenload.service.cable import fuse
from evenload.service.cable.clocks import learned
from evenload.service.cable.conflicts import BothEnds, conflicts_of, followed
from evenload.service.cable.evidence import UNKNOWN_GAP, ClockGap
from evenload.service.cable.seen import battery_of
from evenload.service.cable_rows import ConflictKind, ConflictRow, PairRow, PairState
from evenload.service.live_rows import DecisionRow, DeviceRow, SessionRow, SiteRow
from evenload.service.ports import Unit

AllowedKw = Callable[[str], float | None]
"""What a device was told that holds now (kW), ``None`` where nothing was."""

_TOLD_WITHIN: Final = timedelta(minutes=3)
_LEARNED_OVER: Final = timedelta(days=60)


@dataclass(slots=True)
class Watched:
    """What was found: conflicts that were told now, and those that ended after they were told."""

    told: list[ConflictRow] = field(default_factory=list)
    ended: list[ConflictRow] = field(default_factory=list)


def something_to_watch(unit: Unit, tenant: str) -> bool:
    """Whether something was wrong before; cheap."""
    return bool(unit.cables.conflicts_going_on(tenant))


def watch(unit: Unit, tenant: str, now: datetime, allowed_kw: AllowedKw) -> Watched:
    """Look for conflicts at a tenant's cables, within a unit of work.

    Looked at are sessions with a car that was matched, cars alone that told something just now, and where something
    was wrong before.
    """
    before: dict[str, list[ConflictRow]] = {}
    for row in unit.cables.conflicts_going_on(tenant):
        before.setdefault(row.session_id, []).append(row)
    ends = _ends(unit, tenant, now, allowed_kw, set(before))
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
    unit: Unit, tenant: str, now: datetime, allowed_kw: AllowedKw, wrong: set[str]
) -> dict[str, BothEnds]:  # fmt: skip
    pairs = [one for one in unit.cables.pairs_going_on(tenant) if one.state is PairState.MATCHED]
    matched = {one.vehicle_id: one for one in pairs}
    stays = {one.vehicle_id: one for one in unit.cables.stays_lately(tenant, now) if one.vehicle_id not in matched}
    late = now - _TOLD_WITHIN
    own = {CarId(tenant, name).station.identity: name for name, one in stays.items() if one.told_at >= late}
    own |= {name: name.removeprefix("car:") for one in wrong if (name := one.partition("@")[0]).startswith("car:")}
    alone = [one for one in unit.sessions.going_on_at(tenant, own) if not one.absorbed_by]
    sessions: list[tuple[SessionRow, str, PairRow | None]] = [(one, own[one.device_id], None) for one in alone]
    sessions += [
        (row, one.vehicle_id, one) for one in pairs if (row := unit.sessions.find(tenant, one.session_id)) is not None
    ]
    found = {}
    for session, vehicle_id, pair in sessions:
        seen = _both(unit, session, vehicle_id, pair, now, allowed_kw)
        if seen is not None and session.unplugged_at is None:
            found[session.session_id] = seen
    return found


def _both(
    unit: Unit, session: SessionRow, vehicle_id: str, pair: PairRow | None, now: datetime, allowed_kw: AllowedKw
) -> BothEnds | None:  # fmt: skip
    tenant = session.tenant
    device: DeviceRow | None = unit.devices.find(tenant, session.device_id)
    state = unit.cars.state(tenant, vehicle_id)
    stay = next(iter(unit.cables.stays(tenant, [vehicle_id])), None)
    if device is None or state is None or stay is None:
        return None
    site, link = unit.sites.find(tenant, session.site_id), unit.cars.link(tenant, vehicle_id)
    at_home = link is not None and link.site_id == session.site_id
    return BothEnds(
        now, session, device, state, stay, allowed_kw(device.device_id), site.timezone if site else "UTC",
        battery_of(unit, tenant, vehicle_id), _gap(unit, pair, now), at_home,
    )  # fmt: skip


def _gap(unit: Unit, pair: PairRow | None, now: datetime) -> ClockGap:
    """How far the clocks of a pair differ, by its stays of the last weeks."""
    if pair is None:
        return UNKNOWN_GAP
    lately = Interval(now - _LEARNED_OVER, now + timedelta(seconds=1))
    rows = unit.cables.pairs_of_vehicles(pair.tenant, [pair.vehicle_id], lately)
    return learned([one for one in rows if one.device_id == pair.device_id])
