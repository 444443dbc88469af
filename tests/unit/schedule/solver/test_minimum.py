"""Minimum energy at once: cases worked by hand, the kernel against its reference, and fairness step by step."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Batteries, Devices
from evenload.schedule.reference import minimum as reference_minimum
from evenload.schedule.solver.minimum import Minimum, give_minimum, rest_of
from evenload.testing import random_problem
from evenload.testing.across_problems import with_across

Maker = Callable[..., Problem]
SEEDS = st.integers(0, 2**32 - 1)
TOLERANCE = 1e-7


def _circuit(node: str, parent: str = "", limit_kw: float = np.inf) -> Circuit:
    return Circuit(node, parent, CircuitKind.FEEDER if parent else CircuitKind.SYSTEM, limit_kw)


def _devices(priority: IntArray) -> Devices:
    size = priority.size
    return Devices(np.full(size, "continuous"), np.zeros(size), np.full(size, np.nan), priority)


def _with_minimum(problem: Problem, *minimum_kwh: float) -> Problem:
    return replace(problem, minimum_kwh=np.array(minimum_kwh))


def _drawn(seed: int, *, sessions: int = 8, steps: int = 12) -> Problem:
    """A random problem with everything that matters to the minimum, each part there or not."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, sessions=sessions, steps=steps, scarcity=float(rng.choice([0.0, 1.0, 3.0])))
    share = rng.choice([0.0, 0.3, 0.8, 1.2], sessions)
    problem = replace(problem, minimum_kwh=problem.energy_kwh * share)
    if rng.random() < 0.5:
        problem = replace(problem, emergency_limit_kw=problem.limit_kw * rng.uniform(1.0, 1.5))
    if rng.random() < 0.5:
        problem = replace(problem, devices=_devices(rng.integers(-1, 2, sessions)))
    if rng.random() < 0.5:
        knee = problem.energy_kwh * rng.uniform(-0.5, 1.0, sessions)
        knee[rng.random(sessions) < 0.3] = np.inf
        batteries = Batteries.charging_only(sessions)
        full = knee + rng.uniform(0.5, 10.0, sessions)
        problem = replace(problem, batteries=replace(batteries, knee_kwh=knee, full_kwh=full))
    return problem


def _wants(problem: Problem, minimum: Minimum) -> FloatArray:
    """What each session would take in each of its slots, (K,), from what it had been given before."""
    assert problem.minimum_kwh is not None
    hours, session = problem.horizon.hours_per_step, problem.slot_sessions()
    level = problem.level_kwh(minimum.power_kw) - minimum.power_kw * hours
    lacks = np.maximum(np.minimum(problem.minimum_kwh, problem.energy_kwh)[session] - level, 0.0)
    want = np.minimum(problem.cap_kw, lacks / hours)
    if problem.batteries is None:
        return want
    parts = {name: getattr(problem.batteries, name)[session] for name in Batteries.__dataclass_fields__}
    return np.minimum(want, Batteries(**parts).taper(problem.power_kw_max[session], level))


# Worked by hand


@pytest.mark.requirement("R30")
def test_two_cars_share_a_circuit_and_the_short_one_leaves_room_in_the_last_step(
    problem_of: Maker, car: type[Any]
) -> None:
    problem = problem_of(car(0, 3, 30.0, 11.0), car(0, 3, 30.0, 11.0), steps=3, circuits=(_circuit("T", "", 10.0),))
    minimum = give_minimum(_with_minimum(problem, 6.0, 18.0))
    # 5 + 5, then car0 lacks 1 and car1 takes the other 9, then car1 lacks 4
    np.testing.assert_allclose(minimum.power_kw, [5.0, 1.0, 0.0, 5.0, 9.0, 4.0], atol=1e-12)
    np.testing.assert_allclose(minimum.unserved_kwh, [0.0, 0.0], atol=1e-12)


