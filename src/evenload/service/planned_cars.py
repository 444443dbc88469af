"""Cars that can be planned for: until when, what they need still and can draw, what their devices can be told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray, to_datetime64
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.windows import Windows
from evenload.service.devices_of import Told, is_seldom, least_kw_of
from evenload.service.holds import Hold
from evenload.service.live_rows import DeviceRow, NeedBasis, SessionRow
from evenload.service.snapshot import Snapshot

_OVERDUE: Final = timedelta(hours=1)

_AT_LEAST: Final = timedelta(minutes=1)

_EARLY: Final = timedelta(minutes=15)
"""So long before its departure a car is to be ready where nothing is known of how early drivers leave, and meters and
commands take their time.
"""

_LAST: Final = timedelta(seconds=1)

_HELD: Final = 1.15
"""A car that draws so much less than it may, draws what it can."""

_METERED_UP: Final = 1.02

_SETTLED: Final = timedelta(minutes=3)

_DRAWS_KW: Final = 0.5

_MORE_KWH: Final = 5.0
"""What a car is supposed to want still that charges beyond what is usual for it."""


@dataclass(frozen=True, slots=True)
class Cars:
    """Sessions that can be planned as columns; ``at_once`` are those whose whole need is."""

    sessions: Sequence[SessionRow]
    rows: Sequence[DeviceRow]
    told: tuple[Told, ...]
    known_kw: tuple[float, ...]
    power_kw: FloatArray
    missing_kwh: FloatArray
    minimum_kwh: FloatArray
    at_once: BoolArray

    @classmethod
    def of(cls, sessions: Sequence[SessionRow], seen: Snapshot) -> "Cars":
        """As they are seen."""
        rows = [seen.devices[one.device_id].device for one in sessions]
        known = [known_kw_max(one, seen) for one in sessions]
        told = [
            Told.of(row, most, power_kw_max(one, seen)) for one, row, most in zip(sessions, rows, known, strict=True)
        ]
        missing = np.array([missing_kwh(one, seen) for one in sessions], dtype=np.float64)
        minimum = np.minimum(np.array([_minimum_kwh(one, seen.now) for one in sessions], dtype=np.float64), missing)
        return cls(
            sessions, rows, tuple(told), tuple(known), np.array([one.most_kw for one in told], dtype=np.float64),
            missing, minimum, minimum >= missing,
        )  # fmt: skip

    def after(self, holds: Sequence[Hold], horizon: Horizon, now: datetime) -> "Cars":
        """What is missing after some went on as they are. A part of a need that could not be given at once to who is
        told seldom is no part any more: plans would stop there.
        """
        missing, minimum = self.missing_kwh.copy(), self.minimum_kwh.copy()
        for one in holds:
            kwh = one.kwh(horizon, now)
            missing[one.session] = max(missing[one.session] - kwh, 0.0)
            minimum[one.session] = max(minimum[one.session] - kwh, 0.0)
        for i, row in enumerate(self.rows):
            if minimum[i] > 0 and not self.at_once[i] and is_seldom(row, horizon.step_minutes):
                minimum[i] = 0.0
        return replace(self, missing_kwh=missing, minimum_kwh=np.minimum(minimum, missing))

    def steps(self, horizon: Horizon, seen: Snapshot) -> IntArray:
        """How many steps each is there, the one that goes on now among them."""
        ends = horizon.position(_instants(self._ends(horizon, seen)))
        return np.ceil(ends).astype(np.int64)

    def _ends(self, horizon: Horizon, seen: Snapshot) -> list[datetime]:
        early = _EARLY if seen.caution is None else timedelta()
        return [
            min(max(leaves_at(one, seen.now, early), seen.now + _AT_LEAST), horizon.end) for one in self.sessions
        ]  # fmt: skip

    def windows(self, holds: Sequence[Hold], horizon: Horizon, seen: Snapshot) -> Windows:
        """From now, or from when a car does not go on as it is any more, until it is to be ready."""
        starts, ends = [seen.now] * len(self.sessions), self._ends(horizon, seen)
        for one in holds:
            free = horizon.start + one.steps * timedelta(minutes=horizon.step_minutes)
            starts[one.session] = max(min(free, ends[one.session] - _LAST), seen.now)
        return Windows.between(horizon, _instants(starts), _instants(ends))


def _instants(values: Sequence[datetime]) -> InstantArray:
    return np.array([to_datetime64(one) for one in values], dtype="datetime64[s]")


def leaves_at(session: SessionRow, now: datetime, early: timedelta = _EARLY) -> datetime:
    """When a car is to be ready, ``early`` before it departs. One that should be gone may go any time, and is served at
    once, within an hour.
    """
    if session.departs_at <= now:
        return now + _OVERDUE
    return max(session.departs_at - early, min(session.departs_at, now + early))


def is_full(session: SessionRow, seen: Snapshot) -> bool:
    """Whether a car takes nothing although it could. Many say so that may draw nothing: they wait for more.

    One that cannot show it by its fallback is asked again whenever what it was told has ended.
    """
    if not session.suspended_by_vehicle:
        return False
    given, fallback_kw = seen.given.get(session.device_id), seen.devices[session.device_id].device.fallback_kw
    if given is None or seen.now >= given.end:
        allowed_kw = inf if fallback_kw is None else fallback_kw
    else:
        at = session.metered_at or seen.now
        allowed_kw = given.at(at) if at >= given.steps[0].start else 0.0  # told since: it has not shown anything yet
    return allowed_kw >= power_kw_least(session, seen)


def missing_kwh(session: SessionRow, seen: Snapshot) -> float:
    """What a session still needs at the connector. A car nobody spoke for needs more while it charges."""
    if is_full(session, seen):
        return 0.0
    missing = max(session.energy_kwh - session.energy_kwh_delivered, 0.0)
    supposed = session.basis in (NeedBasis.USUAL, NeedBasis.SITE)
    return max(missing, _MORE_KWH) if supposed else missing


def _minimum_kwh(session: SessionRow, now: datetime) -> float:
    """What is given at once: the minimum, or all where the driver asked for that or should be gone."""
    at_once = session.opted_out or session.boosted or session.departs_at <= now
    wanted = session.energy_kwh if at_once else session.energy_kwh_minimum
    return max(wanted - session.energy_kwh_delivered, 0.0)


def known_kw_max(session: SessionRow, seen: Snapshot) -> float:
    """The most a car and its device can draw together (kW), as far as anybody said."""
    return min(seen.devices[session.device_id].device.power_kw_max, session.power_kw_max or inf)


def power_kw_max(session: SessionRow, seen: Snapshot) -> float:
    """The most a car draws (kW): what is known, or less where it draws less although it may, or did so before."""
    known_kw = known_kw_max(session, seen)
    learned_kw = seen.learned_kw.get(session.session_id, inf)
    given, drawn_kw = seen.given.get(session.device_id), session.power_kw
    if given is None or drawn_kw is None or session.metered_at is None:
        return min(known_kw, learned_kw)
    allowed = [given.at(session.metered_at), given.at(session.metered_at - _SETTLED)]
    if all(kw < inf and kw >= max(_HELD * drawn_kw, _DRAWS_KW) for kw in allowed):
        return known_kw if drawn_kw < _DRAWS_KW else min(known_kw, drawn_kw * _METERED_UP)
    return min(known_kw, max(learned_kw, drawn_kw))


def power_kw_least(session: SessionRow, seen: Snapshot) -> float:
    """The least a car is offered (kW); one that draws less is counted at what it draws."""
    return least_kw_of(seen.devices[session.device_id].device)


def charges(session: SessionRow, seen: Snapshot) -> bool:
    """Whether a car may charge now by what it was told last."""
    given = seen.given.get(session.device_id)
    return given is not None and 0 < given.at(seen.now) < inf
