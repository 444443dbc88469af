"""One device's best answer against all answers there are, counted out."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.units import FloatArray
from evenload.schedule.kernels.device_answers import Choice, Offer, Pack, drawn, step_by_step
from evenload.schedule.kernels.device_commands import few_commands

REFUSAL = 100.0
SEEDS = st.integers(0, 2**32 - 1)


def offer_of(rng: np.random.Generator, slots: int, most: float) -> Offer:
    """Prices, rooms that are now and then too small, a first and a last slot of which the car has a part."""
    share = np.ones(slots)
    share[0], share[-1] = rng.choice([1.0, 0.4]), rng.choice([1.0, 0.7])
    room = np.where(rng.random(slots) < 0.25, rng.uniform(0, most, slots), np.inf)
    return Offer(rng.uniform(0.1, 1.0, slots), np.minimum(room, most * share), share)


def pack_of(rng: np.random.Generator, slots: int, most: float) -> Pack:
    need = rng.uniform(0.1, 0.8) * slots * most
    tapers = rng.random() < 0.4
    return Pack(need, 0.5 * need if tapers else np.inf, 1.3 * need if tapers else np.inf, most)


def least_of_all(
    offer: Offer, pack: Pack, levels: list[float], dwell: int = 1, commands: int = -1
) -> tuple[float, FloatArray]:
    """The least cost over every sequence of levels, told from the rules alone, and its powers."""
    least, best = REFUSAL * pack.need, np.zeros(offer.paid.size)
    for told in itertools.product([0.0, *levels], repeat=offer.paid.size):
        power = np.empty(offer.paid.size)
        lack = drawn(np.array(told), offer.share, pack, power)
        lack = lack if lack > 1e-6 else 0.0
        if (power > offer.room + 1e-9).any() or not allowed(
            told, np.cumsum(power) >= pack.need - 1e-6, dwell, commands
        ):
            continue
        cost = float(power @ offer.paid) + REFUSAL * lack
        if cost < least:
            least, best = cost, power
    return least, best


def allowed(told: tuple[float, ...], met: FloatArray, dwell: int, commands: int) -> bool:
    """Whether levels stand long enough and do not change too often until the need is met."""
    changes = [k for k, level in enumerate(told) if level != (told[k - 1] if k else 0.0) and not (k and met[k - 1])]
    stood = [later - one for one, later in itertools.pairwise(changes)]
    return (commands < 0 or len(changes) <= commands) and all(steps >= dwell for steps in stood)


@pytest.mark.requirement("R38")
@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 4), st.sampled_from([-1, 1, 2, 3, 4]))
def test_few_commands_are_used_as_well_as_can_be(seed: int, dwell: int, commands: int) -> None:
    rng = np.random.default_rng(seed)
    offer, pack, power = offer_of(rng, 8, 7.0), pack_of(rng, 8, 7.0), np.empty(8)
    cost = few_commands(offer, pack, 7.0, dwell, commands, REFUSAL, power)
    least, _ = least_of_all(offer, pack, [7.0], dwell, commands)
    assert cost == pytest.approx(least, rel=1e-6)
    again = np.empty(8)
    lack = drawn(np.where(power > 1e-9, 7.0, 0.0), offer.share, pack, again)
    assert again == pytest.approx(power, abs=1e-6)
    assert float(power @ offer.paid) + REFUSAL * max(lack, 0.0) == pytest.approx(cost, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_steps_miss_the_best_by_less_than_a_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    offer, power, told = offer_of(rng, 5, 8.0), np.empty(5), np.empty(5)
    pack = Pack(rng.uniform(0.1, 0.8) * 40.0, np.inf, np.inf, 8.0)
    cost = step_by_step(offer, pack, Choice(2.0, 1.0, 8.0), REFUSAL, told, power)
    least, best = least_of_all(offer, pack, [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    assert cost >= least - 1e-6
    if best.sum() >= pack.need - 1e-6:
        assert cost <= least + 2.0 * (offer.paid.max() - offer.paid.min()) + 1e-6
    again = np.empty(5)
    drawn(told, offer.share, pack, again)
    assert again == pytest.approx(power)
    assert set(np.round(told, 9)) <= {0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0}
