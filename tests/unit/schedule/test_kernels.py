"""Fast and slow must agree: every kernel against ``reference`` on drawn problems."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.schedule import kernels
from evenload.schedule.reference import orders as reference
from evenload.schedule.strategies.fill import amount_kw, planned_slots
from evenload.schedule.strategies.valley import Valley
from evenload.testing import random_problem

SEEDS = st.integers(0, 2**32 - 1)
SCARCITY = st.sampled_from([0.0, 0.7, 1.0, 2.0])


@settings(deadline=None)
@given(seed=SEEDS)
def test_fill_cheapest_agrees_with_its_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, sessions=5)
    rank = rng.permutation(problem.horizon.steps)
    fast = kernels.fill_cheapest(
        problem.first_step, problem.offset, planned_slots(problem), problem.cap_kw, problem.power_kw_max,
        amount_kw(problem), rank,
    )  # fmt: skip
    np.testing.assert_allclose(fast, reference.fill_cheapest(problem, rank), rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(seed=SEEDS, share=st.floats(0.0, 1.0), guess_kw=st.floats(-100.0, 100.0))
def test_water_level_agrees_with_its_reference(seed: int, share: float, guess_kw: float) -> None:
    rng = np.random.default_rng(seed)
    level = rng.choice([0.0, 1.0, rng.normal() * 30, rng.normal()], 12)
    cap = rng.choice([0.0, 3.7, rng.random() * 22], 12)
    amount = share * cap.sum()
    water = kernels.water_level(level, cap, amount, guess_kw)
    fast = np.clip(water - level, 0.0, cap)
    np.testing.assert_allclose(fast, reference.water_fill(level.tolist(), cap.tolist(), amount), rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=150)
@given(
    seed=SEEDS,
    scarcity=SCARCITY,
    price_weight=st.sampled_from([0.0, 0.3, 2.0]),
    tick=st.sampled_from([15, 60]),
    reserve=st.sampled_from([0, 45]),
)
def test_valley_agrees_with_its_reference(
    seed: int, scarcity: float, price_weight: float, tick: int, reserve: int
) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, sessions=int(rng.integers(0, 8)), steps=int(rng.integers(1, 20)), scarcity=scarcity)
    strategy = Valley(price_weight=price_weight, tick_minutes=tick, reserve_minutes=reserve)
    slow = reference.ValleyReference(problem, strategy).power_kw()
    np.testing.assert_allclose(strategy.power_kw(problem, rng), slow, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("nothing", [0.0, 1e-300])
def test_water_level_ends_where_nothing_is_to_be_poured(nothing: float) -> None:
    level, cap = np.array([2.0, 1.0]), np.array([1.0, 1.0])
    assert kernels.water_level(level, cap, nothing, 5.0) == pytest.approx(1.0, abs=1e-9)
