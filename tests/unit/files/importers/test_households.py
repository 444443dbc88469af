from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import LoadError
from evenload.files.importers.households import read_households, step_means


@pytest.mark.shared_data
def test_fifty_households_of_8_4_kwh_a_day(shared_data: Path) -> None:
    profiles = read_households(shared_data / "loads/household_1min_day_european_lv.csv.gz")
    assert profiles.shape == (50, 1440)
    assert np.floor(profiles.sum() / 60 / 50 * 10) / 10 == 8.4


def test_a_missing_minute_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text("minute,p001\n1,0.3\n2,0.3\n", encoding="utf-8")
    with pytest.raises(LoadError, match="1440 minutes"):
        read_households(path)


@given(st.sampled_from([1, 5, 10, 15, 30, 60]), st.integers(0, 2**32 - 1))
def test_steps_keep_the_energy(step_minutes: int, seed: int) -> None:
    profiles = np.random.default_rng(seed).exponential(0.4, (3, 1440))
    means = step_means(profiles, step_minutes)
    assert means.shape == (3, 1440 // step_minutes)
    np.testing.assert_allclose(means.sum(axis=1) * step_minutes, profiles.sum(axis=1))


def test_steps_that_do_not_divide_a_day_are_refused() -> None:
    with pytest.raises(LoadError, match="7 min"):
        step_means(np.zeros((1, 1440)), 7)
