"""Who cannot be told anything is load beside the plan of the others."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError, InputError
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import audit
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Devices
from evenload.schedule.risk.uncontrolled import Links, may_draw_kw, uncontrolled_words, without_uncontrolled
from evenload.schedule.solver.optimum import solve
from evenload.testing import random_problem

T = Circuit("T", "", CircuitKind.TRANSFORMER, 20.0)
Maker = Callable[..., Problem]


def links(*link: str, verified: tuple[bool, ...] | None = None, measured: tuple[float, ...] | None = None) -> Links:
    count = len(link)
    return Links(
        np.array(link), np.ones(count, dtype=np.bool_) if verified is None else np.array(verified),
        np.full(count, np.nan) if measured is None else np.array(measured),
    )  # fmt: skip


def with_fallbacks(problem: Problem, *fallback_kw: float) -> Problem:
    count = problem.sessions
    devices = Devices(
        np.full(count, "continuous"), np.zeros(count), np.array(fallback_kw), np.zeros(count, dtype=np.int64)
    )
    return replace(problem, devices=devices)


@pytest.mark.requirement("R147")
def test_each_draws_what_it_may_until_its_need_is_met(problem_of: Maker, car: Any) -> None:
    cars = [car(0, 4, 10.0, 8.0, first_share=0.5) for _ in range(4)]
    problem = with_fallbacks(problem_of(*cars, steps=4, circuits=(T,)), 4.0, 4.0, 4.0, 4.0)
    state = links("offline", "stale", "disobedient", "ok", verified=(True, False, True, True))
    found = without_uncontrolled(problem, state)
    power = found.power_kw.reshape(4, 4)
    assert power[0].tolist() == [2.0, 4.0, 4.0, 0.0]  # plugged in for half of the first hour: 2 kWh of 10
    assert power[1].tolist() == [4.0, 6.0, 0.0, 0.0]
    assert power[2].tolist() == [4.0, 6.0, 0.0, 0.0]
    assert not power[3].any()
    assert found.sessions.tolist() == [0, 1, 2]
    assert found.others.tolist() == [3]
    assert found.rest.session_id.tolist() == ["car3"]
    assert found.rest.base_load_kw.tolist() == [[10.0, 16.0, 4.0, 0.0]]


def test_what_does_not_obey_draws_what_was_measured(problem_of: Maker, car: Any) -> None:
    problem = with_fallbacks(problem_of(car(0, 2, 40.0, 8.0), car(0, 2, 40.0, 8.0), steps=2, circuits=(T,)), 4.0, 4.0)
    state = links("disobedient", "disobedient", measured=(9.5, 3.0))
    found = without_uncontrolled(problem, state)
    assert found.may_draw_kw.tolist() == [9.5, 8.0]
    assert found.rest.sessions == 0
    assert uncontrolled_words(found, problem, state) == [
        "cannot be told anything: it does not keep to what it is told; 9.5 kW are kept free for it, which it was "
        "measured at",
        "cannot be told anything: it does not keep to what it is told; 8 kW are kept free for it, all it can draw",
    ]


def test_sentences_say_what_is_known_of_fallbacks(problem_of: Maker, car: Any) -> None:
    problem = with_fallbacks(problem_of(car(0, 2, 9.0, 8.0), car(0, 2, 9.0, 8.0), steps=2), 1.5, 1.5)
    state = links("offline", "offline", verified=(True, False))
    assert uncontrolled_words(without_uncontrolled(problem, state), problem, state) == [
        "cannot be told anything: it is not connected; 1.5 kW are kept free for it, the fallback it was seen to have",
        "cannot be told anything: it is not connected; 8 kW are kept free for it, all it can draw: it was not seen to "
        "have a fallback",
    ]


def test_a_fallback_counts_where_it_is_known_seen_and_kept_to() -> None:
    assert float(may_draw_kw(True, True, 4.0, 8.0)) == 4.0
    assert float(may_draw_kw(True, True, 9.0, 8.0)) == 8.0
    assert may_draw_kw([False, True, True], [True, False, True], [4.0, 4.0, np.nan], 8.0).tolist() == [8.0, 8.0, 8.0]


def test_limits_across_the_tree_are_left_what_the_others_take(problem_of: Maker, car: Any) -> None:
    cars = [car(0, 2, 40.0, 8.0) for _ in range(3)]
    across = Across(
        np.array(["g"]), np.array([[10.0, 3.0]]), np.full((1, 2), np.inf), np.zeros(3, dtype=np.int64), np.arange(3),
        np.array([0.5, 1.0, 2.0]),
    )  # fmt: skip
    problem = replace(problem_of(*cars, steps=2), across=across)
    left = without_uncontrolled(problem, links("offline", "ok", "ok")).rest.across
    assert left is not None
    assert left.head_kw().tolist() == [[6.0, 0.0]]
    assert left.session.tolist() == [0, 1]
    assert left.weight.tolist() == [1.0, 2.0]


def test_nobody_out_of_control_changes_nothing(problem_of: Maker, car: Any) -> None:
    problem = problem_of(car(0, 2, 9.0, 8.0), steps=2)
    found = without_uncontrolled(problem, links("ok"))
    assert found.rest.base_load_kw.tolist() == problem.base_load_kw.tolist()
    assert found.rest.session_id.tolist() == ["car0"]


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_the_others_keep_clear_of_who_is_out_of_control(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, sessions=int(rng.integers(1, 9)), opted_out=0.0)
    problem = with_fallbacks(problem, *rng.choice([0.0, 1.4, np.nan], problem.sessions))
    state = Links(
        rng.choice(["ok", "ok", "offline", "stale", "disobedient"], problem.sessions),
        rng.random(problem.sessions) < 0.5, rng.choice([np.nan, 0.0, 5.0, 30.0], problem.sessions),
    )  # fmt: skip
    found = without_uncontrolled(problem, state)
    assert (problem.delivered_kwh(found.power_kw) <= problem.energy_kwh + 1e-9).all()
    solution = solve(replace(found.rest, devices=None))
    assert audit(found.rest, solution.plan.power_kw) == ()
    together: FloatArray = found.power_kw.copy()
    kept = np.isin(problem.slot_sessions(), found.others)
    together[kept] = solution.plan.power_kw
    load = problem.base_load_kw + problem.ev_load_kw(together)
    alone = problem.base_load_kw + problem.ev_load_kw(found.power_kw)
    assert (load <= np.maximum(problem.limit_kw, alone) + 1e-6).all()


def test_what_cannot_be_is_refused(problem_of: Maker, car: Any) -> None:
    problem = problem_of(car(0, 2, 9.0, 8.0), steps=2)
    with pytest.raises(InputError, match=r"session 'car0', link = gone: it is one of ok, offline, stale, disobedient"):
        without_uncontrolled(problem, links("gone"))
    with pytest.raises(InputError, match=r"session 'car0', measured_kw = -1.0: it is a number of 0 or more, or blank"):
        without_uncontrolled(problem, links("ok", measured=(-1.0,)))
    with pytest.raises(ColumnsError, match="link"):
        without_uncontrolled(problem, links("ok", "ok"))
