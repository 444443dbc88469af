"""A virtual town alive: its drivers come and go with the clock, day after day, at a pace that everything can keep."""

import asyncio
from collections.abc import Callable
from typing import Final

from evenload.simulate.station_fleet import MemoryFleet
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.town import Town
from evenload.simulate.town_clock import Pace, TownClock
from evenload.simulate.town_drivers import Streets

_TICK_S: Final = 0.02
_WORSE_FOR: Final = 10  # ticks between two looks at the lag


class TownLife:
    """Tells the drivers day by day where to go. ``ended`` is called with the number of each day when it is over."""

    def __init__(self, town: Town, streets: Streets, ended: Callable[[int], object]) -> None:
        self.day = 0
        self._town = town
        self._streets = streets
        self._ended = ended
        self._day_ends_s = self._seconds_to(1)
        streets.expect(town.visits(0))

    def act(self, now: float) -> None:
        """Do what is due; ``now`` is seconds since the town's epoch."""
        while now >= self._day_ends_s:
            self._streets.act(self._day_ends_s)
            self._ended(self.day)
            self.day += 1
            self._day_ends_s = self._seconds_to(self.day + 1)
            self._streets.expect(self._town.visits(self.day))
        self._streets.act(now)

    def next_due(self) -> float:
        """When ``act`` has something to do."""
        return min(self._streets.next_due(), self._day_ends_s)

    def _seconds_to(self, number: int) -> float:
        return (self._town.noon(number) - self._town.epoch).total_seconds()


async def live(
    life: TownLife, streets: Streets, fleet: SocketFleet, clock: TownClock, pace: Pace,
    lag_s: Callable[[], float] = lambda: 0.0,
) -> None:  # fmt: skip
    """Let the town live until cancelled. ``lag_s`` says how many virtual seconds others are behind: the slowest of
    them, of the stations and of the drivers sets the pace."""
    ticks = 0
    worst_s = 0.0
    while True:
        await asyncio.sleep(_TICK_S)
        life.act(clock.seconds())
        worst_s = max(worst_s, fleet.lag_s, streets.late_s, lag_s())
        ticks += 1
        if ticks % _WORSE_FOR == 0:
            pace.heed(worst_s)
            worst_s = 0.0


def live_in_memory(life: TownLife, fleet: MemoryFleet, until: float) -> None:
    """Let the town live, as fast as it can be computed, up to ``until``."""
    while (due := life.next_due()) <= until:
        fleet.run(due)
        life.act(fleet.now)
    fleet.run(until)
