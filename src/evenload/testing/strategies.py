"""The contract of the port ``schedule.strategy.Strategy`` as a class of pytest tests.

Subclass it in a test module and say how to make the strategy:

    class TestMine(StrategyContract):
        def make(self) -> Strategy:
            return Mine()
"""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from evenload.base.units import FloatArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.strategy import Strategy
from evenload.testing.problems import random_problem, with_another_future

_TOLERANCE = 1e-6


class StrategyContract:
    """What every strategy promises, on ``problems`` random problems each."""

    problems: ClassVar[int] = 20
    seed: ClassVar[int] = 20250113

    def make(self) -> Strategy:
        """The strategy under test."""
        raise NotImplementedError

    def test_it_says_its_name_and_why_it_may_fall_short(self) -> None:
        """Study files and reports need both."""
        strategy = self.make()
        _demand(bool(strategy.name) and strategy.name == strategy.name.strip(), f"name {strategy.name!r} is not a word")
        _demand(isinstance(strategy.shortfall, UnservedReason), f"shortfall {strategy.shortfall!r} is not a reason")

    def test_power_is_a_finite_number_between_0_and_what_the_car_can_draw(self) -> None:
        """One power a slot."""
        for problem in self._drawn():
            power = self._power(problem)
            _demand(power.shape == problem.cap_kw.shape, f"powers have shape {power.shape}, not {problem.cap_kw.shape}")
            _demand(bool(np.isfinite(power).all()), "a power is not a finite number")
            _demand(bool((power >= -_TOLERANCE).all()), f"a power is negative: {power.min(initial=0.0)} kW")
            over = float((power - problem.cap_kw).max(initial=0.0))
            _demand(over <= _TOLERANCE, f"a power is {over} kW above what the car can draw")

    def test_no_session_gets_more_than_its_need(self) -> None:
        """A car does not take more than it wants."""
        for problem in self._drawn():
            over = float((problem.delivered_kwh(self._power(problem)) - problem.energy_kwh).max(initial=0.0))
            _demand(over <= _TOLERANCE, f"a session gets {over} kWh more than its need")

    def test_a_session_without_need_gets_nothing(self) -> None:
        """A full car draws nothing."""
        for problem in self._drawn():
            full = problem.energy_kwh == 0
            given = problem.delivered_kwh(self._power(problem))[full].sum()
            _demand(abs(float(given)) <= _TOLERANCE, f"sessions without need get {given} kWh")

    def test_the_same_generator_state_gives_the_same_answer(self) -> None:
        """Studies must be reproducible."""
        for problem in self._drawn():
            _demand(np.array_equal(self._power(problem), self._power(problem)), "two runs with one seed differ")

    def test_inputs_are_left_alone(self) -> None:
        """Arrays of the problem refuse to be written to; here they are also compared."""
        for before, after in zip(self._drawn(), self._drawn(), strict=True):
            self._power(after)
            for name in Problem.__dataclass_fields__:
                value = getattr(before, name)
                if isinstance(value, np.ndarray):
                    _demand(np.array_equal(value, getattr(after, name)), f"Problem.{name} was changed")

    def test_nothing_depends_on_what_is_not_yet_known(self) -> None:
        """Changing arrivals and unplugging from a step on changes no power before it."""
        rng = np.random.default_rng(self.seed)
        for problem in self._drawn():
            step = int(rng.integers(1, problem.horizon.steps))
            other = with_another_future(problem, step, rng)
            past, other_past = self._until(problem, step), self._until(other, step)
            difference = float(np.abs(past - other_past).max(initial=0.0))
            _demand(
                difference <= _TOLERANCE, f"power before step {step} changes by {difference} kW with what comes later"
            )

    def test_who_has_opted_out_charges_at_once(self) -> None:
        """Full power from plug-in until the need is met."""
        for problem in self._drawn():
            power = self._power(problem)
            for i in np.flatnonzero(problem.opted_out):
                window = slice(problem.offset[i], problem.offset[i + 1])
                left = problem.energy_kwh[i] / problem.horizon.hours_per_step
                before = np.concatenate([[0.0], np.cumsum(problem.cap_kw[window])[:-1]])
                expected = np.clip(left - before, 0.0, problem.cap_kw[window])
                worst = float(np.abs(power[window] - expected).max())
                _demand(worst <= _TOLERANCE, f"an opted-out car is {worst} kW away from charging at once")

    def test_no_sessions_and_one_session(self) -> None:
        """The smallest problems."""
        for sessions in (0, 1):
            problem = random_problem(np.random.default_rng(self.seed), sessions=sessions)
            power = self._power(problem)
            _demand(power.shape == problem.cap_kw.shape, f"powers of {sessions} sessions have shape {power.shape}")

    def _drawn(self) -> Iterator[Problem]:
        for k in range(self.problems):
            yield random_problem(np.random.default_rng(self.seed + k), scarcity=(0.0, 0.7, 1.5)[k % 3])

    def _power(self, problem: Problem) -> FloatArray:
        return self.make().power_kw(problem, np.random.default_rng(self.seed))

    def _until(self, problem: Problem, step: int) -> FloatArray:
        """Power of each session in each step before ``step``, shape (sessions, step)."""
        table = np.zeros((problem.sessions, problem.horizon.steps))
        table[problem.slot_sessions(), problem.slot_steps()] = self._power(problem)
        return table[:, :step]


def _demand(kept: bool, broken: str) -> None:
    """Fail the test with what is broken."""
    if not kept:
        raise AssertionError(broken)