@pytest.mark.requirement("R30", "R40")
def test_limits_that_bind_at_two_levels(problem_of: Maker, car: type[Any]) -> None:
    circuits = (_circuit("S", "", 20.0), _circuit("A", "S", 6.0), _circuit("B", "S"))
    cars = [car(0, 1, 50.0, kw, node=node) for kw, node in ((11.0, "A"), (2.0, "A"), (22.0, "B"), (11.0, "B"))]
    problem = problem_of(*cars, car(0, 1, 50.0, 3.7, node="S"), steps=1, circuits=circuits)
    minimum = give_minimum(_with_minimum(problem, *[50.0] * 5))
    # all rise to 2 (car1 has all it can draw), then to 3.7 (car4), then to 4 (A full: car0 stops), then B's two go on
    np.testing.assert_allclose(minimum.power_kw, [4.0, 2.0, 5.15, 5.15, 3.7], atol=1e-12)
    np.testing.assert_allclose(minimum.unserved_kwh, 50.0 - minimum.power_kw, atol=1e-12)


@pytest.mark.requirement("R40")
def test_a_circuit_with_cars_of_its_own_and_below_it(problem_of: Maker, car: type[Any]) -> None:
    circuits = (_circuit("S"), _circuit("A", "S", 6.0), _circuit("B", "S"), _circuit("A1", "A"))
    cars = [car(0, 1, 30.0, 7.0, node=node) for node in ("A", "B", "A1")]
    minimum = give_minimum(_with_minimum(problem_of(*cars, steps=1, circuits=circuits), 30.0, 30.0, 30.0))
    np.testing.assert_allclose(minimum.power_kw, [3.0, 7.0, 3.0], atol=1e-12)


@pytest.mark.requirement("R30")
def test_only_the_minimum_uses_the_emergency_limit(problem_of: Maker, car: type[Any]) -> None:
    problem = problem_of(
        car(0, 4, 40.0, 11.0), steps=4, circuits=(_circuit("T", "", 5.0),), base_kw=np.full((1, 4), 2.0)
    )
    problem = replace(_with_minimum(problem, 12.0), emergency_limit_kw=np.array([[10.0]]))
    minimum = give_minimum(problem)
    np.testing.assert_allclose(minimum.power_kw, [8.0, 4.0, 0.0, 0.0], atol=1e-12)
    rest = rest_of(problem, minimum)
    assert rest.emergency_limit_kw is None
    assert rest.minimum_kwh is None
    np.testing.assert_allclose(rest.limit_kw - rest.base_load_kw, [[-5.0, -1.0, 3.0, 3.0]], atol=1e-12)
    np.testing.assert_allclose(rest.cap_kw, [3.0, 7.0, 11.0, 11.0], atol=1e-12)
    np.testing.assert_allclose(rest.energy_kwh, [28.0], atol=1e-12)


def test_base_load_above_the_emergency_limit_leaves_nothing(problem_of: Maker, car: type[Any]) -> None:
    base = np.array([[12.0, 4.0]])
    problem = problem_of(car(0, 2, 20.0, 11.0), steps=2, circuits=(_circuit("T", "", 5.0),), base_kw=base)
    minimum = give_minimum(replace(_with_minimum(problem, 7.0), emergency_limit_kw=np.array([[10.0]])))
    np.testing.assert_allclose(minimum.power_kw, [0.0, 6.0], atol=1e-12)
    np.testing.assert_allclose(minimum.unserved_kwh, [1.0], atol=1e-12)


def test_generation_below_a_circuit_makes_room(problem_of: Maker, car: type[Any]) -> None:
    base = np.array([[-3.0]])
    problem = problem_of(car(0, 1, 20.0, 11.0), steps=1, circuits=(_circuit("T", "", 5.0),), base_kw=base)
    np.testing.assert_allclose(give_minimum(_with_minimum(problem, 20.0)).power_kw, [8.0], atol=1e-12)


def test_what_lacks_when_a_window_ends_is_unserved_and_stays_in_the_need(problem_of: Maker, car: type[Any]) -> None:
    problem = _with_minimum(problem_of(car(1, 2, 30.0, 7.0), steps=6), 20.0)
    minimum = give_minimum(problem)
    np.testing.assert_allclose(minimum.power_kw, [7.0, 7.0], atol=1e-12)
    np.testing.assert_allclose(minimum.unserved_kwh, [6.0], atol=1e-12)
    np.testing.assert_allclose(rest_of(problem, minimum).energy_kwh, [16.0], atol=1e-12)


