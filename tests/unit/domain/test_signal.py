from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.signal import Series, Signal

NOON = datetime(2020, 1, 6, 12, tzinfo=UTC)


def series(every_minutes: int, *values: float, start: datetime = NOON) -> Series:
    first = np.datetime64(start.replace(tzinfo=None), "s")
    steps = np.arange(len(values)) * np.timedelta64(60 * every_minutes, "s")
    return Series(first + steps, np.array(values, dtype=np.float64), "price")


def minute_by_minute(given_series: Series, horizon: Horizon) -> FloatArray:
    """Mean over each step, asking one minute after another which value holds."""
    stamps = given_series.timestamp.tolist()
    values = given_series.value.tolist()
    means = []
    for step in range(horizon.steps):
        total = 0.0
        for minute in range(horizon.step_minutes):
            now = horizon.start + timedelta(minutes=step * horizon.step_minutes + minute)
            total += [v for s, v in zip(stamps, values, strict=True) if s <= now.replace(tzinfo=None)][-1]
        means.append(total / horizon.step_minutes)
    return np.array(means)


@st.composite
def covered(draw: st.DrawFn) -> tuple[Series, Horizon]:
    """A series of any spacing, with now and then a value in between, and a horizon inside it."""
    every = draw(st.sampled_from([5, 15, 20, 30, 60]))
    values = draw(st.lists(st.floats(-500, 500), min_size=6, max_size=16))
    whole = series(every, *values)
    extra = draw(st.integers(0, 1))
    if extra:  # one interval cut in two, at a whole minute
        cut = draw(st.integers(1, every - 1))
        stamp = whole.timestamp[1] + np.timedelta64(60 * cut, "s")
        whole = Series(np.insert(whole.timestamp, 2, stamp), np.insert(whole.value, 2, draw(st.floats(-9, 9))), "price")
    step = draw(st.sampled_from([5, 10, 15, 30]))
    fits = every * len(values) // step
    first = draw(st.integers(0, max(0, fits - 1)))
    steps = draw(st.integers(1, max(1, min(12, fits - first))))
    return whole, Horizon(NOON + timedelta(minutes=step * first), step, steps)


@given(covered())
@pytest.mark.requirement("R31")
def test_onto_a_horizon_is_what_integrating_minute_by_minute_gives(case: tuple[Series, Horizon]) -> None:
    given_series, horizon = case
    np.testing.assert_allclose(given_series.onto(horizon), minute_by_minute(given_series, horizon), atol=1e-8)


def test_coarser_is_held_and_finer_is_averaged() -> None:
    assert series(60, 10.0, 20.0).onto(Horizon(NOON, 30, 4)).tolist() == [10.0, 10.0, 20.0, 20.0]
    assert series(15, 1.0, 2.0, 3.0, 6.0).onto(Horizon(NOON, 60, 1)).tolist() == [3.0]


def test_one_value_holds_for_an_hour() -> None:
    assert series(60, 7.0).onto(Horizon(NOON, 15, 4)).tolist() == [7.0] * 4
    with pytest.raises(SignalError, match=r"price runs from 2020-01-06T12:00:00\+00:00 to 2020-01-06T13:00:00\+00:00"):
        series(60, 7.0).onto(Horizon(NOON, 15, 5))


@pytest.mark.parametrize("shift", [-15, 15])
def test_a_series_that_is_too_short_is_refused_with_both_spans(shift: int) -> None:
    horizon = Horizon(NOON + timedelta(minutes=shift), 15, 8)
    with pytest.raises(SignalError, match=f"the horizon needs {horizon.start.isoformat()[:16]}"):
        series(60, 1.0, 2.0).onto(horizon)


def torn_from_two_to_three() -> Series:
    """Hourly values from noon to five, the one for two o'clock missing."""
    whole = series(60, 1.0, 2.0, 3.0, 4.0, 5.0)
    return Series(np.delete(whole.timestamp, 2), np.delete(whole.value, 2), "price")


@pytest.mark.parametrize(("first_minute", "steps"), [(0, 20), (105, 2), (120, 4), (165, 2), (130, 1)])
def test_a_gap_is_refused_where_it_touches_the_horizon(first_minute: int, steps: int) -> None:
    with pytest.raises(SignalError, match=r"a gap from 2020-01-06T13:00:00\+00:00 to 2020-01-06T15:00:00"):
        torn_from_two_to_three().onto(
            Horizon(NOON + timedelta(minutes=first_minute), 5 if first_minute % 15 else 15, steps)
        )


@pytest.mark.parametrize(("first_minute", "steps", "values"), [(0, 8, [1.0, 2.0]), (180, 8, [4.0, 5.0])])
def test_a_gap_beside_the_horizon_does_not_matter(first_minute: int, steps: int, values: list[float]) -> None:
    means = torn_from_two_to_three().onto(Horizon(NOON + timedelta(minutes=first_minute), 15, steps))
    np.testing.assert_allclose(means, np.repeat(values, 4), atol=1e-12)


def test_a_gap_of_centuries_is_refused_as_quickly() -> None:
    stamps = np.array(["1700-01-01", "1700-01-02", "1700-01-03", "2300-01-01"], dtype="datetime64[s]")
    with pytest.raises(SignalError, match="a gap from 1700-01-03"):
        Series(stamps, np.ones(4), "price").onto(Horizon(NOON, 60, 1))


@pytest.mark.parametrize(
    ("stamps", "values", "sentence"),
    [
        ([], [], "at least one"),
        (["2020-01-06T12"], [1.0, 2.0], "one value a timestamp"),
        (
            ["2020-01-06T12", "2020-01-06T12"],
            [1.0, 2.0],
            r"2020-01-06T12:00:00\+00:00 is not after the timestamp before",
        ),
        (["2020-01-06T13", "2020-01-06T12"], [1.0, 2.0], "is not after the timestamp before"),
        (["2020-01-06T12", "2020-01-06T13"], [1.0, np.nan], r"price: no finite value at 2020-01-06T13:00:00"),
        (["2020-01-06T12"], [np.inf], r"price: no finite value at 2020-01-06T12:00:00"),
    ],
)
def test_values_that_make_no_series_are_refused(stamps: list[str], values: list[float], sentence: str) -> None:
    with pytest.raises(SignalError, match=sentence):
        Series(np.array(stamps, dtype="datetime64[s]"), np.array(values), "price")


@pytest.mark.parametrize("values", [np.ones(3), np.array([1.0, 2.0, 3.0, np.nan])])
def test_a_signal_has_one_finite_value_a_step(values: FloatArray) -> None:
    horizon = Horizon(NOON, 15, 4)
    with pytest.raises(SignalError, match="price_per_kwh needs 4 finite values"):
        Signal(horizon, values, "EUR")
    with pytest.raises(SignalError, match="carbon_g_per_kwh needs 4 finite values"):
        Signal(horizon, np.ones(4), "EUR", carbon_g_per_kwh=values)
    assert Signal(horizon, np.ones(4), "EUR").carbon_g_per_kwh is None
