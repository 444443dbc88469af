"""Sources of one participant over time: the same stay told of by logger, cloud and charger counts once (R138)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.station_readings import Quality
from evenload.domain.vehicle_state import CarId, Provider
from evenload.service.car_rows import CHARGER, SourceRow
from evenload.service.live_rows import SessionRow
from evenload.service.ports import Store
from evenload.service.scope import Scope
from evenload.service.vehicles import known_vehicle

_SAME: Final = 0.5
"""A stay that lies within another for so much of its time is that one, told of by another source."""


class Rank(IntEnum):
    """Whose energy counts where several tell of one stay: a meter at the connector, then what the car measured itself,
    then what was worked out.
    """

    CHARGER = 0
    CAR_MEASURED = 1
    CAR_ESTIMATED = 2


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay as one source tells of it."""

    session_id: str
    plugged_at: datetime
    unplugged_at: datetime | None
    energy_kwh: float
    rank: Rank
    is_logged: bool = False

    @classmethod
    def of(cls, row: SessionRow, *, is_logged: bool) -> "Stay":
        """A session as a stay."""
        measured = row.energy_quality is Quality.MEASURED
        own = Rank.CAR_MEASURED if measured else Rank.CAR_ESTIMATED
        rank = own if row.device_id == CarId(row.tenant, row.vehicle_id).station.identity else Rank.CHARGER
        return cls(row.session_id, row.plugged_at, row.unplugged_at, row.energy_kwh_delivered, rank, is_logged)

    def shared(self, other: "Stay") -> float:
        """How much of the shorter of two stays lies within the other (0 to 1)."""
        ends = [one.unplugged_at or max(self._last, other._last) for one in (self, other)]
        both = min(ends) - max(self.plugged_at, other.plugged_at)
        shorter = min(end - one.plugged_at for end, one in zip(ends, (self, other), strict=True))
        return max(both, timedelta()) / max(shorter, timedelta(minutes=1))

    @property
    def _last(self) -> datetime:
        return (self.unplugged_at or self.plugged_at) + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """A stay, and the session that counts it where it is not counted by itself (``""`` where it is)."""

    stay: Stay
    absorbed_by: str = ""


def counted(stays: Sequence[Stay]) -> list[Counted]:
    """Which stays of one vehicle count, in order of plug-in; every kWh once.

    The surest source of a stay counts; of sources as sure the one that was there before. A charger that counts one stay
    of a car as several sessions counts all of them.
    """
    found: list[Counted] = []
    for stay in sorted(stays, key=lambda one: (one.rank, one.is_logged, one.plugged_at, one.session_id)):
        rivals = [one.stay for one in found if not one.absorbed_by and one.stay.rank < stay.rank]
        if stay.rank is not Rank.CHARGER:
            rivals += [one.stay for one in found if not one.absorbed_by and one.stay.rank == stay.rank]
        best = max(rivals, key=stay.shared, default=None)
        is_same = best is not None and stay.shared(best) >= _SAME
        found.append(Counted(stay, best.session_id if is_same and best is not None else ""))
    return sorted(found, key=lambda one: (one.stay.plugged_at, one.stay.session_id))


@dataclass(frozen=True, slots=True)
class Sourced:
    """A session of a vehicle and the source its energy comes from: a provider's word or ``charger``."""

    session: SessionRow
    source: str


def source_at(sources: Sequence[SourceRow], at: datetime) -> str:
    """Which source told of a vehicle at an instant, ``""`` where none did."""
    told = [one for one in sources if one.began_at <= at and (one.ended_at is None or at < one.ended_at)]
    return told[-1].source if told else ""


def sourced(sources: Sequence[SourceRow], sessions: Sequence[SessionRow]) -> list[Sourced]:
    """Sessions that count of one vehicle, each with its source: a charger's own, or the car's source of that time."""
    found = []
    for one in sessions:
        own = one.device_id == CarId(one.tenant, one.vehicle_id).station.identity
        source = (source_at(sources, one.plugged_at) or Provider.OBD.value) if own else CHARGER
        found.append(Sourced(one, source))
    return found


def history(scope: Scope, store: Store, vehicle_id: str, window: Interval) -> list[Sourced]:
    """A vehicle's sessions of a window over all its sources, each kWh once, by plug-in."""
    with store.reading() as unit:
        known_vehicle(unit, scope.tenant, vehicle_id)
        sessions = unit.sessions.of_vehicles(scope.tenant, [vehicle_id], window)
        return sourced(unit.cars.sources(scope.tenant, vehicle_id), sessions)
