import numpy as np
import pytest

from evenload.report.limits import excess_kw, is_above, snapped

NOISE = 1.0000000000000013


@pytest.mark.requirement("R7")
def test_at_the_limit_is_not_above_it() -> None:
    loading = np.array([0.99, 1.0, NOISE, 1 + 9e-7, 1.00001, np.nan, np.inf])
    assert is_above(loading).tolist() == [False, False, False, False, True, False, True]
    assert snapped(loading)[:5].tolist() == [0.99, 1.0, 1.0, 1.0, 1.00001]
    assert np.isnan(snapped(loading)[5])


def test_excess_by_hand() -> None:
    load = np.array([50.0, 50.0 * NOISE, 52.5, 40.0, np.nan, 60.0])
    limit = np.array([50.0, 50.0, 50.0, 50.0, 50.0, np.inf])
    excess = excess_kw(load, limit)
    assert excess[[0, 1, 2, 3, 5]].tolist() == [0, 0, 2.5, 0, 0]
    assert np.isnan(excess[4])
