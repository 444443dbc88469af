"""Which chargers a car may stand at: those at its place whose cable went in when the car's did. Found without looking
at all pairs, since there are many cars and many chargers.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from evenload.service.cable.evidence import RUSH_S
from evenload.service.cable.stays import CarStay, ChargerStay

_SLACK: Final = timedelta(minutes=45)
"""More than clocks can be apart by, known or not."""

_EVER: Final = timedelta(hours=24)
"""A car of which it is not known when it came was plugged in within so long."""


class Near:
    """Sessions of chargers by site and plug-in."""

    def __init__(self, chargers: Sequence[ChargerStay]) -> None:
        self._chargers = chargers
        self._all = sorted(range(len(chargers)), key=lambda at: chargers[at].plugged_at)
        self._times = [chargers[at].plugged_at for at in self._all]
        self._by_site: dict[str, list[int]] = {}
        for at in self._all:
            self._by_site.setdefault(chargers[at].site_id, []).append(at)

    def of(self, car: CarStay) -> list[int]:
        """Places of the chargers where a car may stand, as far as clocks nobody knows anything of allow."""
        after = car.plugged.by - _EVER if car.plugged.after is None else car.plugged.after
        return [at for at in self._between(car, after - _SLACK, car.plugged.by + _SLACK) if self._fits(at, car)]

    def rush(self, car: CarStay) -> list[ChargerStay]:
        """Sessions that began around when a car came, where it may be."""
        half = timedelta(seconds=RUSH_S / 2)
        return [self._chargers[at] for at in self._between(car, car.plugged.by - half, car.plugged.by + half)]

    def _between(self, car: CarStay, first: datetime, last: datetime) -> list[int]:
        if car.is_home and car.home_site:
            own = self._by_site.get(car.home_site, ())
            return [at for at in own if first <= self._chargers[at].plugged_at <= last]
        return self._all[bisect_left(self._times, first) : bisect_right(self._times, last)]

    def _fits(self, at: int, car: CarStay) -> bool:
        return car.is_home is not False or self._chargers[at].site_id != car.home_site
