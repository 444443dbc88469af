"""Commands of a session so far: how often its device was told something new, and since when it is told what it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station_commands import SetProfile
from evenload.domain.station_limits import Limits
from evenload.service import orders
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.ports import Unit

_ALIKE_KW: Final = 0.05
_DRAWS_KW: Final = 0.5
_DECISIONS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class SaidSoFar:
    """What the device of a session was told until ``until``: ``kw`` now (where it was told nothing, what its car draws
    of itself), which it was told ``changed_at`` (``None``: never), and how often that changed.
    """

    kw: float
    until: datetime
    changes: int = 0
    changed_at: datetime | None = None

    def told(self, at: datetime, kw: float) -> "SaidSoFar":
        """After it was told a power; the same power again is nothing new."""
        if kw == inf or abs(kw - self.kw) <= _ALIKE_KW:
            return self
        return replace(self, kw=kw, changes=self.changes + 1, changed_at=at)

    def followed(self, limits: Limits | None, now: datetime) -> "SaidSoFar":
        """After ``limits`` held from ``until`` to ``now``."""
        found = self
        if limits is not None and self.until < now:
            for step in limits.within(Interval(self.until, now)):
                found = found.told(step.start, step.power_kw)
        return replace(found, until=max(now, self.until))


def counts(device: DeviceRow) -> bool:
    """Whether it matters how often a device is told something new."""
    return device.commands_max is not None or device.dwell_minutes > 0


def unsaid(session: SessionRow) -> SaidSoFar:
    """Before a session's device was told anything."""
    draws_kw = session.power_kw or 0.0
    return SaidSoFar(draws_kw if draws_kw >= _DRAWS_KW else 0.0, session.plugged_at)


def said_before(unit: Unit, session: SessionRow, now: datetime) -> SaidSoFar:
    """What a session's device was told, from decisions on record and the orders they became: after a restart."""
    decisions = unit.decisions.last(session.tenant, _DECISIONS_MAX, session_id=session.session_id)
    told = _told(unit, [one.order_id for one in decisions if one.order_id])
    if not told:
        return replace(unsaid(session), until=now)
    found = unsaid(replace(session, power_kw=None))
    ends = [*(at for at, _ in told[1:]), now]
    for (begun, limits), end in zip(told, ends, strict=True):
        found = replace(found, until=begun).followed(limits, end)
    return found


def _told(unit: Unit, order_ids: Iterable[str]) -> Sequence[tuple[datetime, Limits]]:
    """Limits that were told and when, in order."""
    found = []
    for row in unit.orders.find(order_ids):
        try:
            command = orders.command_of(row)
        except InputError:
            continue  # the delivery says so
        if isinstance(command, SetProfile):
            found.append((row.made_at, command.limits))
    return sorted(found, key=lambda one: one[0])
