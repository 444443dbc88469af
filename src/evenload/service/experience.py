"""What finished sessions taught of a tenant's drivers: how early they leave, and who was left short lately."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from evenload.base.instants import InstantArray, to_datetime64
from evenload.schedule.fairness.fatigue import fatigue
from evenload.schedule.risk.departures import DepartureRisk
from evenload.service.live_rows import NeedBasis, SessionRow

SESSIONS_LEAST: Final = 200
"""With fewer finished sessions nothing is said of how early drivers leave."""

DAYS_BACK: Final = 28
"""People change: so far back sessions are counted."""

HALF_LIFE_DAYS: Final = 14.0
_STAYED: Final = timedelta(minutes=15)
_SAID: Final = frozenset({NeedBasis.DRIVER, NeedBasis.WISH, NeedBasis.VEHICLE})
_NOTICEABLE: Final = 0.01
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Experience:
    """``risk`` is how early drivers leave, ``None`` where too little is known. ``weights`` are above 1 for whose
    shortage counts more, because it went short lately; by ``whose``. ``sessions`` were counted.
    """

    risk: DepartureRisk | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    sessions: int = 0


def whose(session: SessionRow) -> str:
    """Who remembers having been short: the vehicle, or the device where that is not known."""
    return f"vehicle {session.vehicle_id}" if session.vehicle_id else f"device {session.device_id}"


def experience_of(sessions: Iterable[SessionRow], now: datetime) -> Experience:
    """Learn from finished sessions; others say nothing."""
    finished = [one for one in sessions if one.unplugged_at is not None]
    if not finished:
        return Experience()
    risk = None
    if len(finished) >= SESSIONS_LEAST:
        risk = DepartureRisk.fit(
            _instants(one.departs_at for one in finished),
            _instants(one.unplugged_at for one in finished if one.unplugged_at is not None),
            _instants(one.plugged_at for one in finished),
        )
    return Experience(risk, _weights(finished, now), len(finished))


def _instants(values: Iterable[datetime]) -> InstantArray:
    return np.array([to_datetime64(one) for one in values], dtype="datetime64[s]")


def _weights(finished: Iterable[SessionRow], now: datetime) -> dict[str, float]:
    """Who went short of what was asked for, though it stayed as long as it said and took all it was offered."""
    short: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in finished:
        share = _short(one)
        if share > _NOTICEABLE and one.unplugged_at is not None:
            short[whose(one)].append((share, max((now - one.unplugged_at) / _DAY, 0.0)))
    found: dict[str, float] = {}
    for name, past in short.items():
        shares, days = np.array(past).T
        found[name] = float(fatigue(shares[None, :], days, HALF_LIFE_DAYS)[0])
    return found


def _short(session: SessionRow) -> float:
    left_early = session.unplugged_at is not None and session.unplugged_at < session.departs_at - _STAYED
    if session.basis not in _SAID or session.energy_kwh <= 0 or left_early or session.suspended_by_vehicle:
        return 0.0
    return min(max(1.0 - session.energy_kwh_delivered / session.energy_kwh, 0.0), 1.0)
