from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station_limits import Limits, LimitStep

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


STEPPED = Limits((LimitStep(at(0), 11.0), LimitStep(at(15), 0.0), LimitStep(at(30), 7.0)), at(45))


@pytest.mark.parametrize(
    ("minutes", "power_kw"), [(-1, inf), (0, 11.0), (14.9, 11.0), (15, 0.0), (30, 7.0), (44.9, 7.0), (45, inf)]
)
def test_a_limit_holds_from_its_start_until_the_next(minutes: float, power_kw: float) -> None:
    assert STEPPED.at(at(minutes)) == power_kw


def test_a_window_cuts_the_step_in_force() -> None:
    window = Interval(at(10), at(30))
    assert STEPPED.within(window) == [LimitStep(at(10), 11.0), LimitStep(at(15), 0.0)]
    assert STEPPED.within(Interval(at(-10), at(5))) == [LimitStep(at(0), 11.0)]
    assert STEPPED.within(Interval(at(45), at(60))) == []


@given(st.integers(-20, 60), st.integers(1, 60))
def test_within_a_window_the_limits_are_the_same(begin: int, length: int) -> None:
    window = Interval(at(begin), at(begin + length))
    steps = STEPPED.within(window)
    for minute in range(begin, min(begin + length, 45)):
        found = [step.power_kw for step in steps if step.start <= at(minute)]
        assert (found[-1] if found else inf) == STEPPED.at(at(minute))


def test_what_makes_no_sense_is_refused() -> None:
    for steps, end in (
        ((), at(1)),
        ((LimitStep(at(0), 1.0), LimitStep(at(0), 2.0)), at(1)),
        ((LimitStep(at(1), 1.0), LimitStep(at(0), 2.0)), at(2)),
        ((LimitStep(at(1), 1.0),), at(1)),
        ((LimitStep(at(0), -1.0),), at(1)),
        ((LimitStep(at(0), float("nan")),), at(1)),
    ):
        with pytest.raises(InputError):
            Limits(steps, end)
