"""Rich problems are what they say, awkward enough to be worth drawing, and solved by the reference as it promises."""

from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.schedule.problem import Problem
from evenload.schedule.reference.highs import Reference, least_cost
from evenload.testing import rich_problem

DRAWN = 120
SEEDS = st.integers(0, 2**32 - 1)


def export_kw(problem: Problem) -> np.ndarray | float:
    return 0.0 if problem.export_limit_kw is None else problem.export_limit_kw


def differ(one: Problem, other: Problem) -> bool:
    return any(
        not np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("cap_kw", "energy_kwh", "base_load_kw")
    )


@given(SEEDS)
def test_the_same_generator_state_gives_the_same_problem(seed: int) -> None:
    one, same, other = (rich_problem(np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    assert not differ(one, same)
    assert differ(one, other)


@given(SEEDS, st.integers(1, 6), st.integers(1, 10))
def test_sizes_are_kept(seed: int, sessions_max: int, steps_max: int) -> None:
    problem = rich_problem(np.random.default_rng(seed), sessions_max=sessions_max, steps_max=steps_max)
    assert 1 <= problem.sessions <= sessions_max
    assert 1 <= problem.horizon.steps <= steps_max


@given(SEEDS)
def test_without_any_part_a_problem_is_plain(seed: int) -> None:
    problem = rich_problem(np.random.default_rng(seed), discharging=False, export=False, tariffs=False)
    optional = [field.name for field in fields(problem) if field.default is None]
    assert len(optional) == 8
    assert all(getattr(problem, name) is None for name in optional)


@given(SEEDS)
def test_arrays_are_read_only_in_parts_too(seed: int) -> None:
    problem = rich_problem(np.random.default_rng(seed), taper=True, peak=True)
    assert problem.batteries is not None
    assert problem.terms is not None
    for array in (problem.cap_kw, problem.batteries.round_trip, problem.terms.node):
        assert not array.flags.writeable


def sorts(problem: Problem, answer: Reference) -> Counter[str]:
    """What a problem has of what makes problems hard."""
    load, flow = problem.base_load_kw + problem.ev_load_kw(answer.power_kw), problem.ev_load_kw(answer.power_kw)
    relaxed = least_cost(problem, exclusive=False).objective
    tariffs, price = problem.tariffs, problem.import_price()
    found = {
        f"depth {problem.tree.depths().max() + 1}": True,
        f"steps of {problem.horizon.step_minutes} min": True,
        "a limit binds": ((np.abs(load - problem.limit_kw) < 1e-6) & (flow > 1e-6)).any(),
        "an export limit binds": ((np.abs(load + export_kw(problem)) < 1e-6) & (flow < -1e-6)).any(),
        "base load above a limit": (problem.base_load_kw > problem.limit_kw).any(),
        "base load below an export limit": (problem.base_load_kw < -export_kw(problem)).any(),
        "limits change": problem.limit_kw.shape[1] > 1,
        "unserved": answer.energy_kwh_unserved > 1e-6,
        "discharges": (answer.power_kw < -1e-6).any(),
        "exclusion costs": answer.objective > relaxed + 1e-6 * abs(relaxed) + 1e-9,
        "negative prices": (price < 0).any(),
        "several tariffs": price.shape[0] > 1,
        "export earns more": tariffs is not None and (tariffs.export_per_kwh > tariffs.import_per_kwh).any(),
        "small prices": np.abs(price).max() < 0.01,
        "large prices": np.abs(price).max() > 10,
        "no need": (problem.energy_kwh == 0).any(),
        "ragged": (problem.cap_kw < problem.power_kw_max[problem.slot_sessions()]).any(),
    }
    return Counter(sort for sort, there in found.items() if there)


def test_every_sort_of_difficulty_is_drawn_often() -> None:
    seen: Counter[str] = Counter()
    for seed in range(DRAWN):
        problem = rich_problem(np.random.default_rng(seed))
        seen.update(sorts(problem, least_cost(problem)))
    assert len(seen) == 22  # 4 depths, 3 lengths of steps and 15 more
    assert {sort: count for sort, count in seen.items() if count < 0.05 * DRAWN} == {}


@pytest.mark.parametrize("part", ["taper", "smoothing", "peak", "minimum"])
def test_a_part_asked_for_is_mostly_there(part: str) -> None:
    has = {
        "taper": lambda p: p.batteries is not None and np.isfinite(p.batteries.knee_kwh).any(),
        "smoothing": lambda p: p.terms is not None and p.terms.smoothing_per_kw2h.any(),
        "peak": lambda p: p.terms is not None and p.terms.peak_per_kw.any(),
        "minimum": lambda p: p.minimum_kwh is not None and p.minimum_kwh.any(),
    }
    drawn = [rich_problem(np.random.default_rng(seed), **{part: True}) for seed in range(100)]
    assert sum(map(has[part], drawn)) > 50
    assert not any(has[other](problem) for problem in drawn for other in has.keys() - {part})


@given(SEEDS, st.booleans(), st.booleans())
@settings(max_examples=80)
def test_the_reference_obeys_every_bound_and_costs_what_it_says(seed: int, smoothing: bool, peak: bool) -> None:
    problem = rich_problem(np.random.default_rng(seed), smoothing=smoothing, peak=peak)
    answer = least_cost(problem)
    check_bounds(problem, answer)
    money = problem.money(answer.power_kw) + problem.terms_cost(answer.power_kw)
    scale = max(abs(money), 1e-2 * float(np.abs(problem.import_price()).max() * problem.cap_kw.max(initial=0.0)))
    assert answer.objective == pytest.approx(money, abs=1e-6 * scale)
    assert least_cost(problem, exclusive=False).objective <= answer.objective + 1e-6 * scale


def check_bounds(problem: Problem, answer: Reference) -> None:
    """Bounds of slots, batteries, needs and circuits, counted from the plan alone."""
    power, level, session = answer.power_kw, problem.level_kwh(answer.power_kw), problem.slot_sessions()
    down, up, give = np.zeros(problem.sessions), problem.energy_kwh, np.zeros(problem.sessions)
    if problem.batteries is not None:
        down, up, give = problem.batteries.down_kwh, problem.batteries.up_kwh, problem.batteries.discharge_kw_max
    assert (power <= problem.cap_kw + 1e-6).all()
    assert (power >= -(give / problem.power_kw_max)[session] * problem.cap_kw - 1e-6).all()
    assert (level >= -down[session] - 1e-5).all()
    assert (level <= up[session] + 1e-5).all()
    lacking = problem.energy_kwh - level[problem.offset[1:] - 1]
    assert (lacking >= -1e-5).all()
    assert (lacking <= problem.energy_kwh + 1e-5).all()
    assert lacking.sum() == pytest.approx(answer.energy_kwh_unserved, abs=1e-5)
    flow = problem.ev_load_kw(power)
    assert (flow <= np.maximum(problem.limit_kw - problem.base_load_kw, 0) + 1e-6).all()
    assert (flow >= np.minimum(-export_kw(problem) - problem.base_load_kw, 0) - 1e-6).all()


@given(SEEDS)
@settings(max_examples=40)
def test_more_room_never_costs_more(seed: int) -> None:
    problem = rich_problem(np.random.default_rng(seed))
    wider = replace(problem, limit_kw=problem.limit_kw + 1.0)
    tight, wide = least_cost(problem), least_cost(wider)
    assert wide.energy_kwh_unserved <= tight.energy_kwh_unserved + 1e-6
    if wide.energy_kwh_unserved > tight.energy_kwh_unserved - 1e-6:
        scale = float(np.abs(problem.import_price()).max() * max(problem.cap_kw.max(initial=0.0), 1.0))
        assert wide.objective <= tight.objective + 1e-5 * scale
