"""What devices of sessions can be told, as a part of a planning problem, and which of them stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, nan
from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.session import Control
from evenload.schedule.devices.parts import AMPS_LEAST
from evenload.schedule.problem_parts import Devices
from evenload.service.commands import SaidSoFar, unsaid
from evenload.service.holds import HoldReason, Wish
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.snapshot import Snapshot

ANY: Final = -1
_W_PER_KW: Final = 1000.0
_NEARLY: Final = 1e-6
_SMALL_KW: Final = 1e-6
_FLAT: Final = 0.05
_A_COMMAND: Final = 0.2
"""So large a share of the spread of prices is given up per kWh for a while so that what charges goes on."""

_WHILE_STEPS: Final = 8


@dataclass(frozen=True, slots=True)
class Told:
    """What one session's device can be told: nothing, or from ``least_kw`` to ``most_kw`` by ``step_kw`` (0: any)."""

    control: Control
    least_kw: float
    step_kw: float
    most_kw: float

    @classmethod
    def of(cls, device: DeviceRow, known_kw: float, draws_kw: float) -> "Told":
        """For a car and device that can draw ``known_kw`` together by what is said, and seem to draw ``draws_kw``."""
        if device.control is Control.ON_OFF:
            return cls(device.control, draws_kw, 0.0, draws_kw)
        least_kw, step_kw = least_kw_of(device), 0.0
        if device.control is Control.STEPPED:
            step_kw = _ampere_kw(device)
        if step_kw <= 0 or draws_kw <= least_kw:
            return cls(device.control, least_kw, step_kw, draws_kw)
        whole = ceil((draws_kw - least_kw) / step_kw - _NEARLY)
        most_kw = least_kw + whole * step_kw
        return cls(device.control, least_kw, step_kw, most_kw if most_kw <= known_kw + _SMALL_KW else most_kw - step_kw)

    def down(self, kw: float) -> float:
        """The highest it can be told that is not above a power; 0 where there is none."""
        if kw < self.least_kw - _SMALL_KW:
            return 0.0
        if self.step_kw <= 0:
            return kw
        return self.least_kw + int((kw - self.least_kw) / self.step_kw + _NEARLY) * self.step_kw


def least_kw_of(device: DeviceRow) -> float:
    """The least a device can be told other than nothing (kW); what counts of one that is only on or off is whether."""
    if device.control is not Control.STEPPED:
        return device.power_kw_min
    step_kw = _ampere_kw(device)
    return max(ceil(device.power_kw_min / step_kw - _NEARLY), AMPS_LEAST) * step_kw


def _ampere_kw(device: DeviceRow) -> float:
    return device.phases * device.voltage_v / _W_PER_KW


def said_of(session: SessionRow, seen: Snapshot) -> SaidSoFar:
    """What its device was told so far."""
    return seen.said.get(session.session_id) or unsaid(session)


def is_seldom(device: DeviceRow, step_minutes: float) -> bool:
    """Whether a device cannot be told something new in every step."""
    return device.commands_max is not None or device.dwell_minutes > step_minutes


def commands_left(session: SessionRow, device: DeviceRow, seen: Snapshot) -> int:
    """How often the plan may still change what a session's device is told; ``ANY`` for any number.

    Plans count from nothing: where one charges, going on is a command that a plan counts and there is none, and
    stopping is one that it does not count. So one less is left to it. One more than there is may be given where
    limits, or a need, could not be kept without: these come before a budget.
    """
    if device.commands_max is None:
        return ANY
    if device.commands_max == 0:
        return 0
    said = said_of(session, seen)
    return max(device.commands_max - said.changes - (said.kw > 0), 1)


def for_going_on(
    sessions: Sequence[SessionRow], rows: Sequence[DeviceRow], price_per_kwh: FloatArray, seen: Snapshot
) -> tuple[IntArray, FloatArray]:
    """What is added to the price of every step, (2, steps), so that what charges is not stopped for nothing where
    commands count; and the kind of each session (sessions,), 1 for those.
    """
    pairs = zip(sessions, rows, strict=True)
    kind = np.array([bool(row.commands_max) and said_of(one, seen).kw > 0 for one, row in pairs], dtype=np.int64)
    extra = np.zeros((2, price_per_kwh.size))
    extra[1, :_WHILE_STEPS] = -_A_COMMAND * max(float(np.ptp(price_per_kwh)), _FLAT)
    return kind, extra


