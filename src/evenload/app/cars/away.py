"""Clouds that do not answer: their cars are out of reach until they do."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from evenload.app.cars.fleet import Car, Fleet
from evenload.app.cars.keeping import Keeping
from evenload.app.cars.tokens import Door
from evenload.domain.station_events import StationLost
from evenload.domain.vehicle_state import CarId, Provider
from evenload.telematics.desk import Turn
from evenload.telematics.stay import Teller

_log = logging.getLogger("evenload.app.cars")

AWAY_S: Final = 60.0


@dataclass(slots=True)
class _Away:
    """Since when a cloud does not answer, and its cars that are marked lost for that."""

    since_s: float | None = None
    marked: list[CarId] = field(default_factory=list)


class CloudsAway:
    """Marks the cars of a cloud lost once it did not answer for a minute, and back when it does."""

    def __init__(
        self, door: Door, fleet: Fleet, keeping: Keeping, seconds: Callable[[], float],
        take: Callable[[Car, Turn], None],
    ) -> None:  # fmt: skip
        self._door = door
        self._fleet = fleet
        self._keeping = keeping
        self._seconds = seconds
        self._take = take
        self._clouds = {one: _Away() for one in door.clouds}

    def look(self, now: datetime) -> None:
        """See which clouds answer."""
        for provider, away in self._clouds.items():
            if self._door.http[provider].is_reachable:
                away.since_s = None
                if away.marked:
                    self._back(provider, away, now)
                continue
            away.since_s = self._seconds() if away.since_s is None else away.since_s
            if self._seconds() - away.since_s >= AWAY_S and not away.marked:
                self._lost(provider, away, now)

    def _lost(self, provider: Provider, away: _Away, now: datetime) -> None:
        cars = [car for car in self._fleet.cars.values() if car.provider is provider and car.is_in_reach]
        away.marked = [car.id for car in cars]
        for car in cars:
            car.desk.memory.is_lost = True
            self._keeping.add(car, [StationLost(station=car.id.station, at=now, received_at=now)])
        if cars:
            _log.warning("cloud=%s event=cloud_away cars=%d", provider.value, len(cars))

    def _back(self, provider: Provider, away: _Away, now: datetime) -> None:
        cars = [car for one in away.marked if (car := self._fleet.cars.get(one)) is not None]
        away.marked = []
        for car in cars:
            if car.desk.memory.is_lost and not car.desk.memory.is_withdrawn:
                car.desk.memory.is_lost = False
                self._keeping.add(car, [Teller(car.desk.terms).booted(now)])
                self._take(car, car.desk.tick(now))
        _log.warning("cloud=%s event=cloud_back cars=%d", provider.value, len(cars))
