"""Energy managers of buildings and parking lots: several cars behind one limit in kW, none of them seen by itself.

To the rest of the system one is a station with one EVSE, and what its cars want at a time is one session: a block.
Pure: answers of the manager in, events out; the limit to be set at an instant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from statistics import fmean
from typing import Final

from evenload.domain.station import ConnectorStatus, Registration, StationDetails, StationId
from evenload.domain.station_events import (
    DisobedienceFound,
    FallbackVerified,
    MeterSampled,
    NeedDeclared,
    StationBooted,
    StationEvent,
    StationLost,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from evenload.domain.station_limits import Disobedience, Limits
from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.needs import next_local

EMS_PREFIX: Final = "ems:"
"""How the station identity of an energy manager begins."""

_EVSE_ID: Final = 1
_DRAWS_KW: Final = 0.5
_IDLE: Final = timedelta(hours=1)
_MISSES: Final = 3
_OVER: Final = 1.05
_OVER_KW: Final = 0.5
_OVER_FOR: Final = timedelta(minutes=2)
_MORE_H: Final = 1.0
_ALIKE_KWH: Final = 0.25
_UNSURE_KWH: Final = 0.5
"""So much more is asked for: what flowed is worked out from powers of moments."""

_WEEKS: Final = 4


@dataclass(frozen=True, slots=True)
class ManagerReading:
    """What an energy manager answers: power of its cars (kW), and what it may tell beside; ``None`` where not.

    ``fallback_kw`` is what it keeps to when nobody told it anything for a while, ``energy_kwh_needed`` what its cars
    need still.
    """

    power_kw: float
    limit_kw: float | None = None
    fallback_kw: float | None = None
    cars: int | None = None
    energy_kwh_needed: float | None = None


def is_energy_manager(station: StationId) -> bool:
    """Whether a station is an energy manager."""
    return station.identity.startswith(EMS_PREFIX)


def usual_kwh(row: EnergyManagerRow, at: datetime, past: Sequence[SessionRow]) -> float:
    """What a block is supposed to need: what those of the same day of the last weeks took, else as it was said."""
    same = [one for one in past if one.plugged_at.weekday() == at.weekday() and one.unplugged_at is not None]
    took = [one.energy_kwh_delivered for one in same[-_WEEKS:]]
    return fmean(took) if len(took) > 1 else row.cars_usual * row.energy_kwh_usual


@dataclass(slots=True)
class ManagerDesk:
    """One energy manager. ``zone`` is its site's; ``register_kwh`` counts what flowed since it is known."""

    device: DeviceRow
    row: EnergyManagerRow
    zone: str = "UTC"
    usual: float = 0.0
    register_kwh: float = 0.0
    limits: Limits | None = None
    transaction_id: str = ""
    is_lost: bool = True
    _misses: int = 0
    _at: datetime | None = None
    _power_kw: float = 0.0
    _began_kwh: float = 0.0
    _idle_since: datetime | None = None
    _over_since: datetime | None = None
    _needed_kwh: float | None = None
    _fallback_kw: float | None = None
    _events: list[StationEvent] = field(default_factory=list)

    def goes_on(self, transaction_id: str, delivered_kwh: float) -> None:
        """A block that went on when the server ended."""
        self.transaction_id, self._began_kwh = transaction_id, self.register_kwh - delivered_kwh

    # what it is to keep to

    def want(self, limits: Limits | None) -> None:
        """Keep to limits until they end."""
        self.limits = limits

    def limit_kw(self, now: datetime) -> float:
        """The limit to be set at an instant: the fallback where nothing else was said."""
        wanted = inf if self.limits is None else self.limits.at(now)
        fallback_kw = self.device.power_kw_max if self.device.fallback_kw is None else self.device.fallback_kw
        return min(wanted if wanted < inf else fallback_kw, self.device.power_kw_max)

    # what it tells

    def let_go(self, now: datetime) -> list[StationEvent]:
        """It is not asked any more: nobody can tell it anything."""
        if not self.is_lost:
            self.is_lost = True
            self._tell(StationLost, now)
        return self._told()

    def silent(self, now: datetime) -> list[StationEvent]:
        """It did not answer; after the third time in a row it is lost."""
        self._misses += 1
        if self._misses >= _MISSES and not self.is_lost:
            self.is_lost = True
            self._tell(StationLost, now)
        return self._told()

    def answered(self, reading: ManagerReading, now: datetime) -> list[StationEvent]:
        """It answered."""
        if self.is_lost:
            self._came(now)
        self.is_lost, self._misses = False, 0
        if reading.fallback_kw is not None and reading.fallback_kw != self._fallback_kw:
            self._fallback_kw = reading.fallback_kw
            self._tell(FallbackVerified, now, power_kw=reading.fallback_kw)
        self._count(reading, now)
        self._block(reading, now)
        self._sample(reading, now)
        self._obeys(reading, now)
        return self._told()

    def _came(self, now: datetime) -> None:
        details = StationDetails(vendor="energy manager", model=self.row.address.partition(":")[0])
        self._tell(StationBooted, now, details=details, registration=Registration.ACCEPTED)
        self._status(ConnectorStatus.CHARGING if self.transaction_id else ConnectorStatus.AVAILABLE, now)
        self._fallback_kw = None

    def _count(self, reading: ManagerReading, now: datetime) -> None:
        if self._at is not None and now > self._at:
            hours = min(now - self._at, _IDLE) / timedelta(hours=1)
            self.register_kwh += hours * max((self._power_kw + reading.power_kw) / 2, 0.0)
        self._at, self._power_kw = now, reading.power_kw

    def _block(self, reading: ManagerReading, now: datetime) -> None:
        """A block begins when cars are there, and ends when they drew nothing for an hour although they might."""
        there = reading.power_kw > _DRAWS_KW or bool(reading.cars) or bool(reading.energy_kwh_needed)
        if not self.transaction_id:
            if there:
                self._begin(now)
        elif there or self.limit_kw(now) < self.device.power_kw_min:
            self._idle_since = None
        else:
            self._idle_since = self._idle_since or now
            if now - self._idle_since >= _IDLE or reading.cars == 0:
                self._end(now)
                return
        if self.transaction_id:
            self._need(reading, now)

    def _begin(self, now: datetime) -> None:
        self.transaction_id = f"{self.device.device_id}@{now:%Y%m%dT%H%M%S}"
        self._began_kwh, self._needed_kwh, self._idle_since = self.register_kwh, None, None
        self._status(ConnectorStatus.CHARGING, now)
        self._tell(
            TransactionStarted, now, transaction_id=self.transaction_id, register_kwh=round(self.register_kwh, 3)
        )

    def _end(self, now: datetime) -> None:
        energy_kwh = round(self.register_kwh - self._began_kwh, 3)
        self._tell(
            TransactionEnded, now, transaction_id=self.transaction_id, register_kwh=round(self.register_kwh, 3),
            energy_kwh=energy_kwh, energy_quality=Quality.ESTIMATED,
        )  # fmt: skip
        self.transaction_id = ""
        self._status(ConnectorStatus.AVAILABLE, now)

    def _need(self, reading: ManagerReading, now: datetime) -> None:
        """What the block needs still: as it says, else what is usual, and an hour more while it draws beyond that."""
        delivered_kwh = self.register_kwh - self._began_kwh
        needed_kwh = reading.energy_kwh_needed
        if needed_kwh is None:
            needed_kwh = max(self.usual - delivered_kwh, reading.power_kw * _MORE_H)
        elif needed_kwh > 0:
            needed_kwh += _UNSURE_KWH
        wanted = delivered_kwh + needed_kwh
        if self._needed_kwh is not None and abs(wanted - self._needed_kwh) < _ALIKE_KWH:
            return
        self._needed_kwh = wanted
        departs_at = next_local(self.row.ready_by, self.zone, now)
        self._tell(
            NeedDeclared, now, transaction_id=self.transaction_id, energy_kwh=round(needed_kwh, 2),
            departs_at=departs_at,
        )  # fmt: skip

    def _sample(self, reading: ManagerReading, now: datetime) -> None:
        readings = (
            Reading(at=now, kind=ReadingKind.INSTANT, power_kw=reading.power_kw),
            Reading(
                at=now, kind=ReadingKind.REGISTER, quality=Quality.ESTIMATED,
                energy_kwh_import=round(self.register_kwh, 3),
            ),
        )  # fmt: skip
        self._tell(MeterSampled, now, readings=readings, transaction_id=self.transaction_id)

    def _obeys(self, reading: ManagerReading, now: datetime) -> None:
        limit_kw = self.limit_kw(now)
        if reading.power_kw <= limit_kw * _OVER + _OVER_KW:
            self._over_since = None
            return
        self._over_since = self._over_since or now
        if now - self._over_since >= _OVER_FOR:
            self._over_since = now
            self._tell(
                DisobedienceFound, now, how=Disobedience.METER, limit_kw=limit_kw, found_kw=reading.power_kw,
                transaction_id=self.transaction_id,
            )  # fmt: skip

    def _status(self, status: ConnectorStatus, now: datetime) -> None:
        self._tell(StatusChanged, now, connector_id=1, status=status)

    def _tell(self, kind: type[StationEvent], now: datetime, **told: object) -> None:
        whole = kind in (StationBooted, StationLost)
        self._events.append(
            kind(station=self.device.station, at=now, received_at=now, evse_id=0 if whole else _EVSE_ID, **told)
        )

    def _told(self) -> list[StationEvent]:
        events, self._events = self._events, []
        return events