def devices_part(
    sessions: Sequence[SessionRow], rows: Sequence[DeviceRow], told: Sequence[Told], seen: Snapshot, step_minutes: float
) -> Devices:
    """What devices can be told; of cars that take less than their device's least, just that."""
    dwell = [max(ceil(one.dwell_minutes / step_minutes - _NEARLY), 1) for one in rows]
    return Devices(
        np.array([one.control.value for one in rows], dtype=np.str_),
        np.array([min(one.least_kw, one.most_kw) for one in told], dtype=np.float64),
        np.array([nan if one.fallback_kw is None else one.fallback_kw for one in rows], dtype=np.float64),
        np.array([one.priority for one in rows], dtype=np.int64),
        np.array([one.step_kw or nan for one in told], dtype=np.float64),
        np.array(dwell, dtype=np.int64),
        np.array([commands_left(*pair, seen) for pair in zip(sessions, rows, strict=True)], dtype=np.int64),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed to sessions (S,): the most they draw, what is missing and how much of it at once, kWh, and for how
    many ``steps`` they stay; and the price of every step, (T,).
    """

    most_kw: FloatArray
    missing_kwh: FloatArray
    minimum_kwh: FloatArray
    steps: IntArray
    price_per_kwh: FloatArray

    def is_cheap_now(self, session: int, step_minutes: float) -> bool:
        """Whether a session alone would charge about now: little is to be gained by stopping it."""
        price = self.price_per_kwh[: max(int(self.steps[session]), 1)]
        hours = float(self.missing_kwh[session] / self.most_kw[session])
        needed = min(max(ceil(hours * 60 / step_minutes - _NEARLY), 1), price.size)
        would_pay = float(np.sort(price)[needed - 1])
        return float(price[:2].max()) <= would_pay + _A_COMMAND * max(float(np.ptp(self.price_per_kwh)), _FLAT)


def wishes_to_stay(
    sessions: Sequence[SessionRow], rows: Sequence[DeviceRow], owed: Owed, seen: Snapshot, step_minutes: float
) -> list[Wish]:
    """Who is to stay as it is: told something less than its dwell ago; charging with no more than a last command, until
    its need is met, or with more where it would charge about now anyway and nobody goes short; or at once for a part of
    its need that a device told seldom is not stopped before. Mandatory events let nobody stay.
    """
    if any(one.mandatory and _has_begun(one.asks_between(seen.now), seen.now) for one in seen.events):
        return []
    found = list[Wish]()
    for i, (session, device) in enumerate(zip(sessions, rows, strict=True)):
        if device.dwell_minutes > 0 or device.commands_max:
            wish = _wish(i, said_of(session, seen), device, owed, seen, step_minutes)
            found += [] if wish is None else [wish]
    return found


def _wish(
    i: int, said: SaidSoFar, device: DeviceRow, owed: Owed, seen: Snapshot, step_minutes: float
) -> Wish | None:  # fmt: skip
    most, missing, minimum = float(owed.most_kw[i]), float(owed.missing_kwh[i]), float(owed.minimum_kwh[i])
    dwells_until = said.changed_at + timedelta(minutes=device.dwell_minutes) if said.changed_at else seen.now
    if dwells_until > seen.now:
        return Wish(i, min(said.kw, most), dwells_until, HoldReason.DWELL)
    if most <= 0 or missing <= 0:
        return None
    if device.commands_max and said.kw > 0 and device.commands_max - said.changes <= 1:
        return Wish(i, most, seen.now + timedelta(hours=missing / most), HoldReason.LAST)
    if 0 < minimum < missing and is_seldom(device, step_minutes):
        return Wish(i, most, seen.now + timedelta(hours=minimum / most), HoldReason.MINIMUM, float(device.priority))
    if device.commands_max and said.kw > 0 and not seen.is_short and owed.is_cheap_now(i, step_minutes):
        hours = min(missing / most, step_minutes / 60)
        return Wish(i, most, seen.now + timedelta(hours=hours), HoldReason.GOES_ON)
    return None


def _has_begun(window: tuple[datetime, datetime] | None, now: datetime) -> bool:
    return window is not None and window[0] <= now