@pytest.mark.requirement("R30")
def test_without_binding_limits_charging_is_at_full_power_from_a_partial_first_slot(
    problem_of: Maker, car: type[Any]
) -> None:
    problem = problem_of(car(0, 4, 30.0, 8.0, first_share=0.25), steps=4, step_minutes=30)
    minimum = give_minimum(_with_minimum(problem, 6.0))
    np.testing.assert_allclose(minimum.power_kw, [2.0, 8.0, 2.0, 0.0], atol=1e-12)


def test_a_minimum_is_at_most_the_need(problem_of: Maker, car: type[Any]) -> None:
    minimum = give_minimum(_with_minimum(problem_of(car(0, 3, 4.0, 11.0), car(0, 3, 0.0, 11.0)), 9.0, 9.0))
    np.testing.assert_allclose(minimum.power_kw, [4.0, 0.0, 0.0, 0.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(minimum.unserved_kwh, [0.0, 0.0], atol=1e-12)


def test_higher_priority_is_served_first(problem_of: Maker, car: type[Any]) -> None:
    cars = [car(0, 1, 30.0, 7.0) for _ in range(3)]
    problem = _with_minimum(problem_of(*cars, steps=1, circuits=(_circuit("T", "", 10.0),)), 30.0, 30.0, 30.0)
    minimum = give_minimum(replace(problem, devices=_devices(np.array([-1, 4, -1]))))
    np.testing.assert_allclose(minimum.power_kw, [1.5, 7.0, 1.5], atol=1e-12)


def test_taper_is_taken_at_the_level_at_the_start_of_the_step(problem_of: Maker, car: type[Any]) -> None:
    batteries = replace(Batteries.charging_only(1), knee_kwh=np.zeros(1), full_kwh=np.array([20.0]))
    problem = replace(_with_minimum(problem_of(car(0, 4, 20.0, 10.0), steps=4), 18.0), batteries=batteries)
    # levels 0, 10 (half the power), 15 (a quarter), 17.5 (1.25 kW, of which 0.5 is lacking)
    np.testing.assert_allclose(give_minimum(problem).power_kw, [10.0, 5.0, 2.5, 0.5], atol=1e-12)


def test_a_session_without_a_slot_lacks_all_of_its_minimum(problem_of: Maker, car: type[Any]) -> None:
    problem = problem_of(car(0, 1, 9.0, 7.0), car(0, 1, 9.0, 7.0), steps=2)
    problem = _with_minimum(replace(problem, offset=np.array([0, 0, 2])), 5.0, 9.0)
    minimum = give_minimum(problem)
    np.testing.assert_allclose(minimum.power_kw, [7.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(minimum.unserved_kwh, [5.0, 0.0], atol=1e-12)


# What is left


def test_a_battery_keeps_its_minimum_and_others_are_left_alone(problem_of: Maker, car: type[Any]) -> None:
    batteries = Batteries(
        np.full(2, 7.0), np.full(2, 0.8), np.array([6.0, 6.0]), np.array([20.0, 20.0]), np.zeros(2),
        np.array([15.0, 15.0]), np.array([25.0, 25.0]),
    )  # fmt: skip
    problem = _with_minimum(problem_of(car(0, 3, 12.0, 10.0), car(0, 3, 12.0, 10.0)), 4.0, 0.0)
    problem = replace(problem, batteries=batteries)
    rest = rest_of(problem, give_minimum(problem)).batteries
    assert rest is not None
    np.testing.assert_allclose(rest.down_kwh, [0.0, 6.0])
    np.testing.assert_allclose(rest.up_kwh, [16.0, 20.0])
    np.testing.assert_allclose(rest.knee_kwh, [11.0, 15.0])
    np.testing.assert_allclose(rest.full_kwh, [21.0, 25.0])
    np.testing.assert_allclose(rest.discharge_kw_max, [7.0, 7.0])


@pytest.mark.parametrize("minimum_kwh", [None, np.zeros(8)])
def test_without_a_minimum_the_problem_is_left_as_it_is(
    rng: np.random.Generator, minimum_kwh: FloatArray | None
) -> None:
    problem = replace(random_problem(rng), minimum_kwh=minimum_kwh)
    minimum = give_minimum(problem)
    assert not minimum.power_kw.any()
    assert not minimum.unserved_kwh.any()
    assert rest_of(problem, minimum) is problem


def test_no_sessions() -> None:
    problem = replace(random_problem(np.random.default_rng(1), sessions=0), minimum_kwh=np.zeros(0))
    assert give_minimum(problem).power_kw.shape == (0,)


@given(seed=SEEDS)
def test_the_rest_holds_the_same_energy_and_the_same_load(seed: int) -> None:
    problem = _drawn(seed)
    minimum = give_minimum(problem)
    rest = rest_of(problem, minimum)
    given_kwh = problem.delivered_kwh(minimum.power_kw)
    np.testing.assert_allclose(rest.energy_kwh + given_kwh, problem.energy_kwh, atol=TOLERANCE)
    np.testing.assert_allclose(rest.cap_kw + minimum.power_kw, problem.cap_kw, atol=TOLERANCE)
    load = problem.base_load_kw + problem.ev_load_kw(minimum.power_kw)
    np.testing.assert_allclose(rest.base_load_kw, load, atol=TOLERANCE)


# Properties


@settings(max_examples=300)
@given(seed=SEEDS, sessions=st.integers(1, 14))
def test_the_kernel_agrees_with_its_reference(seed: int, sessions: int) -> None:
    problem = _drawn(seed, sessions=sessions)
    fast, slow = give_minimum(problem), reference_minimum.give_minimum(problem)
    np.testing.assert_allclose(fast.power_kw, slow.power_kw, atol=TOLERANCE)
    np.testing.assert_allclose(fast.unserved_kwh, slow.unserved_kwh, atol=TOLERANCE)


@pytest.mark.requirement("R40")
@given(seed=SEEDS, sessions=st.integers(1, 30))
def test_no_cap_need_or_emergency_limit_is_exceeded_and_every_kwh_is_accounted_for(seed: int, sessions: int) -> None:
    problem = _drawn(seed, sessions=sessions)
    minimum = give_minimum(problem)
    assert problem.minimum_kwh is not None
    assert (minimum.power_kw >= 0).all()
    assert (minimum.power_kw <= problem.cap_kw + TOLERANCE).all()
    wanted = np.minimum(problem.minimum_kwh, problem.energy_kwh)
    given_kwh = problem.delivered_kwh(minimum.power_kw)
    np.testing.assert_allclose(given_kwh + minimum.unserved_kwh, wanted, atol=TOLERANCE)
    limit = problem.limit_kw if problem.emergency_limit_kw is None else problem.emergency_limit_kw
    room = np.maximum(limit - problem.base_load_kw, 0.0)
    assert (problem.ev_load_kw(minimum.power_kw) <= room + TOLERANCE).all()


@given(seed=SEEDS, sessions=st.integers(1, 30))
def test_who_gets_less_than_it_wants_hangs_on_a_full_circuit_where_no_equal_gets_more(seed: int, sessions: int) -> None:
    """The bottleneck condition, which is the same as max-min fairness (Bertsekas and Gallager, section 6.5.2)."""
    problem = _drawn(seed, sessions=sessions)
    minimum = give_minimum(problem)
    want, step, session = _wants(problem, minimum), problem.slot_steps(), problem.slot_sessions()
    limit = problem.limit_kw if problem.emergency_limit_kw is None else problem.emergency_limit_kw
    room = np.maximum(limit - problem.base_load_kw, 0.0) - problem.ev_load_kw(minimum.power_kw)
    priority = np.zeros(sessions, dtype=np.int64) if problem.devices is None else problem.devices.priority
    paths = [problem.tree.path(int(node)) for node in problem.node]
    for slot in np.flatnonzero(minimum.power_kw < want - TOLERANCE).tolist():
        now = np.flatnonzero(step == step[slot])
        bottleneck = False
        for n in paths[session[slot]]:
            others = now[[n in paths[i] for i in session[now]]]
            rank = priority[session[others]] - priority[session[slot]]
            ceiling = np.where(rank > 0, np.inf, np.where(rank == 0, minimum.power_kw[slot], 0.0))
            no_more = (minimum.power_kw[others] <= ceiling + TOLERANCE).all()
            bottleneck = bottleneck or bool(room[n, step[slot]] <= TOLERANCE and no_more)
        assert bottleneck


@pytest.mark.requirement("R30")
@given(seed=SEEDS)
def test_without_limits_everyone_charges_at_full_power_from_plug_in(seed: int) -> None:
    problem = _drawn(seed)
    unlimited = np.full((len(problem.tree), 1), np.inf)
    problem = replace(problem, limit_kw=unlimited, emergency_limit_kw=None, batteries=None)
    assert problem.minimum_kwh is not None
    for i, power in enumerate(np.split(give_minimum(problem).power_kw, problem.offset[1:-1])):
        cap = problem.cap_kw[problem.offset[i] : problem.offset[i + 1]]
        amount = min(problem.minimum_kwh[i], problem.energy_kwh[i]) / problem.horizon.hours_per_step
        np.testing.assert_allclose(np.cumsum(power), np.minimum(np.cumsum(cap), amount), atol=TOLERANCE)


@given(seed=SEEDS, step=st.integers(1, 11))
def test_nothing_is_changed_by_what_comes_later(seed: int, step: int) -> None:
    problem = _drawn(seed)
    later = replace(problem, base_load_kw=np.where(np.arange(12) >= step, 1e6, problem.base_load_kw))
    known = problem.slot_steps() < step
    np.testing.assert_array_equal(give_minimum(problem).power_kw[known], give_minimum(later).power_kw[known])


def _phase(limit_kw: float, *members: int, steps: int, of_wires: bool = True) -> Across:
    size = len(members)
    return Across(
        np.array(["phase A"]), np.full((1, steps), limit_kw), np.full((1, steps), np.inf),
        np.zeros(size, dtype=np.int64), np.array(members), np.ones(size), None, np.array([of_wires]),
    )  # fmt: skip


@pytest.mark.requirement("R30", "R40")
def test_a_phase_holds_minimum_energy_back_and_an_event_does_not(problem_of: Maker, car: Any) -> None:
    # a circuit of 12 kW carries all three, the phase of the first two 6 kW: 3 kW each for 4 hours
    problem = problem_of(*(car(0, 4, 12.0, 4.0) for _ in range(3)), steps=4, circuits=(_circuit("S", "", 12.0),))
    problem = _with_minimum(problem, 12.0, 12.0, 12.0)
    held = give_minimum(replace(problem, across=_phase(6.0, 0, 1, steps=4)))
    assert held.power_kw.tolist() == [3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0, 0.0]
    assert held.unserved_kwh.tolist() == [0.0, 0.0, 0.0]
    asked = give_minimum(replace(problem, across=_phase(6.0, 0, 1, steps=4, of_wires=False)))
    assert asked.power_kw.tolist() == [4.0, 4.0, 4.0, 0.0] * 3


@given(SEEDS)
@settings(max_examples=200, deadline=None)
def test_limits_of_wires_are_never_exceeded_and_all_is_accounted_for(seed: int) -> None:
    problem = with_across(_drawn(seed), np.random.default_rng(seed), soft=False)
    assert problem.across is not None
    across = replace(problem.across, of_wires=np.ones(problem.across.name.size, dtype=np.bool_))
    problem = replace(problem, across=across)
    minimum = give_minimum(problem)
    assert (problem.across_kw(minimum.power_kw) <= across.head_kw() + TOLERANCE).all()
    given_kwh = problem.delivered_kwh(minimum.power_kw) + minimum.unserved_kwh
    wanted = 0.0 if problem.minimum_kwh is None else np.minimum(problem.minimum_kwh, problem.energy_kwh)
    assert given_kwh == pytest.approx(np.broadcast_to(wanted, given_kwh.shape), abs=1e-6)
