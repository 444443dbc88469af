"""The clock that is never set back."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.app.steady import SteadyClock

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Wall:
    """A wall clock that somebody sets, and one that nobody can."""

    def __init__(self) -> None:
        self.now, self.s = NOW, 100.0

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.s += seconds

    def steady(self) -> SteadyClock:
        return SteadyClock(lambda: self.now, lambda: self.s)


def test_time_goes_on_as_if_the_clock_had_not_been_set_back(caplog: pytest.LogCaptureFixture) -> None:
    wall = Wall()
    clock = wall.steady()
    with caplog.at_level(logging.INFO, "evenload"):
        wall.passes(10)
        assert (clock(), clock.is_ahead, clock.ahead_s) == (NOW + 10 * SECOND, False, 0.0)
        wall.now -= timedelta(hours=1)
        wall.passes(5)
        assert (clock(), clock.is_ahead, clock.ahead_s) == (NOW + 15 * SECOND, True, 3600.0)
        wall.passes(5)
        assert clock() == NOW + 20 * SECOND
    assert [one.getMessage().split()[0] for one in caplog.records] == ["event=clock_set_back"]  # said once
    wall.now += timedelta(hours=1)
    assert (clock(), clock.is_ahead) == (NOW + 20 * SECOND, False)


def test_a_clock_set_forward_is_followed() -> None:
    wall = Wall()
    clock = wall.steady()
    wall.now += timedelta(hours=1)
    assert (clock(), clock.is_ahead) == (NOW + timedelta(hours=1), False)


def test_a_little_back_as_synchronisation_does_is_waited_for() -> None:
    wall = Wall()
    clock = wall.steady()
    wall.passes(10)
    clock()
    wall.now -= SECOND
    assert (clock(), clock.is_ahead) == (NOW + 10 * SECOND, False)
    wall.passes(3)
    assert clock() == NOW + 12 * SECOND


def test_a_clock_set_far_forward_is_believed_when_it_stays_there(caplog: pytest.LogCaptureFixture) -> None:
    wall = Wall()
    clock = wall.steady()
    wall.now += timedelta(days=1)
    for seconds in range(1, 121):
        wall.passes(1)
        if seconds < 121:
            assert (clock(), clock.is_ahead) == (NOW + seconds * SECOND, False)
    wall.passes(1)
    assert (clock(), clock.is_ahead) == (NOW + timedelta(days=1, seconds=121), False)
    assert [one.getMessage().split()[0] for one in caplog.records] == ["event=clock_far_ahead"]  # said once


def test_a_clock_that_was_far_ahead_for_a_moment_leaves_nothing() -> None:
    wall = Wall()
    clock = wall.steady()
    for _ in range(3):  # as often as it may be
        wall.now += timedelta(days=1)
        wall.passes(60)
        clock()
        wall.now -= timedelta(days=1)
        wall.passes(60)
        assert (clock(), clock.is_ahead) == (wall.now, False)


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(-10_000, 3_500)), max_size=30))
def test_it_never_goes_back_nor_stands_still_for_long(steps: list[tuple[float, float]]) -> None:
    wall = Wall()
    clock = wall.steady()
    before = clock()
    for seconds, jump in steps:
        wall.passes(seconds)
        wall.now += timedelta(seconds=jump)
        told = clock()
        assert told >= before + timedelta(seconds=seconds) - 2.001 * SECOND
        assert told >= before
        assert told >= wall.now
        before = told
