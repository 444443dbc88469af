"""Cars nobody enrolled: counts of charging cars, against binomials worked by hand and against drawing them."""

from math import comb

import numpy as np
import pytest

from evenload.base.errors import ColumnsError, InputError
from evenload.forecast.unmanaged_cars import unmanaged_cars_kw


def exact(trials: int, probability: float, level: float) -> int:
    """The quantile of a binomial, term by term."""
    reached = 0.0
    for count in range(trials + 1):
        reached += comb(trials, count) * probability**count * (1 - probability) ** (trials - count)
        if reached >= level:
            return count
    return trials


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 0.95])
def test_cars_of_one_power_are_a_binomial_count(level: float) -> None:
    sample = np.array([[7.2, 0.0], [0.0, 0.0], [7.2, 7.2], [0.0, 0.0]])  # half of all charge in step 0, a quarter in 1
    homes = np.array([0, 1, 12, 500])
    found = unmanaged_cars_kw(sample, homes, 0.2, level)
    wanted = [[7.2 * exact(n, 0.2 * q, level) for q in (0.5, 0.25)] for n in homes.tolist()]
    assert found == pytest.approx(np.array(wanted))


def test_what_is_drawn_stays_below_as_often_as_said() -> None:
    rng = np.random.default_rng(7)
    sample = rng.choice([0.0, 3.6, 7.2, 11.0], (400, 3), p=[0.7, 0.1, 0.15, 0.05])
    homes = np.array([15, 250, 20_000])
    found = unmanaged_cars_kw(sample, homes, 0.3, 0.9)
    for row, count in enumerate(homes.tolist()):
        cars = rng.binomial(count, 0.3, 2000)
        drawn = np.array([rng.choice(sample[:, 0], n).sum() for n in cars])
        assert (drawn <= found[row, 0]).mean() == pytest.approx(0.9, abs=0.04)


def test_many_homes_need_less_room_each() -> None:
    each = unmanaged_cars_kw(np.array([[7.2], [0.0], [0.0]]), np.array([10, 100, 100_000]), 0.3, 0.9)[:, 0]
    assert (np.diff(each / [10, 100, 100_000]) < 0).all()
    assert each[2] / 100_000 == pytest.approx(0.3 * 7.2 / 3, rel=0.02)


def test_nobody_and_everybody() -> None:
    sample = np.full((2, 2), 7.2)
    assert unmanaged_cars_kw(sample, np.array([30]), 0.0, 0.9).tolist() == [[0.0, 0.0]]
    assert unmanaged_cars_kw(sample, np.array([30, 3000]), 1.0, 0.9) == pytest.approx(
        np.array([[216] * 2, [21600] * 2])
    )
    assert unmanaged_cars_kw(sample, np.array([3000]), 0.95, 0.5) == pytest.approx(7.2 * 2850, rel=1e-3)
    assert unmanaged_cars_kw(0 * sample, np.array([30]), 1.0, 0.9).tolist() == [[0.0, 0.0]]


def test_what_cannot_be_is_refused() -> None:
    sample, homes = np.ones((2, 2)), np.array([3])
    with pytest.raises(InputError, match=r"share = 1.2: give a number between 0 and 1"):
        unmanaged_cars_kw(sample, homes, 1.2, 0.9)
    with pytest.raises(InputError, match=r"quantile = 1.0: give a number between 0.01 and 0.99"):
        unmanaged_cars_kw(sample, homes, 0.2, 1.0)
    with pytest.raises(ColumnsError, match="sample_kw"):
        unmanaged_cars_kw(-sample, homes, 0.2, 0.9)
    with pytest.raises(ColumnsError, match="homes"):
        unmanaged_cars_kw(sample, -homes, 0.2, 0.9)
