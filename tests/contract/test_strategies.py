"""Every strategy evenload ships keeps the contract, under its default settings and under unusual ones."""

import numpy as np
import pytest

from evenload.base.units import FloatArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.balanced import Balanced
from evenload.schedule.strategies.hindsight import Hindsight
from evenload.schedule.strategies.optimised import Optimised
from evenload.schedule.strategies.price import Price
from evenload.schedule.strategies.timer import Timer
from evenload.schedule.strategies.unmanaged import Unmanaged
from evenload.schedule.strategies.valley import Valley
from evenload.schedule.strategy import Strategy
from evenload.testing import StrategyContract


class TestUnmanaged(StrategyContract):
    def make(self) -> Strategy:
        return Unmanaged()


class TestTimer(StrategyContract):
    def make(self) -> Strategy:
        return Timer()


class TestTimerSpreadAndWaiting(StrategyContract):
    def make(self) -> Strategy:
        return Timer(start="18:10", end="02:00", spread_hours=3.0, too_short="wait")


class TestPrice(StrategyContract):
    def make(self) -> Strategy:
        return Price()


class TestBalanced(StrategyContract):
    def make(self) -> Strategy:
        return Balanced()


class TestValley(StrategyContract):
    problems = 60

    def make(self) -> Strategy:
        return Valley()


class TestValleyByPriceOnAnHourlyTick(StrategyContract):
    problems = 60

    def make(self) -> Strategy:
        return Valley(price_weight=1.0, waiting_weight_per_hour=0.0, tick_minutes=60)


class TestValleyWithReserve(StrategyContract):
    problems = 60

    def make(self) -> Strategy:
        return Valley(reserve_minutes=60)


class TestOptimised(StrategyContract):
    problems = 60

    def make(self) -> Strategy:
        return Optimised()


class TestOptimisedWithReserveAndNoWaitingCost(StrategyContract):
    problems = 60

    def make(self) -> Strategy:
        return Optimised(waiting_weight_per_hour=0.0, reserve_minutes=60, gap=0.05)


class TestHindsight(StrategyContract):
    problems = 60

    def make(self) -> Strategy:
        return Hindsight()

    def test_nothing_depends_on_what_is_not_yet_known(self) -> None:
        """The one promise it breaks, and by its purpose has to."""
        with pytest.raises(AssertionError, match="with what comes later"):
            super().test_nothing_depends_on_what_is_not_yet_known()


class Broken:
    """A strategy that breaks one promise at a time."""

    name = "broken"
    shortfall = UnservedReason.TOO_SHORT

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:
        power = Unmanaged().power_kw(problem, rng)
        last = problem.offset[1:] - 1
        if self.fault == "above":
            return power * 1.5
        if self.fault == "greedy":
            return problem.cap_kw.copy()
        if self.fault == "random":
            return power * np.random.default_rng().random()
        if self.fault == "clairvoyant" and problem.sessions:
            length = np.diff(problem.offset)
            return np.where(problem.opted_out[problem.slot_sessions()], power, power / np.repeat(length, length))
        if self.fault == "late" and problem.sessions:
            power[last] = 0.0
            power[problem.offset[:-1]] = 0.0
        if self.fault == "vandal":
            problem.cap_kw[0] = 0.0
        return power


CAUGHT_BY = {
    "above": "test_power_is_a_finite_number_between_0_and_what_the_car_can_draw",
    "greedy": "test_no_session_gets_more_than_its_need",
    "random": "test_the_same_generator_state_gives_the_same_answer",
    "clairvoyant": "test_nothing_depends_on_what_is_not_yet_known",
    "late": "test_who_has_opted_out_charges_at_once",
}


@pytest.mark.parametrize("fault", CAUGHT_BY)
def test_the_contract_catches_a_strategy_that_breaks_it(fault: str) -> None:
    contract = StrategyContract()
    contract.make = lambda: Broken(fault)  # type: ignore[method-assign]
    with pytest.raises(AssertionError):
        getattr(contract, CAUGHT_BY[fault])()


def test_the_contract_catches_a_strategy_that_writes_to_its_inputs() -> None:
    contract = StrategyContract()
    contract.make = lambda: Broken("vandal")  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="read-only"):
        contract.test_inputs_are_left_alone()
