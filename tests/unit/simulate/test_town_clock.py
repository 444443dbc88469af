"""The clock of a virtual town, and the pace it is kept at."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.simulate.town_clock import SPEED_MAX, Pace, TownClock

EPOCH = datetime(2026, 1, 13, 11, tzinfo=UTC)


class Wall:
    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


def test_it_runs_faster_than_the_wall_and_stands_still_at_0(wall: Wall) -> None:
    clock = TownClock(EPOCH, wall, 360.0)
    assert clock.instant() == EPOCH
    wall.now += 10
    assert clock.instant() == EPOCH + timedelta(hours=1)
    clock.speed = 0
    wall.now += 1000
    assert clock.seconds() == 3600
    clock.speed = 1
    wall.now += 1
    assert clock.seconds() == 3601


def test_a_wall_that_is_set_back_does_not_take_it_back(wall: Wall) -> None:
    clock = TownClock(EPOCH, wall, 10.0)
    wall.now -= 100
    assert clock.seconds() == 0


@given(st.lists(st.tuples(st.floats(0, SPEED_MAX), st.floats(0, 1e4)), max_size=20))
def test_it_never_jumps_and_never_goes_back(changes: list[tuple[float, float]]) -> None:
    wall = Wall()
    clock = TownClock(EPOCH, wall, 1.0)
    expected = 0.0
    for speed, passes in changes:
        before = clock.seconds()
        clock.speed = speed
        assert clock.seconds() == pytest.approx(before, rel=1e-12)
        wall.now += passes
        expected += speed * passes
        assert clock.seconds() >= before
        assert clock.seconds() == pytest.approx(expected, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize("speed", [-1.0, SPEED_MAX * 2, float("nan")])
def test_a_speed_that_cannot_be_is_refused_and_changes_nothing(wall: Wall, speed: float) -> None:
    clock = TownClock(EPOCH, wall, 2.0)
    with pytest.raises(InputError, match="speed"):
        clock.speed = speed
    assert clock.speed == 2.0


def told(wall: Wall, pace: Pace, lag_s: float) -> None:
    wall.now += 0.25
    pace.heed(lag_s)


def test_a_pace_looks_at_the_worst_of_a_while_however_often_it_is_told(wall: Wall) -> None:
    clock = TownClock(EPOCH, wall)
    pace = Pace(clock, 360.0, lag_s_max=60)
    for lag_s in (0, 61, 0, 0):
        wall.now += 0.04
        pace.heed(lag_s)
        assert clock.speed == 360
    wall.now += 0.05
    pace.heed(0)
    assert clock.speed == pytest.approx(0.8 * 360)
    told(wall, pace, 0)
    assert clock.speed > 0.8 * 360


def test_a_pace_slows_while_something_lags_and_recovers(wall: Wall) -> None:
    clock = TownClock(EPOCH, wall)
    pace = Pace(clock, 360.0, lag_s_max=60)
    assert clock.speed == 360
    told(wall, pace, 61)
    slowed = clock.speed
    assert slowed < 360
    assert pace.is_slowed is True
    told(wall, pace, 45)  # neither bad nor good
    assert clock.speed == slowed
    for _ in range(100):
        told(wall, pace, 1e6)
    assert clock.speed == 1.0  # never slower than real time
    for _ in range(100):
        told(wall, pace, 0)
    assert clock.speed == 360
    assert pace.is_slowed is (clock.speed < 360)
    assert pace.lag_s_worst == 1e6


def test_a_pace_can_be_told_another_speed(wall: Wall) -> None:
    clock = TownClock(EPOCH, wall)
    pace = Pace(clock, 360.0)
    pace.wanted = 0.5
    assert clock.speed == 0.5
    told(wall, pace, 1e9)
    assert clock.speed == 0.5  # slower than real time was asked for
