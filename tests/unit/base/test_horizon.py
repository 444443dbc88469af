from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InstantError
from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant, to_datetime, to_datetime64

NOON = datetime(2020, 1, 6, 12, tzinfo=UTC)
STEP_MINUTES = st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60])
STARTS = st.integers(0, 500_000).map(lambda hours: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(hours=hours))
HORIZONS = st.builds(Horizon, STARTS, STEP_MINUTES, st.integers(1, 300))


@given(HORIZONS)
def test_starts_are_what_counting_by_hand_gives(horizon: Horizon) -> None:
    counted = [horizon.start + timedelta(minutes=horizon.step_minutes * step) for step in range(horizon.steps)]
    assert [to_datetime(start) for start in horizon.starts()] == counted
    assert horizon.end == counted[-1] + timedelta(minutes=horizon.step_minutes)


@given(HORIZONS)
def test_position_undoes_starts(horizon: Horizon) -> None:
    np.testing.assert_array_equal(horizon.position(horizon.starts()), np.arange(horizon.steps))


@given(HORIZONS)
def test_between_its_own_ends_is_the_same_horizon(horizon: Horizon) -> None:
    assert Horizon.between(horizon.start, horizon.end, horizon.step_minutes) == horizon


def test_positions_are_real_numbers_and_unbounded() -> None:
    horizon = Horizon(NOON, 15, 4)
    instants = np.array(["2020-01-06T11:52:30", "2020-01-06T12:05", "2020-01-06T14:00"], dtype="datetime64[s]")
    np.testing.assert_allclose(horizon.position(instants), [-0.5, 1 / 3, 8.0])


def test_a_winter_day_of_the_clock_change_has_92_quarters() -> None:
    start, end = parse_instant("2020-03-29T00:00:00+01:00"), parse_instant("2020-03-30T00:00:00+02:00")
    assert Horizon.between(start, end).steps == 23 * 4


def test_the_start_is_kept_in_utc_and_a_step_knows_its_hours() -> None:
    horizon = Horizon(parse_instant("2020-01-06T13:00:00+01:00"), 15, 1)
    assert horizon.start.tzinfo is UTC
    assert horizon.hours_per_step == 0.25
    assert horizon.starts()[0] == to_datetime64(NOON)


@pytest.mark.parametrize("minutes", [-15, 0, 7, 45, 90])
def test_a_step_that_does_not_divide_an_hour_is_refused(minutes: int) -> None:
    with pytest.raises(InstantError, match="use 1, 5, 10, 15, 30 or 60"):
        Horizon(NOON, minutes, 4)
    with pytest.raises(InstantError, match="use 1, 5, 10, 15, 30 or 60"):
        Horizon.between(NOON, NOON + timedelta(minutes=7 * 90), minutes)


@pytest.mark.parametrize("offset", [timedelta(minutes=5), timedelta(seconds=1), timedelta(microseconds=1)])
def test_a_start_off_the_grid_is_refused(offset: timedelta) -> None:
    with pytest.raises(InstantError, match="start on a whole step of the hour"):
        Horizon(NOON + offset, 15, 4)


@pytest.mark.parametrize("steps", [-1, 0, 366 * 24 * 60 + 1])
def test_too_few_or_too_many_steps_are_refused(steps: int) -> None:
    with pytest.raises(InstantError, match=f"not {steps}"):
        Horizon(NOON, 1, steps)


def test_an_end_that_is_no_whole_number_of_steps_away_is_refused() -> None:
    with pytest.raises(InstantError, match="is not a whole number of 15 min steps"):
        Horizon.between(NOON, NOON + timedelta(minutes=20))
    with pytest.raises(InstantError, match="must end after it starts"):
        Horizon.between(NOON, NOON)
