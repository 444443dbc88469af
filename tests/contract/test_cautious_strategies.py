"""``optimised`` keeps the contract when it reckons with early departures and with cars that have not come."""

from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.risk.reserve import Arrivals, Usual
from evenload.schedule.risk.robust import Caution
from evenload.schedule.strategies.optimised import Optimised
from evenload.schedule.strategy import Strategy
from evenload.testing import StrategyContract

OFTEN_EARLY = DepartureRisk((0.0, 180.0), (0.0, 60.0, 240.0), ((0.5, 0.9, 1.0), (0.3, 0.6, 0.95)))
EVERY_HOUR = Arrivals(tuple(Usual("system", False, 60 * hour, 90.0, 10.0, 12.0) for hour in range(24)))


class TestDoneWhileMostAreThere(StrategyContract):
    problems = 30

    def make(self) -> Strategy:
        return Optimised(caution=Caution(OFTEN_EARLY, share_there=0.9))


class TestPricedRisk(StrategyContract):
    problems = 30

    def make(self) -> Strategy:
        return Optimised(caution=Caution(OFTEN_EARLY, value_per_kwh=0.5))


class TestRoomForWhoUsuallyComes(StrategyContract):
    problems = 30

    def make(self) -> Strategy:
        return Optimised(arrivals=EVERY_HOUR)


class TestEverythingAtOnce(StrategyContract):
    problems = 30

    def make(self) -> Strategy:
        caution = Caution(OFTEN_EARLY, share_there=0.8, value_per_kwh=0.2)
        return Optimised(reserve_minutes=30, caution=caution, arrivals=EVERY_HOUR)
